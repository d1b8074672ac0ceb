/** Runs at most so many tasks at once; the others wait in a queue, in order of arrival. */
export class Limiter {
  #free: number;
  #waiting: Array<() => void> = [];
  #head = 0;

  constructor(max: number) {
    this.#free = max;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) {
      this.#free--;
    } else {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    try {
      return await task();
    } finally {
      this.#next();
    }
  }

  #next(): void {
    const next = this.#waiting[this.#head];
    if (next === undefined) {
      this.#waiting = [];
      this.#head = 0;
      this.#free++;
      return;
    }
    this.#head++;
    next();
  }
}

/** Runs `task` for each item, at most `max` at once. After the first failure no further item is started. */
export async function forEachLimit<T>(
  items: Iterable<T>,
  max: number,
  task: (item: T) => Promise<unknown>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true && !failed; next = iterator.next()) {
      try {
        await task(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: max }, worker));
}
