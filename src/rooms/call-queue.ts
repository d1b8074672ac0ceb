/**
 * The calls of one connection, answered in order of arrival: the next begins
 * when the answer to the one before has been sent. If no call waits, a call that
 * does not wait itself is answered at once.
 */
export class CallQueue {
  readonly #waiting: Array<() => void> = [];
  #isBusy = false;

  /** Calls that wait, without the one under way. */
  get length(): number {
    return this.#waiting.length;
  }

  /** `answer` must not throw or reject. */
  run<T>(answer: () => T | Promise<T>): T | Promise<T> {
    if (this.#isBusy) {
      return new Promise((resolve) => {
        this.#waiting.push(() => {
          resolve(this.#afterwards(answer()));
        });
      });
    }
    this.#isBusy = true;
    const result = answer();
    if (result instanceof Promise) {
      return this.#afterwards(result);
    }
    this.#next();
    return result;
  }

  async #afterwards<T>(result: T | Promise<T>): Promise<T> {
    try {
      return await result;
    } finally {
      // Colyseus sends the answer to a request some microtasks from now; a tick comes after the last of them.
      process.nextTick(() => {
        this.#next();
      });
    }
  }

  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined) {
      this.#isBusy = false;
    } else {
      next();
    }
  }
}
