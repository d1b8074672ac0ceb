/** The option `resolveFollows`: the game's own friend list. */
import { HookError, reasonOf, runHook } from '../core/hooks.ts';
import { notIds, sortOutIds } from '../ids.ts';
import { given } from '../wording.ts';
import { hasEnded } from '../core/derived.ts';
import type { Connection } from '../core/model.ts';
import type { Runtime } from '../server/runtime.ts';

/** Follows the game's own friend list. A hook that fails leaves the connection without those follows, and a line in the log. */
export async function followFriends(connection: Connection, { tracker, log }: Runtime): Promise<void> {
  const { resolveFollows, hookTimeoutMs } = connection.options;
  if (resolveFollows === undefined) {
    return;
  }
  const pending = tracker.following.begin(connection);
  try {
    const friends: unknown = await runHook('resolveFollows', () => resolveFollows(connection.viewer), hookTimeoutMs);
    if (!(friends instanceof Set || Array.isArray(friends))) {
      throw new HookError('resolveFollows', `it must return a list of user ids, but returned ${given(friends)}`);
    }
    const { ids, others } = sortOutIds(friends);
    if (others.length > 0) {
      log.warn(
        `[presence:friend_list_ids] The hook "resolveFollows" returned ${notIds(others)}. The others are followed.`,
      );
    }
    await tracker.following.followFor(connection, ids, pending);
  } catch (error) {
    if (!hasEnded(connection)) {
      log.warn(
        `[presence:friend_list_failed] User ${JSON.stringify(connection.user.userId)} does not follow its friend list: ${reasonOf(error)}`,
      );
    }
  } finally {
    pending.end();
  }
}
