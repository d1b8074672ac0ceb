/**
 * Who follows whom, in two indexes that mirror each other: `follows` of the
 * connection and `followers` of the user. Pure; every function is idempotent
 * and tells whether it changed anything.
 */
import type { Connection, FollowOrigin, User } from './model.ts';

/** Returns false when the connection followed that user already. If the client also makes a follow of the server, the follow counts against the limit. */
export function link(connection: Connection, user: User, origin: FollowOrigin): boolean {
  const known = connection.follows.get(user);
  if (known === undefined || (known === 'server' && origin === 'client')) {
    connection.follows.set(user, origin);
  }
  user.followers.add(connection);
  return known === undefined;
}

export function unlink(connection: Connection, user: User): boolean {
  connection.view?.refused.delete(user.userId);
  connection.view?.told.delete(user.userId);
  user.followers.delete(connection);
  return connection.follows.delete(user);
}

/** Ends every follow of `connection`; returns whom it followed. */
export function unlinkAll(connection: Connection): User[] {
  const users = [...connection.follows.keys()];
  for (const user of users) {
    unlink(connection, user);
  }
  return users;
}

/** How many follows count against the limit. */
export function countFollows(connection: Connection, countServer: boolean): number {
  if (countServer) {
    return connection.follows.size;
  }
  let count = 0;
  for (const origin of connection.follows.values()) {
    if (origin === 'client') {
      count++;
    }
  }
  return count;
}

/** The earliest follows that must go so that `excess` places are free. */
export function earliest(connection: Connection, excess: number, countServer: boolean): User[] {
  const users: User[] = [];
  for (const [user, origin] of connection.follows) {
    if (users.length >= excess) {
      break;
    }
    if (countServer || origin === 'client') {
      users.push(user);
    }
  }
  return users;
}
