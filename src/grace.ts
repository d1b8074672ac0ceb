/** The reconnection grace of a presence-aware room. */
import type { Client, Room } from '@colyseus/core';
import type { PresenceEngine } from './engine.ts';

/**
 * Gives a dropped client its grace; call from `onDrop`. Does not wait: awaiting
 * there would hold up the client that comes back.
 */
export function keepSeat(room: Room, engine: PresenceEngine, client: Client, seconds: number): void {
  if (seconds > 0) {
    engine.drop(client);
    // Rejects when the grace runs out or the room goes: then Colyseus calls onLeave.
    room.allowReconnection(client, seconds).catch(() => {});
  }
}
