/**
 * Which users are remembered as `offline` (dropped or invisible) rather than
 * `unlogined`, after nothing else of them is kept. Bounded twice: each for a
 * time, and the oldest go when there are too many.
 */
export class OfflineMemory {
  #ttlMs: number;
  #max: number;
  /** userId → when it may be forgotten. Insertion order is expiry order, unless the time was shortened. */
  readonly #until = new Map<string, number>();

  constructor(ttlMs: number, max: number) {
    this.#ttlMs = ttlMs;
    this.#max = max;
  }

  /** Other limits from now on. */
  limit(ttlMs: number, max: number): void {
    this.#ttlMs = ttlMs;
    this.#max = max;
  }

  get size(): number {
    return this.#until.size;
  }

  remember(userId: string, now: number): void {
    this.#until.delete(userId);
    this.#until.set(userId, now + this.#ttlMs);
    for (const [oldest, until] of this.#until) {
      if (until > now && this.#until.size <= this.#max) {
        break;
      }
      this.#until.delete(oldest);
    }
  }

  forget(userId: string): void {
    this.#until.delete(userId);
  }

  has(userId: string, now: number): boolean {
    const until = this.#until.get(userId);
    if (until === undefined || until > now) {
      return until !== undefined;
    }
    this.#until.delete(userId);
    return false;
  }
}
