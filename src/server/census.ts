/**
 * Questions to all processes: one message to everybody, and a bounded wait for
 * the answers, which are added up.
 *
 * Every process counts the users whose newest visible connection is its own,
 * so a user on several processes is counted once; only one who is invisible on
 * several is counted on each.
 *
 * Cost: one message, and one answer per process. Do not ask on every tick.
 */
import type { Cluster } from '../core/ports.ts';
import type { Tracker } from '../core/tracker.ts';
import type { ClusterCounts, Counts } from './types.ts';

/** Default time limit for the answers to a question, in milliseconds. */
export const ANSWER_TIMEOUT_MS = 1000;

/** What this process adds to a count of all. */
export function countShare({ connections, users }: Tracker): Counts {
  const counts: Counts = { users: 0, connections: connections.size, online: 0 };
  for (const { own, visible } of users.byId.values()) {
    const newest = [...visible.values()].at(-1);
    const isOurs = newest !== undefined && newest.owner === undefined;
    counts.online += isOurs ? 1 : 0;
    counts.users += isOurs || (newest === undefined && own.size > 0) ? 1 : 0;
  }
  return counts;
}

export class Census {
  /** What to do with an answer, by question. */
  readonly #questions = new Map<string, (from: string, counts: Counts) => void>();

  /**
   * Sends `command`, to which the other processes answer with its `question`.
   * Resolves when this process (`own`) and all known others have answered, or
   * after `ms`.
   */
  ask(
    cluster: Cluster,
    command: { question: string },
    own: Counts | Promise<Counts>,
    ms: number,
  ): Promise<ClusterCounts> {
    const { promise, resolve } = Promise.withResolvers<ClusterCounts>();
    const { question } = command;
    const expected = cluster.stats.processes + 1;
    // While the store does not answer, other processes may be there that nobody here knows of.
    const knowsAll = (): boolean => cluster.stats.state === 'up';
    const isKnown = knowsAll();
    const total: ClusterCounts = { users: 0, connections: 0, online: 0, processes: 0, complete: false };
    const answered = new Set<string>();
    const finish = (): void => {
      clearTimeout(timer);
      this.#questions.delete(question);
      resolve({ ...total, complete: answered.size >= expected && isKnown && knowsAll() });
    };
    const add = (from: string, { users, connections, online }: Counts): void => {
      if (answered.has(from)) {
        return;
      }
      answered.add(from);
      total.processes++;
      total.users += users;
      total.connections += connections;
      total.online += online;
      if (answered.size >= expected) {
        finish();
      }
    };
    const timer = setTimeout(finish, ms);
    this.#questions.set(question, add);
    cluster.broadcast(command);
    void Promise.resolve(own).then((counts) => {
      add(cluster.incarnation, counts);
    });
    return promise;
  }

  /** An answer of another process; one that nobody waits for any more is dropped. */
  hear(question: string, from: string, counts: Counts): void {
    this.#questions.get(question)?.(from, counts);
  }
}
