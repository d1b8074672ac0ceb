/**
 * Which users have to be written, and how many at once. It keeps only names and
 * reads the state at the time of writing, so the latest state wins and an outage
 * costs one name per user. It never writes one user twice at once, so an older
 * write cannot overtake a newer one.
 */
export class Writer {
  readonly #write: (userId: string) => Promise<void>;
  readonly #max: number;
  readonly #dirty = new Set<string>();
  readonly #inFlight = new Set<string>();
  /** Where the last pump stopped in `#dirty`: a new iterator would pass over all deleted slots each time. */
  #cursor = this.#dirty.values();
  #paused: boolean;
  #scheduled = false;
  #idle: Array<() => void> = [];

  /**
   * @param write Rejects when the user has to be written again; the writer then pauses.
   * @param max Writes in flight at once.
   */
  constructor(write: (userId: string) => Promise<void>, max: number, paused = false) {
    this.#write = write;
    this.#max = max;
    this.#paused = paused;
  }

  /** Users not written yet. */
  get pending(): number {
    return this.#dirty.size + this.#inFlight.size;
  }

  /** Whether the user is not written yet. */
  has(userId: string): boolean {
    return this.#dirty.has(userId) || this.#inFlight.has(userId);
  }

  /** The user is written at the end of this turn, together with all others marked until then. */
  mark(userId: string): void {
    this.#dirty.add(userId);
    this.#schedule();
  }

  pause(): void {
    this.#paused = true;
    this.#settleIdle();
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  /** Resolves when nothing is left to write, or when the writer pauses. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#settleIdle();
    });
  }

  #schedule(): void {
    if (!this.#scheduled && !this.#paused && this.#dirty.size > 0) {
      this.#scheduled = true;
      queueMicrotask(() => {
        this.#scheduled = false;
        this.#pump();
      });
    }
  }

  #pump(): void {
    let restarted = false;
    while (!this.#paused && this.#inFlight.size < this.#max) {
      const { done, value: userId } = this.#cursor.next();
      if (done === true) {
        if (restarted) {
          break;
        }
        restarted = true;
        this.#cursor = this.#dirty.values();
      } else if (!this.#inFlight.has(userId)) {
        this.#dirty.delete(userId);
        this.#inFlight.add(userId);
        void this.#run(userId);
      }
    }
    this.#settleIdle();
  }

  async #run(userId: string): Promise<void> {
    try {
      await this.#write(userId);
    } catch {
      this.#dirty.add(userId);
      this.#paused = true;
    }
    this.#inFlight.delete(userId);
    this.#schedule();
    this.#settleIdle();
  }

  #settleIdle(): void {
    if (this.#paused || this.pending === 0) {
      for (const resolve of this.#idle.splice(0)) {
        resolve();
      }
    }
  }
}
