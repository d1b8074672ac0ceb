/** Waiting: timers that end together, and how long to wait before the next attempt. */
import type { RejoinOptions } from './types.ts';

/** Timers that end together: after `clear()` none is left and none can be started. */
export class Timers {
  #waiting = new Map<ReturnType<typeof setTimeout>, () => void>();
  #ended: (() => Error) | null = null;

  /** Resolves after `ms`; rejects at once when the timers are cleared. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.after(ms, resolve, reject);
    });
  }

  /** Settles like the promise, or rejects with `late()` after `ms`. */
  within<T>(promise: Promise<T>, ms: number, late: () => Error): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.after(ms, () => reject(late()), reject);
      promise.then(resolve, reject).finally(cancel);
    });
  }

  /** Runs `run` after `ms`, or `cleared` when the timers are cleared first. Returns the function that cancels both. */
  after(ms: number, run: () => void, cleared?: (error: Error) => void): () => void {
    const ended = this.#ended;
    if (ended !== null) {
      cleared?.(ended());
      return () => undefined;
    }
    const timer = setTimeout(() => {
      this.#waiting.delete(timer);
      run();
    }, ms);
    this.#waiting.set(timer, () => cleared?.((this.#ended as () => Error)()));
    return () => {
      clearTimeout(timer);
      this.#waiting.delete(timer);
    };
  }

  /** Ends all timers, and every later one at once, with the error of `reason`. Idempotent. */
  clear(reason: () => Error): void {
    this.#ended ??= reason;
    for (const [timer, cleared] of this.#waiting) {
      clearTimeout(timer);
      this.#waiting.delete(timer);
      cleared();
    }
  }
}

export const REJOIN_DEFAULTS: Required<RejoinOptions> = { minMs: 300, maxMs: 15_000, attempts: Infinity };

/**
 * Milliseconds before attempt number `attempt` (from 1): anywhere between
 * `minMs` and a bound that triples with each attempt, up to `maxMs`.
 */
export function backoffMs(
  attempt: number,
  { minMs, maxMs }: { minMs: number; maxMs: number },
  random: () => number = Math.random,
): number {
  const bound = Math.max(minMs, Math.min(maxMs, minMs * 3 ** attempt));
  return minMs + random() * (bound - minMs);
}
