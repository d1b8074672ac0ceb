/** Clients for which too many bytes wait, and since when. */
import { CloseCode, type Client } from '@colyseus/core';
import { waitingBytes } from '../wire/backpressure.ts';

/** Milliseconds for which more than `maxBufferedBytes` may wait for a client. A client that is alive answers the transport's pings in less. */
const MAX_STALL_MS = 10_000;

export class StalledClients {
  readonly #since = new WeakMap<Client, number>();

  /** Closes the client if it has not read for some seconds, and returns whether it did. Call about once a second. */
  check(client: Client, maxBufferedBytes: number, now: number): boolean {
    if (waitingBytes(client) <= maxBufferedBytes) {
      this.#since.delete(client);
      return false;
    }
    const since = this.#since.get(client) ?? now;
    this.#since.set(client, since);
    if (now - since < MAX_STALL_MS) {
      return false;
    }
    this.#since.delete(client);
    client.leave(CloseCode.WITH_ERROR);
    return true;
  }
}
