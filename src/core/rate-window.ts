/**
 * A sliding window of costs: at most `limit` in any `windowMs`. Exact (no burst
 * at a window's edge); costs one small array per caller that ever calls.
 */
export class RateWindow {
  #taken: Array<{ readonly at: number; readonly cost: number }> = [];

  /** Milliseconds from `now` until `cost` fits; 0 = it does. What costs more than the whole limit fits when nothing else was taken. */
  wait(now: number, cost: number, limit: number, windowMs: number): number {
    if (now < (this.#taken.at(-1)?.at ?? now)) {
      this.#taken = []; // the clock was set back
    }
    const from = now - windowMs;
    if (this.#taken.length > 0 && this.#taken[0]!.at <= from) {
      this.#taken = this.#taken.filter(({ at }) => at > from);
    }
    let excess = this.#taken.reduce((sum, taken) => sum + taken.cost, 0) + cost - limit;
    for (const { at, cost: freed } of this.#taken) {
      if (excess <= 0) {
        return 0;
      }
      excess -= freed;
      if (excess <= 0) {
        return Math.max(1, Math.ceil(at - from));
      }
    }
    const last = this.#taken.at(-1);
    return excess <= 0 || last === undefined ? 0 : Math.max(1, Math.ceil(last.at - from));
  }

  /** Counts `cost` at `now`. */
  add(now: number, cost: number): void {
    this.#taken.push({ at: now, cost });
  }
}
