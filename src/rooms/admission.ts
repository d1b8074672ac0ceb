/** Who is let into a presence-aware room, and with which wishes. A refusal is a `ServerError`, which refuses the join. */
import { ErrorCode, ServerError } from '@colyseus/core';
import { readWishes, type Wishes } from './validate.ts';
import { isUserId, MAX_ID_LENGTH } from '../status.ts';
import { ERRORS, PresenceError } from '../protocol.ts';
import type { Identity, ResolvedOptions } from '../options.ts';
import type { Users } from '../core/users.ts';

/** The user behind an auth payload. */
export function identify(options: ResolvedOptions, auth: unknown): Identity {
  let identity: Identity | null | undefined;
  try {
    identity = options.identify(auth);
  } catch {
    identity = undefined;
  }
  if (typeof identity !== 'object' || identity === null || !isUserId(identity.userId)) {
    throw new ServerError(ErrorCode.AUTH_FAILED, `${ERRORS.unauthenticated.message} (code: unauthenticated)`);
  }
  const { userId, username } = identity;
  return {
    userId,
    ...(typeof username === 'string' &&
      username !== '' && { username: username.slice(0, MAX_ID_LENGTH).toWellFormed() }),
  };
}

/** `lenient`: join options that do not fit are the room's own. */
export function wishesOf(options: ResolvedOptions, joinOptions: unknown, lenient: boolean): Wishes {
  try {
    return readWishes(joinOptions, options.maxStatusBytes, lenient);
  } catch (error) {
    const { message, code } = error instanceof PresenceError ? error : new PresenceError('internal');
    throw new ServerError(ErrorCode.APPLICATION_ERROR, `${message} (code: ${code})`);
  }
}

/** Whether the user has as many connections as it may. One that is taken over by the new one makes room for it. */
export function isCrowded(users: Users, options: ResolvedOptions, userId: string, resume?: string): boolean {
  const user = users.get(userId);
  return (
    user !== undefined &&
    user.own.size >= options.maxConnectionsPerUser &&
    !(resume !== undefined && users.canTakeOver(user, resume))
  );
}

/** Refuses a user that has as many connections as it may. */
export function requireRoom(users: Users, options: ResolvedOptions, userId: string, resume: string | undefined): void {
  if (isCrowded(users, options, userId, resume)) {
    const { message } = ERRORS.too_many_connections;
    throw new ServerError(ErrorCode.APPLICATION_ERROR, `${message} (code: too_many_connections)`);
  }
}
