/**
 * `presence:join`: a seat in the match of a user one can see.
 *
 * The viewer must be allowed to see the user and must be shown a match id; a
 * room id in a status is a capability, but it opens no door of its own: the
 * match room decides about this viewer as if it had joined by id, and what
 * cannot be asked is denied, unless `authorizeJoin` decides instead.
 */
import { PresenceError, type JoinReply, type Presence } from '../protocol.ts';
import { runHook } from './hooks.ts';
import type { Match, ResolvedOptions, Viewer } from '../options.ts';

/** Matchmaking, as far as a jump needs it. Implemented by the edge. */
export interface Matchmaking {
  find(roomId: string): Promise<(Match & { locked: boolean }) | null>;
  /** What the match room itself says of this viewer: its auth, or `true`; throws when it refuses or cannot be asked. */
  authorize(match: Match, viewer: Viewer, identify: ResolvedOptions['identify']): Promise<unknown>;
  /** The seat that waits for this user in this match already. */
  heldSeat(match: Match, viewer: Viewer): Promise<JoinReply | undefined>;
  /** Throws when the match has no free seat. Without `auth` the match room authenticates the player when it takes the seat. */
  reserve(match: Match, auth: unknown, viewer: Viewer): Promise<JoinReply>;
}

/** The presence to jump to: the one asked for, or the most recent one in a match. */
export function pickMatch(presences: readonly Presence[], connectionId: string | undefined): Presence {
  const candidates =
    connectionId === undefined ? presences : presences.filter((presence) => presence.connectionId === connectionId);
  if (candidates.length === 0) {
    throw new PresenceError('not_visible');
  }
  const joinable = candidates.findLast(({ matchId }) => matchId !== undefined);
  if (joinable === undefined) {
    throw new PresenceError('no_match');
  }
  return joinable;
}

export async function jumpIn(
  viewer: Viewer,
  presence: Presence,
  options: ResolvedOptions,
  matchmaking: Matchmaking,
): Promise<JoinReply> {
  const { canJoin, authorizeJoin, hookTimeoutMs, identify } = options;
  const match = await matchmaking.find(presence.matchId!);
  const held = match === null ? undefined : await matchmaking.heldSeat(match, viewer);
  // A seat that waits for this user may be the one that fills the match.
  requireOpen(match, held !== undefined);
  if (canJoin !== undefined && !(await runHook('canJoin', () => canJoin(viewer, presence, match), hookTimeoutMs))) {
    throw new PresenceError('match_denied');
  }
  const auth: unknown =
    authorizeJoin === undefined
      ? await denied(async () => runHook('onAuth', () => matchmaking.authorize(match, viewer, identify), hookTimeoutMs))
      : await runHook('authorizeJoin', () => authorizeJoin(viewer, match), hookTimeoutMs);
  if (auth === false || auth === null || auth === undefined) {
    throw new PresenceError('match_denied');
  }
  if (held !== undefined) {
    return held;
  }
  try {
    // As Colyseus reads an answer of `onAuth`: `true` says nothing of who it is.
    return await matchmaking.reserve(match, auth === true ? undefined : withoutSessionId(auth), viewer);
  } catch {
    // Somebody was faster, or the match has just ended: ask again which.
    requireOpen(await matchmaking.find(match.roomId), false);
    throw new PresenceError('unavailable');
  }
}

function requireOpen(
  match: (Match & { locked: boolean }) | null,
  hasSeat: boolean,
): asserts match is Match & { locked: boolean } {
  if (match === null) {
    throw new PresenceError('match_gone');
  }
  if (hasSeat) {
    return;
  }
  if (match.clients >= match.maxClients) {
    throw new PresenceError('match_full');
  }
  if (match.locked) {
    throw new PresenceError('match_locked');
  }
}

async function denied<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch {
    throw new PresenceError('match_denied');
  }
}

/** A `sessionId` in an auth payload would become the seat's session id. */
function withoutSessionId(auth: unknown): unknown {
  if (typeof auth !== 'object' || auth === null || !('sessionId' in auth)) {
    return auth;
  }
  const { sessionId: _, ...rest } = auth;
  return rest;
}
