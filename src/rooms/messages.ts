/** The handlers of a presence-aware room, typed so that the SDK's `request` and `send` are checked end to end. */
import type { Client, MessageContext, Rejection } from '@colyseus/core';
import {
  REQUEST_TYPES,
  type PresenceErrorBody,
  type PresenceEvents,
  type RequestType,
  type Requests,
} from '../protocol.ts';
import { given } from '../wording.ts';

/** `room.request('presence:follow', …)` is checked against this. */
export type PresenceMessages = {
  [T in RequestType]: (
    client: Client,
    message: Requests[T]['request'],
    ctx: MessageContext,
  ) =>
    Requests[T]['reply'] | Rejection<PresenceErrorBody> | Promise<Requests[T]['reply'] | Rejection<PresenceErrorBody>>;
};

/** The client generic of a presence-aware room: `room.onMessage('presence:delta', …)` is checked against this. */
export type PresenceRoomClient = Client<{ messages: PresenceEvents }>;

/** Arrows: as methods they would get the room for `this`. */
export function presenceMessages(
  handle: (type: RequestType, client: Client, message: unknown, ctx: MessageContext) => unknown,
): PresenceMessages {
  const entries = REQUEST_TYPES.map((type) => [
    type,
    (client: Client, message: unknown, ctx: MessageContext) => handle(type, client, message, ctx),
  ]);
  return Object.fromEntries(entries) as PresenceMessages;
}

/**
 * Messages of a subclass of `PresenceRoom`, typed so that the SDK knows those of
 * presence as well.
 *
 * @example override messages = withPresence({ wave: (client: Client) => { … } });
 */
export function withPresence<M extends object>(messages: M): M & PresenceMessages {
  if (typeof (messages as unknown) !== 'object' || (messages as unknown) === null) {
    throw new TypeError(`withPresence takes an object of message handlers, but got ${given(messages)}.`);
  }
  return messages as M & PresenceMessages;
}
