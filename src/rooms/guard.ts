/**
 * Checks the frames of clients before Colyseus reads them, in a room that is nothing but presence. Colyseus answers some
 * frames itself, however much waits for the client, and an error in a handler ends the process. With the guard a message
 * hurts only its sender.
 */
import { CloseCode, Protocol, type Client, type Room } from '@colyseus/core';

/** Colyseus's private part that is used here. */
interface RoomInside {
  _onMessage: (client: Client, frame: Uint8Array) => unknown;
}

/** The lower bits of a frame's first byte: the code of the protocol. */
const CODE = 0x1f;

/** `refuses` returns whether it has closed the client because too much waits for it; its frame is then not read. `report` gets what a handler threw, after which the sender is closed. */
export function guardMessages(
  room: Room,
  refuses: (client: Client) => boolean,
  report: (error: unknown) => void,
): void {
  const inner = room as unknown as RoomInside;
  const onMessage = inner._onMessage;
  inner._onMessage = (client, frame) => {
    const code = (frame[0] ?? 0) & CODE;
    // Not these two: they complete the join, and the leave, of a client for which much may wait.
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
