/**
 * At most so many tasks at once; the rest wait. Those without a group go
 * first, in order of arrival; the groups then take turns, so that a group with
 * many tasks delays another one by no more than one task per turn.
 */
export class Limiter {
  #free: number;
  #waiting: Array<() => void> = [];
  #head = 0;
  /** In the order in which they have their turns. */
  readonly #groups = new Map<object, Array<() => void>>();

  constructor(max: number) {
    this.#free = max;
  }

  async run<T>(task: () => Promise<T>, group?: object): Promise<T> {
    if (this.#free > 0) {
      this.#free--;
    } else {
      await new Promise<void>((resolve) => {
        this.#enqueue(resolve, group);
      });
    }
    try {
      return await task();
    } finally {
      this.#next();
    }
  }

  #enqueue(start: () => void, group: object | undefined): void {
    if (group === undefined) {
      this.#waiting.push(start);
      return;
    }
    const others = this.#groups.get(group);
    if (others === undefined) {
      this.#groups.set(group, [start]);
    } else {
      others.push(start);
    }
  }

  #next(): void {
    const next = this.#waiting[this.#head];
    if (next === undefined) {
      this.#waiting = [];
      this.#head = 0;
      this.#nextOfGroups();
      return;
    }
    this.#head++;
    next();
  }

  #nextOfGroups(): void {
    const [turn] = this.#groups;
    if (turn === undefined) {
      this.#free++;
      return;
    }
    const [group, waiting] = turn;
    const next = waiting.shift();
    this.#groups.delete(group);
    if (waiting.length > 0) {
      this.#groups.set(group, waiting);
    }
    next?.();
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
