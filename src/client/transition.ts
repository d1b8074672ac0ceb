/** What one change of the store announces to each kind of listener. Pure. */
import type { Delta, GeneralChange, GeneralStatus, Presence } from '../protocol.ts';
import { samePresence } from '../status.ts';
import type { UserFacts } from './friend.ts';
import type { UserStatusChange } from './types.ts';

export interface Transition {
  /** For `onDelta`; `null` when no connection appeared, disappeared or changed. */
  delta: Delta | null;
  /** For `onUserStatusChanged`. */
  statuses: UserStatusChange[];
  /** For `onFollowsChanged`. */
  added: string[];
  removed: string[];
  /** Whether the list or the own user looks different now. */
  changed: boolean;
}

interface Look {
  general: GeneralStatus;
  customStatus: string;
}

function lookOf(user: UserFacts): Look {
  const newest = [...user.connections.values()].at(-1);
  return { general: newest === undefined ? user.last : 'online', customStatus: newest?.status ?? '' };
}

/** Collects a {@link Transition} while the store works. */
export class Recorder {
  readonly joins: Presence[] = [];
  readonly leaves: Presence[] = [];
  readonly users: GeneralChange[] = [];
  readonly added: string[] = [];
  readonly removed: string[] = [];
  changed = false;
  #before = new Map<UserFacts, Look>();

  /** Call before the first change of a user whose changes are to be announced. */
  watch(user: UserFacts): void {
    if (!this.#before.has(user)) {
      this.#before.set(user, lookOf(user));
    }
  }

  /** Adds the general statuses that differ from the time of `watch`, in the form of a delta. */
  addGeneralChanges(): void {
    for (const [user, before] of this.#before) {
      const { general } = lookOf(user);
      if (general !== before.general) {
        this.users.push({ userId: user.userId, general: general });
      }
    }
  }

  finish(ownId: string): Transition {
    const statuses: UserStatusChange[] = [];
    for (const [user, before] of this.#before) {
      const now = lookOf(user);
      if (now.general !== before.general || now.customStatus !== before.customStatus) {
        statuses.push({ userId: user.userId, ...now, me: user.userId === ownId });
      }
    }
    const { joins, leaves, users, added, removed, changed } = this;
    const quiet = joins.length + leaves.length + users.length === 0;
    return {
      delta: quiet ? null : { joins, leaves, ...(users.length > 0 && { users }) },
      statuses,
      added,
      removed,
      changed: changed || added.length + removed.length > 0,
    };
  }
}

export interface PresenceDiff {
  joins: Presence[];
  leaves: Presence[];
}

/**
 * The difference between two states of a user, in the form of a delta: a changed
 * status is one leave and one join of the same connection.
 */
export function diffPresences(held: readonly Presence[], now: readonly Presence[]): PresenceDiff {
  const before = new Map(held.map((presence) => [presence.connectionId, presence]));
  const after = new Map(now.map((presence) => [presence.connectionId, presence]));
  const differs = (presence: Presence, other: Presence | undefined): boolean =>
    other === undefined || !samePresence(presence, other);
  return {
    leaves: held.filter((presence) => differs(presence, after.get(presence.connectionId))),
    joins: [...after.values()].filter((presence) => differs(presence, before.get(presence.connectionId))),
  };
}
