/** The option `resolveFollows`: the game's own friend list. */
import { failureOf, HookError, reasonOf, runHook, visibleIds } from '../core/hooks.ts';
import { notIds, sortOutIds } from '../ids.ts';
import { given } from '../wording.ts';
import { hasEnded } from '../core/derived.ts';
import { namesOf, readNamed } from '../core/names.ts';
import type { Connection, Names } from '../core/model.ts';
import type { ClientSink } from '../wire/client-sink.ts';
import type { Runtime } from '../server/runtime.ts';

/** Milliseconds before the first attempt after a failure, on average; twice as many before each further one, up to a minute. */
const RETRY_MS = 1000;
const MAX_RETRY_MS = 60_000;

/**
 * Follows the game's own friend list. While the hook fails, the connection is
 * without those follows, its client is told so, and the hook is asked again.
 */
export async function followFriends(connection: Connection, { tracker, log }: Runtime): Promise<void> {
  if (connection.options.resolveFollows === undefined) {
    return;
  }
  const sink = connection.sink as ClientSink;
  const pending = tracker.following.begin(connection);
  try {
    for (let failures = 0; !hasEnded(connection); failures++) {
      try {
        const { ids, names } = await friendsOf(connection, log);
        const hasNames = names.size > 0 || connection.options.profilesOf !== undefined;
        pending.names = hasNames ? await namesOf(connection, ids, log, names) : undefined;
        await tracker.following.followFor(connection, ids, pending);
        if (failures > 0) {
          sink.friends(undefined);
        }
        return;
      } catch (error) {
        if (hasEnded(connection)) {
          return;
        }
        log.warn(
          `[presence:friend_list_failed] User ${JSON.stringify(connection.user.userId)} does not follow its friend list: ${reasonOf(error)}`,
        );
        const failure = failureOf(error);
        if (!failure.retryable) {
          sink.friends(failure.toBody());
          return;
        }
        const retryAfterMs = failure.retryAfterMs ?? pauseMs(failures);
        sink.friends({ ...failure.toBody(), retryAfterMs });
        await sleep(retryAfterMs);
      }
    }
  } finally {
    pending.end();
  }
}

/** The users that the connection follows by its own request. */
export function followsOf({ follows }: Connection): string[] {
  return [...follows].flatMap(([{ userId }, origin]) => (origin === 'client' ? [userId] : []));
}

/** Follows again the users that the client followed before its room was recreated, if it still may. */
export async function followAgain(
  connection: Connection,
  userIds: readonly string[],
  { tracker, log }: Runtime,
): Promise<void> {
  if (userIds.length === 0) {
    return;
  }
  const pending = tracker.following.begin(connection);
  try {
    const allowed = new Set(await visibleIds(connection.options, connection.viewer, userIds));
    const refused = new Set(userIds.filter((userId) => !allowed.has(userId)));
    pending.names = connection.options.profilesOf && (await namesOf(connection, userIds, log));
    await tracker.following.follow(pending, userIds, 'client', refused, ({ users }) => {
      connection.sink.snapshot(users, 'some');
    });
  } catch (error) {
    if (!hasEnded(connection)) {
      log.warn(
        `[presence:follow_failed] A client does not follow again the users it followed before its room was recreated: ${reasonOf(error)}`,
      );
    }
  } finally {
    pending.end();
  }
}

async function friendsOf(
  { options, viewer }: Connection,
  log: Runtime['log'],
): Promise<{ ids: string[]; names: Names }> {
  const { resolveFollows, hookTimeoutMs } = options;
  const friends: unknown = await runHook('resolveFollows', () => resolveFollows!(viewer), hookTimeoutMs);
  if (!(friends instanceof Set || Array.isArray(friends))) {
    throw new HookError('resolveFollows', `it must return a list of user ids, but returned ${given(friends)}`);
  }
  const names: Names = new Map();
  const entries = [...(friends as Iterable<unknown>)].map((entry) => {
    const named = readNamed(entry);
    if (named?.username !== undefined) {
      names.set(named.userId, named.username);
    }
    return named?.userId ?? entry;
  });
  const { ids, others } = sortOutIds(entries);
  if (others.length > 0) {
    log.warn(
      `[presence:friend_list_ids] The hook "resolveFollows" returned ${notIds(others)}. The others are followed.`,
    );
  }
  return { ids, names };
}

/** Random, so that the players of a database that was down do not all ask at once. */
function pauseMs(failures: number): number {
  return Math.round(Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** failures) * (0.5 + Math.random()));
}

async function sleep(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, Math.min(ms, MAX_RETRY_MS)).unref();
  });
}
