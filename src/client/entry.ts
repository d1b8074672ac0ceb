/** What the store keeps about one user. Pure. */
import type { GeneralChange, Presence, UserName } from '../protocol.ts';
import { toFriend, type UserFacts } from './friend.ts';
import type { Friend } from './types.ts';

/** Who asked for the follow. */
export type Origin = 'client' | 'server';

export interface Entry extends UserFacts {
  origin: Origin;
  /** Whether the server has confirmed this follow since the last join. */
  confirmed: boolean;
  /** The immutable view of this entry; `null` after a change until somebody reads it. */
  friend: Friend | null;
}

export function newEntry(userId: string, origin: Origin): Entry {
  return {
    userId,
    username: undefined,
    last: 'offline',
    connections: new Map(),
    stale: false,
    origin,
    confirmed: false,
    friend: null,
  };
}

export function viewOf(entry: Entry): Friend {
  return (entry.friend ??= toFriend(entry));
}

/** The part of a reply or snapshot that holds the state of users. */
export interface Knowledge {
  presences: readonly Presence[];
  users: readonly GeneralChange[];
  names?: readonly UserName[] | undefined;
}

/** What it says about one. `username`: by the word of the game. */
export interface Facts {
  presences: readonly Presence[];
  last: Entry['last'];
  username?: string | undefined;
}

/** Looks up what a reply or snapshot says about one user. */
export function knowledge({ presences, users, names = [] }: Knowledge): (userId: string) => Facts {
  const byUser = new Map<string, Presence[]>();
  for (const presence of presences) {
    const known = byUser.get(presence.userId);
    if (known === undefined) {
      byUser.set(presence.userId, [presence]);
    } else {
      known.push(presence);
    }
  }
  const lasts = new Map<string, Entry['last']>();
  for (const { userId, general } of users) {
    if (general !== 'online') {
      lasts.set(userId, general);
    }
  }
  const told = new Map(names.map(({ userId, username }) => [userId, username]));
  return (userId) => ({
    presences: byUser.get(userId) ?? [],
    last: lasts.get(userId) ?? 'offline',
    username: told.get(userId),
  });
}
