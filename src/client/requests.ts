/** One request, answered or failed with a `PresenceError`: waits for the connection, repeats what a lost connection or a rate limit cut short. */
import { PresenceError, type Requests as RequestTable, type RequestType } from '../protocol.ts';
import type { Link } from './link.ts';

/** Most milliseconds one request spends waiting because of `rate_limited`. */
const RATE_LIMIT_PATIENCE_MS = 30_000;

/** Pause when a `rate_limited` does not say how long. */
const DEFAULT_PAUSE_MS = 1000;

export interface CallOptions {
  /** Asked before each sending; true = not needed any more: the call resolves to `undefined`. */
  skip?: () => boolean;
  /** Send again when the connection was lost before the answer came. Default true. */
  repeat?: boolean;
  /** When the application made the call (`performance.now()`), if that was before now: the wait for a connection counts from then. */
  since?: number;
}

export class Requests {
  #link: Link;
  #timeoutMs: number;

  constructor(link: Link, timeoutMs: number) {
    this.#link = link;
    this.#timeoutMs = timeoutMs;
  }

  /** The raw reply. Every request but `presence:join` may be sent twice without harm. */
  async call<T extends RequestType>(
    type: T,
    payload: RequestTable[T]['request'],
    options: CallOptions = {},
  ): Promise<unknown> {
    const { skip, repeat = true, since = performance.now() } = options;
    let patience = RATE_LIMIT_PATIENCE_MS;
    for (;;) {
      const room = await this.#link.ready(this.#link.patience(since));
      if (skip?.() === true) {
        return undefined;
      }
      try {
        const reply: unknown = await room.request(type, payload, { timeout: this.#timeoutMs });
        if (reply === undefined) {
          throw new PresenceError('internal');
        }
        return reply;
      } catch (thrown) {
        const error = toPresenceError(thrown);
        if (error === null) {
          if (this.#link.state === 'closed') {
            throw new PresenceError('not_joined');
          }
          if (repeat && !this.#link.serves(room)) {
            continue;
          }
          throw new PresenceError('unavailable', { message: messageOf(thrown), cause: thrown });
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

/** The server's own error; `null` when no answer came or the answer was a fault outside of the protocol. */
function toPresenceError(error: unknown): PresenceError | null {
  if (error instanceof PresenceError) {
    return error;
  }
  if (error instanceof Error && error.name === 'rejected' && 'reason' in error) {
    return PresenceError.from(error.reason);
  }
  if (error instanceof Error && error.name === 'no_handler') {
    return new PresenceError('unknown_message');
  }
  return null;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
