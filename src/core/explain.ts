/** Why a viewer sees a user as it does: what `view.ts` decides, with its reason. Pure. */
import { hiddenBy, look, shownOf } from './view.ts';
import type { GeneralStatus, Presence } from '../protocol.ts';
import type { Connection, Delivery, User } from './model.ts';

/** `unseen`: nothing of the user is visible to anybody, as far as is known here. */
export type ViewReason =
  'visible' | 'self' | 'blocked' | 'refused' | 'not_followed' | 'unseen' | 'unknown' | 'redacted' | 'away' | 'behind';

/** What one connection of a viewer sees of a user. */
export interface Sight {
  readonly connectionId: string;
  readonly reason: ViewReason;
  readonly follows: boolean;
  readonly delivery: Delivery;
  readonly general: GeneralStatus;
  readonly presences: readonly Presence[];
  /** Presences that `redact` takes away from it. */
  readonly redacted: number;
}

const NOTHING = { general: 'unlogined', presences: [], redacted: 0 } as const;

/** `user`: as it is known here; `undefined` when it is not. `isKnown`: whether all that other processes say of it has been read. */
export function explain(viewer: Connection, userId: string, user: User | undefined, isKnown: boolean): Sight {
  const { connectionId, delivery } = viewer;
  const follows = user !== undefined && viewer.follows.has(user);
  const sight = { connectionId, delivery, follows };
  if (user === undefined) {
    return { ...sight, ...NOTHING, reason: hiddenBy(viewer, userId) ?? 'not_followed' };
  }
  const seen = look(viewer, user, false, !follows);
  const presences = shownOf(seen).map(({ box }) => box.presence);
  const redacted = seen.connections.size - presences.length;
  return {
    ...sight,
    general: seen.general,
    presences,
    redacted,
    reason: reasonOf(viewer, user, isKnown, presences.length === 0 && redacted > 0),
  };
}

function reasonOf(viewer: Connection, user: User, isKnown: boolean, isRedacted: boolean): ViewReason {
  if (viewer.user === user) {
    return 'self';
  }
  const hidden = hiddenBy(viewer, user.userId);
  if (hidden !== undefined) {
    return hidden;
  }
  if (!viewer.follows.has(user)) {
    return 'not_followed';
  }
  if (user.visible.size === 0) {
    return isKnown ? 'unseen' : 'unknown';
  }
  if (isRedacted) {
    return 'redacted';
  }
  return viewer.delivery === 'away' || viewer.delivery === 'behind' ? viewer.delivery : 'visible';
}
