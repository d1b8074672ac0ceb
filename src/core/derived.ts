/** What follows from the data of the model, and so is not kept beside it. Pure. */
import type { Status } from '../protocol.ts';
import type { Connection, User } from './model.ts';

/** Whether nothing shows the user on this process: no visible connection is known, and nobody follows it. It may be here invisibly. */
export function isUnseen(user: User): boolean {
  return user.visible.size === 0 && user.followers.size === 0;
}

/** Whether the connection has ended for good. */
export function hasEnded({ delivery }: Connection): boolean {
  return delivery === 'gone' || delivery === 'moved';
}

/** The status of the connection itself; `null` = invisible. */
export function statusOf({ user, connectionId }: Connection): Status {
  return user.visible.get(connectionId)?.entry.status ?? null;
}

/** Whether a connection of the user here was visible and has chosen to be invisible. */
export function hides({ own }: User): boolean {
  return [...own].some((connection) => connection.wasShown && statusOf(connection) === null);
}

/** Whether the user is in a match that friends see otherwise than other followers: such a viewer has a view of its own. */
export function hasFriendsOnly({ visible }: User): boolean {
  for (const { box } of visible.values()) {
    if (box.other?.standing === 'friend') {
      return true;
    }
  }
  return false;
}

/** Maximum of ids in the list of follows that other processes are told of a user. */
const MAX_FRIENDS = 1000;

/** Whom the connections of the user here follow. */
export function followedBy({ own }: User): string[] {
  const ids = [...own].flatMap(({ follows }) => [...follows.keys()].map(({ userId }) => userId));
  return [...new Set(ids)].sort().slice(0, MAX_FRIENDS);
}

/** The same list if a match's room needs it for its policy `mutual`, otherwise `undefined`. */
export function followsToSay(user: User): string[] | undefined {
  const isAsked = user.own.size > 0 && [...user.visible.values()].some(({ entry }) => entry.match?.policy === 'mutual');
  return isAsked ? followedBy(user) : undefined;
}

/** Whether the user is visible apart from its stays in matches. */
export function isPresent({ visible }: User): boolean {
  return [...visible.values()].some(({ entry }) => entry.match === undefined);
}
