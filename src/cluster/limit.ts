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

  take(): { group: object; start: () => void } | undefined {
    const [turn] = this.#groups;
    if (turn === undefined) {
      return undefined;
    }
    const [group, waiting] = turn;
    const start = waiting.shift()!;
    this.#groups.delete(group);
    if (waiting.length > 0) {
      this.#groups.set(group, waiting);
    }
    return { group, start };
  }
}

/**
 * At most `max` tasks at once, or `maxAlone` while all of them are of one group.
 * Of those that wait, the kinds take turns, and within each kind its groups do.
 */
export class Limiter {
  readonly #max: number;
  readonly #maxAlone: number;
  readonly #kinds: readonly Turns[];
  /** Tasks under way, by group. */
  readonly #running = new Map<object, number>();
  #count = 0;
  #turn = 0;

  constructor(max: number, kinds = 1, maxAlone = max) {
    this.#max = max;
    this.#maxAlone = maxAlone;
    this.#kinds = Array.from({ length: kinds }, () => new Turns());
  }

  async run<T>(task: () => Promise<T>, group: object = this, kind = 0): Promise<T> {
    const isAlone = this.#running.size === 1 && this.#running.has(group);
    if (this.#count < (isAlone ? this.#maxAlone : this.#max)) {
      this.#begin(group);
    } else {
      await new Promise<void>((resolve) => {
        this.#kinds[kind]?.add(group, resolve);
      });
    }
    try {
      return await task();
    } finally {
      this.#end(group);
    }
  }

  #begin(group: object): void {
    this.#count++;
    this.#running.set(group, (this.#running.get(group) ?? 0) + 1);
  }

  #end(group: object): void {
    this.#count--;
    const left = this.#running.get(group)! - 1;
    if (left > 0) {
      this.#running.set(group, left);
    } else {
      this.#running.delete(group);
    }
    for (const _ of this.#count < this.#max ? this.#kinds : []) {
      this.#turn = (this.#turn + 1) % this.#kinds.length;
      const next = this.#kinds[this.#turn]?.take();
      if (next !== undefined) {
        this.#begin(next.group);
        next.start();
        return;
      }
    }
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
