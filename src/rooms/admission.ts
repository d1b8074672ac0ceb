/** Admission to a presence-aware room: identity, join options and limits. A refusal is a `Refusal`. */
import { ErrorCode, ServerError } from '@colyseus/core';
import { readJoinOptions, type PresenceWishes } from './validate.ts';
import { failureOf, HookError, reasonOf, runHook } from '../core/hooks.ts';
import { notIds, sortOutIds, toUserId } from '../ids.ts';
import { MAX_ID_LENGTH } from '../status.ts';
import { given } from '../wording.ts';
import { PresenceError } from '../protocol.ts';
import { defaultIdentify, type Identity, type Named, type ResolvedOptions } from '../options.ts';
import type { Users } from '../core/users.ts';
import type { Runtime } from '../server/runtime.ts';
import { isShuttingDown } from '../server/shutdown.ts';

/** Refuses a join. */
export class Refusal extends ServerError {
  readonly reason: PresenceError;

  constructor(reason: PresenceError, code: number = ErrorCode.APPLICATION_ERROR) {
    super(code, `${reason.message} (code: ${reason.code})`);
    this.reason = reason;
  }
}

/** The user behind an auth payload. `tell` gets the reason when there is none. */
export function identify(options: ResolvedOptions, auth: unknown, tell: (reason: string) => void): Named {
  let identity: Identity | null | undefined;
  let answer: string;
  try {
    identity = options.identify(auth);
    answer = `returned ${given(identity?.userId === undefined ? identity : identity.userId)}`;
  } catch (error) {
    answer = `threw ${reasonOf(error)}`;
  }
  const userId = toUserId(identity?.userId);
  if (userId === undefined) {
    const looked =
      options.identify === defaultIdentify
        ? 'by default userId, id or sub is looked for, a text or a number'
        : `the option "identify" ${answer}`;
    tell(`client.auth, the result of onAuth, is ${given(auth)}; ${looked}`);
    throw new Refusal(new PresenceError('unauthenticated'), ErrorCode.AUTH_FAILED);
  }
  const username: unknown = identity?.username;
  return {
    userId,
    ...(typeof username === 'string' &&
      username !== '' && { username: username.slice(0, MAX_ID_LENGTH).toWellFormed() }),
  };
}

/** Reads the join options. `lenient`: ignores invalid ones, which belong to the room. */
export function requireJoinOptions(options: ResolvedOptions, joinOptions: unknown, lenient: boolean): PresenceWishes {
  try {
    return readJoinOptions(joinOptions, options.maxStatusBytes, lenient);
  } catch (error) {
    throw new Refusal(error instanceof PresenceError ? error : new PresenceError('internal'));
  }
}

/**
 * Refuses everybody while the process shuts down. Colyseus closes the clients it
 * has when the shutdown begins. A client with an earlier seat could still join
 * later: it would never be closed, and the shutdown would wait for it.
 */
export function requireOpen(): void {
  if (isShuttingDown()) {
    throw new Refusal(new PresenceError('unavailable'));
  }
}

/** Refuses a user that has its maximum of connections, unless the new connection takes over one of them. */
export function requireRoom(users: Users, options: ResolvedOptions, userId: string, resume: string | undefined): void {
  const user = users.get(userId);
  if (
    user !== undefined &&
    user.own.size >= options.maxConnectionsPerUser &&
    !([...user.own].some(({ connectionId }) => connectionId === resume) && users.canTakeOver(user, resume!))
  ) {
    throw new Refusal(new PresenceError('too_many_connections'));
  }
}

/** Loads the blocks that the game has stored against the user (option `blockedBy`). Refuses the user when that fails: otherwise it could see users who have blocked it. */
export async function learnBlocks(
  { blockedBy, hookTimeoutMs }: Required<Pick<ResolvedOptions, 'blockedBy' | 'hookTimeoutMs'>>,
  { userId, username }: Named,
  auth: unknown,
  { tracker, log }: Pick<Runtime, 'tracker' | 'log'>,
): Promise<void> {
  try {
    const answer: unknown = await runHook('blockedBy', () => blockedBy({ userId, username, auth }), hookTimeoutMs);
    if (!(answer instanceof Set || Array.isArray(answer))) {
      throw new HookError('blockedBy', `it must return a list or a set of user ids, but returned ${given(answer)}`);
    }
    const { ids, others } = sortOutIds(answer);
    if (others.length > 0) {
      throw new HookError('blockedBy', `it returned ${notIds(others)}`);
    }
    for (const blocker of ids) {
      tracker.block(blocker, userId, true);
    }
  } catch (error) {
    if (error instanceof PresenceError) {
      throw new Refusal(error);
    }
    log.warn(`[presence:blocks_unknown] User ${JSON.stringify(userId)} is not let in: ${reasonOf(error)}`);
    throw new Refusal(failureOf(error));
  }
}
