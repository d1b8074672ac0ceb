import { wrong } from './require.ts';

/** A set of callbacks. When one throws, the others still run; the error becomes an uncaught error. */
export class Listeners<Args extends unknown[]> {
  #callbacks = new Set<{ run: (...args: Args) => void }>();

  /** Returns the function that removes it again. The same function may be added twice. */
  add(run: (...args: Args) => void): () => void {
    if (typeof run !== 'function') {
      throw wrong('A listener', 'a function', run);
    }
    const entry = { run };
    this.#callbacks.add(entry);
    return () => {
      this.#callbacks.delete(entry);
    };
  }

  emit(...args: Args): void {
    // A copy, so that a callback added by another callback is not called before the next event.
    const callbacks = [...this.#callbacks];
    for (const { run } of callbacks) {
      callSafely(() => run(...args));
    }
  }

  clear(): void {
    this.#callbacks.clear();
  }
}

/** Runs the callback. An error is thrown again in a microtask, as an uncaught error. */
export function callSafely(run: () => void): void {
  try {
    run();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
