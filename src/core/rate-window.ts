/**
 * A sliding window: at most `limit` calls in any `windowMs`. Exact (no burst at
 * a window's edge); costs one small array per caller that ever calls.
 */
export class RateWindow {
  readonly #limit: number;
  readonly #windowMs: number;
  #calls: number[] = [];

  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /** Counts a call at `now`. Returns 0 when it is within the limit, else the milliseconds until one would be; a refused call is not counted. */
  take(now: number): number {
    const from = now - this.#windowMs;
    if (now < (this.#calls.at(-1) ?? now)) {
      this.#calls = []; // the clock was set back
    }
    if (this.#calls.length > 0 && this.#calls[0]! <= from) {
      this.#calls = this.#calls.filter((at) => at > from);
    }
    if (this.#calls.length >= this.#limit) {
      return Math.max(1, Math.ceil(this.#calls[0]! - from));
    }
    this.#calls.push(now);
    return 0;
  }
}
