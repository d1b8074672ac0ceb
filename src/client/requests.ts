/** Sends a request as soon as there is a connection, and again after a lost connection or `rate_limited`. Fails only with a `PresenceError`. */
import { PresenceError, type Requests as RequestTable, type RequestType } from '../protocol.ts';
import type { Link } from './link.ts';
import { messageOf } from './session.ts';

/** Maximum of milliseconds that one request waits because of `rate_limited`. */
const MAX_RATE_LIMIT_WAIT_MS = 30_000;

/** Milliseconds to wait when `rate_limited` comes without `retryAfterMs`. */
const DEFAULT_PAUSE_MS = 1000;

/** How often a request is sent if the connection is lost before the answer each time: the request itself may be what ends the connection. */
const MAX_SENDS = 5;

export interface CallOptions {
  /** Called before each sending; `true` = do not send it: the call resolves to `undefined`. */
  skip?: () => boolean;
  /** Send again when the connection was lost before the answer came. Default true. */
  repeat?: boolean;
  /** When the application made the call (`performance.now()`). Default now. The wait for a connection counts from then. */
  since?: number;
}

export class Requests {
  #link: Link;
  #timeoutMs: number;

  constructor(link: Link, timeoutMs: number) {
    this.#link = link;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Resolves with the result of `read(reply)`; `read` runs before any later
   * message of the server is handled. Every request except `presence:join` may
   * be sent twice without harm.
   */
  call<T extends RequestType, R>(
    type: T,
    payload: RequestTable[T]['request'],
    read: (reply: unknown) => R,
    options: CallOptions & { skip: () => boolean },
  ): Promise<R | undefined>;
  call<T extends RequestType, R>(
    type: T,
    payload: RequestTable[T]['request'],
    read: (reply: unknown) => R,
    options?: Omit<CallOptions, 'skip'>,
  ): Promise<R>;
  async call<R>(
    type: RequestType,
    payload: object,
    read: (reply: unknown) => R,
    { skip, repeat = true, since = performance.now() }: CallOptions = {},
  ): Promise<R | undefined> {
    let patience = MAX_RATE_LIMIT_WAIT_MS;
    let sends = 0;
    for (;;) {
      const session = await this.#link.ready(this.#link.patience(since));
      if (skip?.() === true) {
        return undefined;
      }
      try {
        sends += 1;
        return await session.request(type, payload, this.#timeoutMs, read);
      } catch (error) {
        if (!(error instanceof PresenceError)) {
          if (this.#link.state === 'closed') {
            throw new PresenceError('not_joined');
          }
          if (repeat && sends < MAX_SENDS && !this.#link.serves(session)) {
            continue;
          }
          throw new PresenceError('unavailable', { message: messageOf(error), cause: error });
        }
        const pause = error.retryAfterMs ?? DEFAULT_PAUSE_MS;
        if (error.code !== 'rate_limited' || pause > patience) {
          throw error;
        }
        patience -= pause;
        await this.#link.timers.sleep(pause);
      }
    }
  }
}
