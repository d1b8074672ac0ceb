/** Reproducible randomness: everything random in a run comes from one seed. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#a = 0x9e3779b9 ^ seed;
    this.#b = 0x243f6a88 + Math.imul(seed, 0x85ebca6b);
    this.#c = 0xb7e15162 ^ Math.floor(seed / 2 ** 32);
    for (let i = 0; i < 12; i++) {
      this.next();
    }
  }

  /** From 0 up to, not including, 1. (sfc32) */
  next(): number {
    const t = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) | 0;
    return (t >>> 0) / 2 ** 32;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** A whole number from 0 up to, not including, `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  between(least: number, most: number): number {
    return least + this.next() * (most - least);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** Up to `most` of them, no item twice. */
  some<T>(items: readonly T[], most: number): T[] {
    const picked = new Set<T>();
    for (let i = this.below(most + 1); i > 0; i--) {
      picked.add(this.pick(items));
    }
    return [...picked];
  }

  /** A key, as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as Array<[K, number]>;
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) {
        return key;
      }
    }
    return entries[0]![0];
  }

  /** Another generator: what it is used for does not disturb this one. */
  fork(): Random {
    return new Random(this.below(2 ** 32));
  }
}
