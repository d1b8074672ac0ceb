/**
 * Counting over all processes: one question to everybody, and a bounded wait
 * for the answers.
 *
 * Every process counts the users whose newest visible connection is its own,
 * so a user on several processes is counted once; only one who is invisible on
 * several is counted on each.
 *
 * Cost: one message, and one answer per process. Do not ask on every tick.
 */
import type { Tracker } from '../core/tracker.ts';
import type { ClusterCounts, Counts } from './types.ts';

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

interface Question {
  readonly add: (from: string, counts: Counts) => void;
}

export class Census {
  readonly #questions = new Map<string, Question>();

  /** Asks the other processes. Resolves when all known ones have answered, or after `ms`. */
  ask(question: string, tracker: Tracker, ms: number): Promise<ClusterCounts> {
    const { promise, resolve } = Promise.withResolvers<ClusterCounts>();
    const { cluster } = tracker;
    const expected = cluster.stats.processes;
    const total: ClusterCounts = { ...countShare(tracker), processes: 1, complete: expected === 0 };
    if (total.complete) {
      resolve(total);
      return promise;
    }
    const answered = new Set<string>();
    const finish = (): void => {
      clearTimeout(timer);
      this.#questions.delete(question);
      resolve({ ...total, complete: answered.size >= expected });
    };
    const timer = setTimeout(finish, ms);
    this.#questions.set(question, {
      add: (from, { users, connections, online }) => {
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
      },
    });
    cluster.broadcast({ kind: 'count', question });
    return promise;
  }

  /** An answer of another process; one that nobody waits for any more is dropped. */
  hear(question: string, from: string, counts: Counts): void {
    this.#questions.get(question)?.add(from, counts);
  }
}
