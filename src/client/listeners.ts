/** A set of callbacks in which a bad one hurts nobody else: its error surfaces on its own, as an uncaught error. */
export class Listeners<Args extends unknown[]> {
  #callbacks = new Set<{ run: (...args: Args) => void }>();

  /** Returns the function that removes it again. The same function may be added twice. */
  add(run: (...args: Args) => void): () => void {
    const entry = { run };
    this.#callbacks.add(entry);
    return () => {
      this.#callbacks.delete(entry);
    };
  }

  emit(...args: Args): void {
    // A copy: who subscribes from inside a callback is called from the next time on.
    const callbacks = [...this.#callbacks];
    for (const { run } of callbacks) {
      callSafely(() => run(...args));
    }
  }

  clear(): void {
    this.#callbacks.clear();
  }
}

/** Runs it; what it throws is thrown again once the current work is done. */
export function callSafely(run: () => void): void {
  try {
    run();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
