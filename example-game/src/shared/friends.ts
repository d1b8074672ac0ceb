/** What the friends API and the page say to each other. */

/** `POST /friends/<action> { name }`. */
export const FRIEND_ACTIONS = ['ask', 'accept', 'decline', 'cancel', 'remove', 'block', 'unblock'] as const;
export type FriendAction = (typeof FRIEND_ACTIONS)[number];

export interface Person {
  userId: string;
  name: string;
}

/** Room → page, message `friends`, after the join and after every change: all of one player's lists. */
export interface FriendLists {
  friends: Person[];
  /** Who asks to be a friend of this player. */
  incoming: Person[];
  /** Whom this player has asked. */
  outgoing: Person[];
  blocked: Person[];
}
