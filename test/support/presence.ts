/** The presence of one connection, as its followers see it. */
import { presenceOf } from '../../src/core/match.ts';
import { matchIdOf } from '../../src/status.ts';
import type { Presence } from '../../src/protocol.ts';

/** A match that the status names is shown, unverified. */
export function makePresence(
  userId: string,
  connectionId: string,
  status: string,
  username: string | undefined,
): Presence {
  return presenceOf(
    userId,
    { connectionId, status, matchId: matchIdOf(status.toWellFormed()) },
    username,
    undefined,
    'follower',
  );
}
