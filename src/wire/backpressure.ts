/**
 * How much waits to be sent to a client. With `ws` it waits without limit, so
 * the limit is ours. uWebSockets has a limit of its own, above which it drops
 * frames. A transport that tells neither is taken to send at once.
 */
import type { Client, ClientPrivate } from '@colyseus/core';

/** Maximum of frames, replies included, that wait for the acknowledgement; above it further requests are refused. */
const MAX_WAITING_FRAMES = 1024;
/** Multiple of `maxBufferedBytes` above which further requests are refused. No honest burst has so large answers. */
const MAX_BUFFERS = 4;

/**
 * Whether so much waits to be sent to the client that its next request is
 * refused. Replies cannot be merged as updates can: a client that sends
 * requests and does not read (or does not acknowledge its join) would fill the
 * memory. All clients of its user share one limit; one that reads everything
 * does not suffer from the others.
 */
export function isOverBuffered(client: Client, devices: Iterable<Client>, maxBufferedBytes: number): boolean {
  if ((framesBeforeJoin(client)?.length ?? 0) > MAX_WAITING_FRAMES) {
    return true;
  }
  let waiting = waitingBytes(client);
  if (waiting > 0) {
    for (const device of devices) {
      waiting += device === client ? 0 : waitingBytes(device);
    }
  }
  return waiting > maxBufferedBytes * MAX_BUFFERS;
}

/** Bytes that wait for the socket of this client, or for the acknowledgement of its join. */
export function waitingBytes(client: Client): number {
  return framesBeforeJoin(client)?.reduce((sum, { length }) => sum + length, 0) ?? bufferedBytes(client);
}

function framesBeforeJoin(client: Client): readonly Uint8Array[] | undefined {
  return (client as unknown as ClientPrivate)._enqueuedMessages as readonly Uint8Array[] | undefined;
}

function bufferedBytes(client: Client): number {
  const { bufferedAmount } = client.ref as { bufferedAmount?: unknown };
  return typeof bufferedAmount === 'number' ? bufferedAmount : (lossySocketBytes(client) ?? 0);
}

/** Whether the transport drops a frame without a word when too much waits. */
export function isLossy(client: Client): boolean {
  return lossySocketBytes(client) !== undefined;
}

/** Bytes that wait in a socket of uWebSockets; `undefined` for other transports. A frame that leaves them as they were was dropped. */
export function lossySocketBytes(client: Client): number | undefined {
  const { ws } = client.ref as { ws?: { getBufferedAmount?: unknown } };
  if (typeof ws?.getBufferedAmount !== 'function') {
    return undefined;
  }
  try {
    return Number(ws.getBufferedAmount());
  } catch {
    return 0; // It throws once the socket is closed.
  }
}
