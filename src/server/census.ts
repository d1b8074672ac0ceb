/**
 * Counts over all processes, added up.
 *
 * Every process counts the users whose newest visible connection is its own,
 * so a user on several processes is counted once; only one who is invisible on
 * several is counted on each.
 *
 * Cost: one message, and one answer per process. Do not ask on every tick.
 */
import { Questions } from './questions.ts';
import type { Cluster } from '../core/ports.ts';
import type { Tracker } from '../core/tracker.ts';
import type { ClusterCounts, Counts } from './types.ts';

/** The numbers of this process, to be added up with those of the others. */
export function countShare({ connections, users }: Pick<Tracker, 'connections' | 'users'>): Counts {
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
  readonly #questions = new Questions<Counts>();

  /** See `Questions.ask`. */
  async ask(
    cluster: Cluster,
    command: { question: string },
    own: Counts | Promise<Counts>,
    ms: number,
  ): Promise<ClusterCounts> {
    const { byProcess, complete } = await this.#questions.ask(cluster, command, own, ms);
    const total: ClusterCounts = { users: 0, connections: 0, online: 0, processes: byProcess.size, complete };
    for (const { users, connections, online } of byProcess.values()) {
      total.users += users;
      total.connections += connections;
      total.online += online;
    }
    return total;
  }

  /** See `Questions.hear`. */
  hear(question: string, from: string, counts: Counts): void {
    this.#questions.hear(question, from, counts);
  }
}
