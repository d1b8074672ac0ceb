/** Durations, counted by size. Pure; its memory does not grow. */

/** Milliseconds: the upper bounds of the buckets. */
export const BOUNDS_MS: readonly number[] = Object.freeze([1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500]);

export interface HistogramFacts {
  /** Durations counted. */
  count: number;
  /** All of them together, in milliseconds. */
  sumMs: number;
  /** By bucket, not cumulative: up to 1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500 ms, and above. */
  buckets: number[];
}

export class Histogram {
  readonly #buckets: number[] = BOUNDS_MS.map(() => 0).concat(0);
  #count = 0;
  #sumMs = 0;

  note(ms: number): void {
    const duration = Math.max(0, ms); // a clock may be set back
    let at = 0;
    while (at < BOUNDS_MS.length && duration > BOUNDS_MS[at]!) {
      at++;
    }
    this.#buckets[at]!++;
    this.#count++;
    this.#sumMs += duration;
  }

  get facts(): HistogramFacts {
    return { count: this.#count, sumMs: this.#sumMs, buckets: [...this.#buckets] };
  }
}

/** The quantile `share` (0 to 1) of the durations, as the upper bound of its bucket: `Infinity` above the last bound, `undefined` when none was counted. */
export function quantile({ count, buckets }: HistogramFacts, share: number): number | undefined {
  if (count === 0) {
    return undefined;
  }
  let seen = 0;
  const at = buckets.findIndex((inBucket) => {
    seen += inBucket;
    return seen >= count * share;
  });
  return BOUNDS_MS[at] ?? Infinity;
}
