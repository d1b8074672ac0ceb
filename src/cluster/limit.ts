/** What waits, by group: the groups take turns, so that one with many tasks delays another by no more than one task per turn. */
class Turns {
  /** In the order in which they have their turns. */
  readonly #groups = new Map<object, Array<() => void>>();

  add(group: object, start: () => void): void {
    const others = this.#groups.get(group);
    if (others === undefined) {
      this.#groups.set(group, [start]);
    } else {
      others.push(start);
    }
  }

  take(): (() => void) | undefined {
    const [turn] = this.#groups;
    if (turn === undefined) {
      return undefined;
    }
    const [group, waiting] = turn;
    const next = waiting.shift();
    this.#groups.delete(group);
    if (waiting.length > 0) {
      this.#groups.set(group, waiting);
    }
    return next;
  }
}

/** At most so many tasks at once. Of those that wait, the kinds take turns, and within each kind its groups do. */
export class Limiter {
  #free: number;
  readonly #kinds: readonly Turns[];
  #turn = 0;

  constructor(max: number, kinds = 1) {
    this.#free = max;
    this.#kinds = Array.from({ length: kinds }, () => new Turns());
  }

  async run<T>(task: () => Promise<T>, group: object = this, kind = 0): Promise<T> {
    if (this.#free > 0) {
      this.#free--;
    } else {
      await new Promise<void>((resolve) => {
        this.#kinds[kind]?.add(group, resolve);
      });
    }
    try {
      return await task();
    } finally {
      this.#next();
    }
  }

  #next(): void {
    for (const _ of this.#kinds) {
      this.#turn = (this.#turn + 1) % this.#kinds.length;
      const next = this.#kinds[this.#turn]?.take();
      if (next !== undefined) {
        next();
        return;
      }
    }
    this.#free++;
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
