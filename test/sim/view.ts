/**
 * What one client believes, only from the messages it got. It fails at once for
 * messages that contradict this: a leave of a user who is not online, a join of
 * one who is, a change of a user who is not followed.
 */
import type { Delta, GeneralChange, GeneralStatus, Presence } from '../../src/protocol.ts';

export interface SeenUser {
  general: GeneralStatus;
  /** By connection id. */
  readonly presences: Map<string, Presence>;
}

export class View {
  readonly users = new Map<string, SeenUser>();
  /** Users who are being hidden from this client: they leave for no other reason. */
  readonly refused = new Set<string>();
  readonly #complain: (problem: string) => void;
  readonly #steady: ReadonlyMap<string, string>;

  /** @param steady Connections that move to another process, and their status: a `leave` would be a blink. */
  constructor(complain: (problem: string) => void, steady: ReadonlyMap<string, string>) {
    this.#complain = complain;
    this.#steady = steady;
  }

  /** The present state of these users. `complete`: there are no others. */
  snapshot(
    userIds: readonly string[],
    presences: readonly Presence[],
    generals: readonly GeneralChange[],
    complete: boolean,
  ): void {
    const news = new Map<string, SeenUser>();
    for (const userId of userIds) {
      news.set(userId, { general: 'online', presences: new Map() });
    }
    for (const presence of presences) {
      const user = news.get(presence.userId);
      if (user === undefined || user.presences.has(presence.connectionId)) {
        this.#complain(`a snapshot with ${show(presence)}, which does not belong there`);
      }
      user?.presences.set(presence.connectionId, presence);
    }
    for (const { userId, general } of generals) {
      news.get(userId)!.general = general;
    }
    if (complete) {
      this.users.clear();
    }
    for (const [userId, user] of news) {
      this.users.set(userId, user);
      this.#requireSense(userId, user, 'a snapshot');
    }
  }

  delta({ joins, leaves, users = [] }: Delta): void {
    const touched = new Set<string>();
    const renewed = new Set(joins.map(({ connectionId }) => connectionId));
    for (const presence of leaves) {
      const held = this.users.get(presence.userId)?.presences;
      if (held === undefined || !same(held.get(presence.connectionId), presence)) {
        this.#complain(`a leave of ${show(presence)}, but there is ${show(held?.get(presence.connectionId))}`);
      }
      const isBlink = this.#steady.get(presence.connectionId) === presence.status && !this.refused.has(presence.userId);
      if (isBlink && !renewed.has(presence.connectionId)) {
        this.#complain(`a blink of ${show(presence)}, which moved to another process`);
      }
      held?.delete(presence.connectionId);
      touched.add(presence.userId);
    }
    for (const presence of joins) {
      const held = this.users.get(presence.userId)?.presences;
      if (held === undefined || held.has(presence.connectionId)) {
        this.#complain(`a join of ${show(presence)}, but there is ${show(held?.get(presence.connectionId))}`);
      }
      held?.set(presence.connectionId, presence);
      touched.add(presence.userId);
    }
    for (const { userId, general } of users) {
      const user = this.users.get(userId);
      if (user === undefined || user.general === general) {
        this.#complain(`news that "${userId}" is ${general}, held as ${user?.general}`);
      }
      if (user !== undefined) {
        user.general = general;
      }
      touched.add(userId);
    }
    for (const userId of touched) {
      const user = this.users.get(userId);
      if (user !== undefined) {
        this.#requireSense(userId, user, 'a delta');
      }
    }
  }

  remove(userIds: Iterable<string>): void {
    for (const userId of userIds) {
      this.users.delete(userId);
    }
  }

  #requireSense(userId: string, { general, presences }: SeenUser, source: string): void {
    if ((general === 'online') !== presences.size > 0) {
      this.#complain(`${source} after which "${userId}" is ${general} with ${presences.size} connections`);
    }
  }
}

export function same(a: Presence | undefined, b: Presence | undefined): boolean {
  return (
    a !== undefined &&
    b !== undefined &&
    a.userId === b.userId &&
    a.connectionId === b.connectionId &&
    a.status === b.status &&
    a.matchId === b.matchId &&
    a.username === b.username
  );
}

export function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
