/** Counts of microseconds in buckets of about 1.5 % width: cheap to fill, exact enough for percentiles. */
const STEPS = 64;
const STEP_BITS = 6;

export class Histogram {
  readonly #counts = new Uint32Array(STEPS * 32);
  #total = 0;

  add(microseconds: number): void {
    const value = Math.max(0, Math.min(microseconds, 0x7fffffff)) | 0;
    this.#counts[bucketOf(value)]!++;
    this.#total++;
  }

  /** Microseconds below which `share` (0 to 1) of all values lie; 0 without values. */
  percentile(share: number): number {
    let left = Math.ceil(this.#total * share);
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      left -= this.#counts[bucket]!;
      if (left <= 0 && this.#total > 0) {
        return floorOf(bucket);
      }
    }
    return 0;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }
}

function bucketOf(value: number): number {
  if (value < STEPS) {
    return value;
  }
  const shift = 31 - Math.clz32(value) - STEP_BITS;
  return (shift + 1) * STEPS + (value >> shift) - STEPS;
}

function floorOf(bucket: number): number {
  if (bucket < STEPS) {
    return bucket;
  }
  const shift = Math.floor(bucket / STEPS) - 1;
  return ((bucket % STEPS) + STEPS) * 2 ** shift;
}
