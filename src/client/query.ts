/** Reads statuses without following. */
import { PresenceError, type UserStatus } from '../protocol.ts';
import { sortOutIds, type UserIdLike } from '../ids.ts';
import { eachChunk } from './chunk.ts';
import { badIds, requireList } from './follows.ts';
import { readQueryReply } from './inbound.ts';
import type { Requests } from './requests.ts';

/** Maximum of ids in one query, by the server's default. */
const MAX_IDS = 500;

/**
 * The statuses of these users, queried in chunks. Users that may not be seen are
 * left out; when no user is left it fails with `not_visible`. What cannot be an
 * id is left out, too; when no id is left it fails with `invalid_payload`.
 */
export async function queryUsers(
  requests: Requests,
  ids: readonly UserIdLike[],
  maxBytes: number,
): Promise<UserStatus[]> {
  const { ids: usable, others } = sortOutIds(requireList(ids));
  if (usable.length === 0 && others.length > 0) {
    throw badIds(others);
  }
  const users: UserStatus[] = [];
  const since = performance.now();
  let seen = ids.length === 0;
  await eachChunk([...new Set(usable)], { maxIds: MAX_IDS, maxBytes }, async (chunk) => {
    try {
      const reply = await requests.call('presence:query', { userIds: chunk }, readQueryReply, { since });
      users.push(...reply.users);
      seen = true;
    } catch (error) {
      if (!(error instanceof PresenceError) || error.code !== 'not_visible') {
        throw error;
      }
    }
  });
  if (!seen) {
    throw new PresenceError('not_visible');
  }
  return users;
}
