/** The messages of presence in a room, which no handler of the room's own may replace. */
import type { Client, Room } from '@colyseus/core';
import { MESSAGE_PREFIX } from '../protocol.ts';
import type { PresenceMessages } from './messages.ts';

type Register = (type: string | number, ...handlers: unknown[]) => unknown;
type HandleUnknown = (client: Client, type: unknown, payload: unknown) => void;

/**
 * Registers the handlers; call it when the room's own messages are registered.
 * Throws when one of those begins with `presence:`, and whenever the room
 * registers one later. `unknown` handles types for which the room has no handler.
 */
export function claimMessages(room: Room, handlers: PresenceMessages, unknown?: HandleUnknown): void {
  const host = room as unknown as { onMessage: Register; messages?: object };
  const taken = Object.keys(host.messages ?? {}).find(isOurs);
  if (taken !== undefined) {
    throw clash(room, taken);
  }
  const register = host.onMessage.bind(room);
  for (const [type, handler] of Object.entries(handlers)) {
    register(type, handler);
  }
  let handlesUnknown = false;
  if (unknown !== undefined) {
    register('*', (client: Client, type: unknown, payload: unknown) => {
      if (!handlesUnknown || isOurs(type)) {
        unknown(client, type, payload);
      }
    });
  }
  host.onMessage = (type, ...rest) => {
    if (isOurs(type)) {
      throw clash(room, type);
    }
    handlesUnknown ||= type === '*';
    return register(type, ...rest);
  };
}

function isOurs(type: unknown): boolean {
  return typeof type === 'string' && type.startsWith(MESSAGE_PREFIX);
}

function clash(room: Room, type: string | number): TypeError {
  return new TypeError(
    `${room.constructor.name} has a handler or a second plugin for "${type}": messages that begin with "${MESSAGE_PREFIX}" belong to presence, so give it another name, or put presence into the room once.`,
  );
}
