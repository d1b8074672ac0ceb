/** Reads statuses without following. */
import { PresenceError, type UserStatus } from '../protocol.ts';
import { isUserId } from '../status.ts';
import { eachChunk } from './chunk.ts';
import { badIds } from './follows.ts';
import { readQueryReply } from './inbound.ts';
import type { Requests } from './requests.ts';

/** Ids in one query that a server takes by default. */
const MAX_IDS = 500;

/**
 * The statuses of those of these users that may be seen, asked for in chunks.
 * Strings that cannot be ids are left out; `invalid_payload` when that is all of
 * them. `not_visible` when none of the users may be seen.
 */
export async function queryUsers(requests: Requests, ids: readonly string[], maxBytes: number): Promise<UserStatus[]> {
  const usable = Array.isArray(ids) ? [...new Set(ids.filter(isUserId))] : null;
  if (usable === null || (usable.length === 0 && ids.length > 0)) {
    throw badIds();
  }
  const users: UserStatus[] = [];
  const since = performance.now();
  let seen = ids.length === 0;
  await eachChunk(usable, { maxIds: MAX_IDS, maxBytes }, async (chunk) => {
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
