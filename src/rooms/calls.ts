/** What several requests have in common. */
import { visibleIds } from '../core/hooks.ts';
import { look, shownOf } from '../core/view.ts';
import { PresenceError } from '../protocol.ts';
import type { Box } from '../core/box.ts';
import type { Connection } from '../core/model.ts';
import type { Runtime } from '../server/runtime.ts';

/** Counts a call and its ids against the rate limits of the user. */
export function takeCall({ user: { userId }, options }: Connection, ids: number, { budgets, clock }: Runtime): void {
  budgets.take(userId, ids, options, clock.now());
}

/** The connections of the user as this viewer sees them: a follower, or another device of the user. Throws `not_visible` for everybody else. */
export async function shownBoxes(connection: Connection, userId: string, { tracker }: Runtime): Promise<Box[]> {
  const user = tracker.users.get(userId);
  if (
    user === undefined ||
    !(connection.follows.has(user) || connection.user === user) ||
    !(await visibleIds(connection.options, connection.viewer, [userId])).includes(userId)
  ) {
    throw new PresenceError('not_visible');
  }
  // Not the own connection: a match id in the own status leads nowhere.
  return shownOf(look(connection, user))
    .filter(({ box }) => box.presence.connectionId !== connection.connectionId)
    .map(({ box }) => box);
}
