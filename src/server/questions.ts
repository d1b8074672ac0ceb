/**
 * Questions to all processes: one message to everybody, and a bounded wait for
 * the answers. Cost: one message, and one answer per process, which all
 * processes hear.
 */
import type { Cluster } from '../core/ports.ts';

/** Default time limit for the answers to a question, in milliseconds. */
export const ANSWER_TIMEOUT_MS = 1000;

export interface Answers<T> {
  /** By the process that has answered, this one included. */
  readonly byProcess: ReadonlyMap<string, T>;
  /** Whether every process known to this one has answered in time. */
  readonly complete: boolean;
}

export class Questions<T> {
  /** What to do with an answer, by question. */
  readonly #open = new Map<string, (from: string, answer: T) => void>();

  /**
   * Sends `command`, to which the other processes answer with its `question`.
   * Resolves when this process (`own`) and all known others have answered, or
   * after `ms`.
   */
  ask(cluster: Cluster, command: { question: string }, own: T | Promise<T>, ms: number): Promise<Answers<T>> {
    const { promise, resolve } = Promise.withResolvers<Answers<T>>();
    const { question } = command;
    const expected = cluster.stats.processes + 1;
    // While the store does not answer, there may be processes that this one does not know.
    const knowsAll = (): boolean => cluster.stats.state === 'up';
    const isKnown = knowsAll();
    const byProcess = new Map<string, T>();
    const finish = (): void => {
      clearTimeout(timer);
      this.#open.delete(question);
      resolve({ byProcess, complete: byProcess.size >= expected && isKnown && knowsAll() });
    };
    const add = (from: string, answer: T): void => {
      if (byProcess.has(from)) {
        return;
      }
      byProcess.set(from, answer);
      if (byProcess.size >= expected) {
        finish();
      }
    };
    const timer = setTimeout(finish, ms);
    this.#open.set(question, add);
    cluster.broadcast(command);
    void Promise.resolve(own).then((answer) => {
      add(cluster.incarnation, answer);
    });
    return promise;
  }

  /** An answer of another process; one that nobody waits for any more is dropped. */
  hear(question: string, from: string, answer: T): void {
    this.#open.get(question)?.(from, answer);
  }
}
