/**
 * Stands before the messages of a room that is nothing but presence. Colyseus answers some of them by itself and lets an
 * error of a handler end the process: here, too, a message hurts only its sender.
 */
import { CloseCode, Protocol, type Client, type Room } from '@colyseus/core';

/** Colyseus's private part that is used here. */
interface RoomInside {
  _onMessage: (client: Client, frame: Uint8Array) => unknown;
}

/** The lower bits of the first byte are the code. */
const CODE = 0x1f;

/** `refuses` closes a client for which too much waits; then its message is not read. `report` gets what a handler threw; its sender is closed. */
export function guardMessages(
  room: Room,
  refuses: (client: Client) => boolean,
  report: (error: unknown) => void,
): void {
  const inner = room as unknown as RoomInside;
  const onMessage = inner._onMessage;
  inner._onMessage = (client, frame) => {
    const code = (frame[0] ?? 0) & CODE;
    // Whoever takes its join, or leaves, is waited for.
    if (code !== Protocol.JOIN_ROOM && code !== Protocol.LEAVE_ROOM && refuses(client)) {
      return;
    }
    try {
      onMessage.call(room, client, frame);
    } catch (error) {
      report(error);
      client.leave(CloseCode.WITH_ERROR);
    }
  };
}
