/**
 * The stays of players in the matches of this process. A stay is shown like a
 * connection without a status: as long as its user is visible elsewhere, and
 * longer, when all its connections have ended. Whoever chooses to be invisible,
 * or never was visible, is not seen in its match either.
 */
import { followedBy, followsToSay, hides, isPresent } from './derived.ts';
import { sameValue } from '../status.ts';
import type { Cluster } from './ports.ts';
import type { EndedStatus } from '../protocol.ts';
import type { Named } from '../options.ts';
import type { MatchRecord } from './match.ts';
import type { User } from './model.ts';
import type { Users } from './users.ts';

/** Matches in which one user is shown at once, on one process: as many as it has connections by default. More are not shown. */
const MAX_STAYS_PER_USER = 16;

/** A player in a match. */
export interface Stay {
  /** The room says something else of itself now. */
  update(match: MatchRecord): void;
  /** Idempotent. */
  end(ended: EndedStatus): void;
}

interface Entry {
  /** Another one after it was hidden, as for any connection. */
  connectionId: string;
  readonly username: string | undefined;
  match: MatchRecord;
  /** With the policy `mutual`: whom the user follows, or did when it was last connected to more than the match. */
  friends: readonly string[];
  isShown: boolean;
}

export class Stays {
  readonly #users: Users;
  readonly #newId: () => string;
  readonly #cluster: () => Cluster;
  readonly #byUser = new Map<User, Set<Entry>>();
  /** The follows of each user as other processes were last told. */
  readonly #said = new WeakMap<User, readonly string[]>();

  constructor(users: Users, newId: () => string, cluster: () => Cluster) {
    this.#users = users;
    this.#newId = newId;
    this.#cluster = cluster;
  }

  /** `undefined`: the user is shown in too many matches already. */
  begin({ userId, username }: Named, match: MatchRecord): Stay | undefined {
    const { user, release } = this.#users.hold(userId);
    if (user.stays >= MAX_STAYS_PER_USER) {
      release();
      return undefined;
    }
    const entry: Entry = { connectionId: this.#newId(), username, match, friends: [], isShown: false };
    const entries = this.#byUser.get(user) ?? new Set();
    this.#byUser.set(user, entries.add(entry));
    user.stays++;
    this.settle(user);
    return {
      update: (changed) => {
        entry.match = changed;
        if (entry.isShown) {
          this.#show(user, entry);
        }
      },
      end: (ended) => {
        if (entries.delete(entry)) {
          user.stays--;
          if (entries.size === 0) {
            this.#byUser.delete(user);
          }
          if (entry.isShown) {
            this.#users.hide(user, entry.connectionId, ended);
          }
          release();
        }
      },
    };
  }

  /** Call when the user may have become visible or invisible, or has changed whom it follows. */
  settle(user: User): void {
    this.#sayFollows(user);
    const entries = this.#byUser.get(user);
    if (entries === undefined) {
      return;
    }
    const friends = friendsOf(user);
    const present = isPresent(user);
    const hidden = !present && (hides(user) || hidesElsewhere(user));
    for (const entry of entries) {
      const changed = (present || friends.length > 0) && !sameValue(friends, entry.friends);
      entry.friends = changed ? friends : entry.friends;
      if (changed && entry.isShown && !hidden && entry.match.policy === 'mutual') {
        this.#show(user, entry);
      }
      if (present && !entry.isShown) {
        entry.isShown = true;
        this.#show(user, entry);
      } else if (hidden && entry.isShown) {
        entry.isShown = false;
        this.#users.hide(user, entry.connectionId, 'offline');
        entry.connectionId = this.#newId();
      }
    }
  }

  /** Tells other processes whom a player follows here: the room of its match may need it. */
  #sayFollows(user: User): void {
    const follows = followsToSay(user);
    if (follows !== undefined && !sameValue(follows, this.#said.get(user))) {
      this.#said.set(user, follows);
      this.#cluster().announce(user.userId);
    }
  }

  #show(user: User, { connectionId, username, match, friends }: Entry): void {
    this.#users.show(user, connectionId, '', username, { match, ...(match.policy === 'mutual' && { friends }) });
  }
}

/** Whether the latest register of another process says that the user hides. Earlier ones do not count: the user may have come back since, and left. */
function hidesElsewhere({ registers: { others } }: User): boolean {
  return [...others.values()].at(-1)?.hides === true;
}

/** Whom the user follows on all processes, as far as they say it. */
function friendsOf(user: User): readonly string[] {
  const others = [...user.registers.others.values()].flatMap(({ follows = [] }) => follows);
  return others.length === 0 ? followedBy(user) : [...new Set([...followedBy(user), ...others])].sort();
}
