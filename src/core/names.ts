/**
 * The names of users that the game has given (`resolveFollows`, `profilesOf`). They are shown for users whose
 * presence has no name, because they are offline or seem so. What a viewer is told depends only on the user id and the
 * viewer: not on whether the user is online, is invisible or has blocked the viewer; and the time it takes does not depend
 * on who else has asked. So names are kept per connection, and the game is asked without regard to who is online.
 */
import { HookError, reasonOf, runHook } from './hooks.ts';
import { toUserId } from '../ids.ts';
import { MAX_ID_LENGTH } from '../status.ts';
import { given } from '../wording.ts';
import { hiddenBy } from './view.ts';
import type { Connection, Names, User } from './model.ts';
import type { Log } from '../log-codes.ts';
import type { UserName } from '../protocol.ts';

/** The user of an entry `{ userId, username? }`; `undefined` when it is none. */
export function readNamed(entry: unknown): { userId: string; username: string | undefined } | undefined {
  if (typeof entry !== 'object' || entry === null || !('userId' in entry)) {
    return undefined;
  }
  const userId = toUserId(entry.userId);
  return userId === undefined ? undefined : { userId, username: readName('username' in entry && entry.username) };
}

function readName(name: unknown): string | undefined {
  return typeof name === 'string' && name !== '' ? name.slice(0, MAX_ID_LENGTH).toWellFormed() : undefined;
}

/** The names of these users. Asks the game for those that this connection does not know. If the hook fails, these have no name, and the log says why. */
export async function namesOf(
  { options, viewer, names, user }: Connection,
  userIds: readonly string[],
  log: Pick<Log, 'warn'>,
  told: Names = new Map(),
): Promise<Names> {
  const found: Names = new Map(told);
  const unknown: string[] = [];
  for (const userId of new Set(userIds)) {
    if (userId === user.userId || found.get(userId) !== undefined) {
      continue;
    }
    found.set(userId, names?.get(userId));
    if (names?.has(userId) !== true) {
      unknown.push(userId);
    }
  }
  const { profilesOf, hookTimeoutMs } = options;
  if (profilesOf === undefined || unknown.length === 0) {
    return found;
  }
  try {
    const profiles: unknown = await runHook('profilesOf', () => profilesOf(unknown, viewer), hookTimeoutMs);
    if (!Array.isArray(profiles)) {
      throw new HookError(
        'profilesOf',
        `it must return a list of { userId, username }, but returned ${given(profiles)}`,
      );
    }
    const asked = new Set(unknown);
    const others = profiles.filter((profile) => readNamed(profile) === undefined);
    if (others.length > 0) {
      log.warn(
        `[presence:profiles_failed] The hook "profilesOf" returned what is no { userId, username }: ${given(others[0])}`,
      );
    }
    for (const named of profiles.map(readNamed)) {
      if (named !== undefined && asked.has(named.userId)) {
        found.set(named.userId, named.username);
      }
    }
  } catch (error) {
    log.warn(`[presence:profiles_failed] Users are shown without names: ${reasonOf(error)}`);
    // So that the next request asks again.
    for (const userId of unknown) {
      found.delete(userId);
    }
  }
  return found;
}

/** The name of a user as the game has told it to `viewer`, if it may be seen. */
export function nameTo(viewer: Connection, { userId }: User): string | undefined {
  const name = viewer.names?.get(userId);
  return name === undefined || hiddenBy(viewer, userId) === 'refused' ? undefined : name;
}

/** The names as in {@link nameTo} of those of these users that have one. */
export function namesTo(viewer: Connection, users: readonly User[]): UserName[] {
  if (viewer.names === undefined) {
    return [];
  }
  return users.flatMap((user) => {
    const username = nameTo(viewer, user);
    return username === undefined ? [] : [{ userId: user.userId, username }];
  });
}

/** The field of a message with names; none without any. */
export function someNames(names: UserName[]): { names?: UserName[] } {
  return names.length === 0 ? {} : { names };
}
