/** What follows from the data of the model, and so is not kept beside it. Pure. */
import type { Status } from '../protocol.ts';
import type { Connection, User } from './model.ts';

/** Whether the user is here, but nothing shows it: no visible connection, and nobody follows it. */
export function isUnseen(user: User): boolean {
  return user.own.size > 0 && user.visible.size === 0 && user.followers.size === 0;
}

/** Whether the connection has ended for good. */
export function hasEnded({ delivery }: Connection): boolean {
  return delivery === 'gone' || delivery === 'moved';
}

/** The status of the connection itself; `null` = invisible. */
export function statusOf({ user, connectionId }: Connection): Status {
  return user.visible.get(connectionId)?.box.presence.status ?? null;
}
