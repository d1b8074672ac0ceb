/** What followers would have been told between two states of one user. Pure. */
import type { Presence } from '../protocol.ts';
import { samePresence } from '../status.ts';

export interface PresenceDiff {
  joins: Presence[];
  leaves: Presence[];
}

/**
 * The difference between what was held about a user and what is true now. A
 * changed status is one leave and one join of the same connection; no change
 * is nothing.
 */
export function diffPresences(held: readonly Presence[], now: readonly Presence[]): PresenceDiff {
  const before = new Map(held.map((presence) => [presence.connectionId, presence]));
  const after = new Map(now.map((presence) => [presence.connectionId, presence]));
  const differs = (presence: Presence, other: Presence | undefined): boolean =>
    other === undefined || !samePresence(presence, other);
  return {
    leaves: held.filter((presence) => differs(presence, after.get(presence.connectionId))),
    joins: [...after.values()].filter((presence) => differs(presence, before.get(presence.connectionId))),
  };
}
