/** The reconnection grace of a presence-aware room. */
import { CloseCode, type Client, type Room } from '@colyseus/core';
import type { PresenceEngine } from './engine.ts';

/**
 * Gives a dropped client its grace; call from `onDrop`. Does not wait: awaiting
 * there would hold up the client that comes back. A normal closure is no drop:
 * somebody ended the connection (as a kick does), and SDKs do not come back from it.
 */
export function keepSeat(
  room: Room,
  engine: PresenceEngine,
  client: Client,
  code: number | undefined,
  seconds: number,
): void {
  if (seconds > 0 && code !== CloseCode.NORMAL_CLOSURE) {
    engine.drop(client);
    // Rejects when the grace runs out or the room goes: then Colyseus calls onLeave.
    room.allowReconnection(client, seconds).catch(() => {});
    // Colyseus does not stop this timer when the room goes: it must not keep the process.
    const { _reservedSeatTimeouts: timers } = room as unknown as {
      _reservedSeatTimeouts: Record<string, NodeJS.Timeout | undefined>;
    };
    timers[client.sessionId]?.unref();
  }
}

/**
 * `client.leave()` without a code, as Colyseus's monitor calls it, is a kick.
 * Without a status in the close frame the SDK would take it for a lost connection and come back.
 */
export function endForGood(client: Client): void {
  const leave = client.leave.bind(client);
  client.leave = (code = CloseCode.CONSENTED, data) => {
    leave(code, data);
  };
}
