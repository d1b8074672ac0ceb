/**
 * `presence:join`: a seat in the match of a user one can see.
 *
 * The viewer must be allowed to see the user and must be shown the match.
 * Knowing a room id gives no right to join: the match room decides about this
 * viewer as about anybody who joins by id, or `authorizeJoin` decides instead. A
 * match that cannot be asked is denied.
 */
import { PresenceError, type JoinReply, type Presence } from '../protocol.ts';
import { runHook, within } from './hooks.ts';
import type { Box } from './box.ts';
import { refusalOf, type MatchRecord, type Standing } from './match.ts';
import type { JoinOptions, Match, ResolvedOptions, Viewer } from '../options.ts';

/** What joining a friend needs of matchmaking. Implemented in `server/matchmaking.ts`. */
export interface Matchmaking {
  find(roomId: string): Promise<(Match & { locked: boolean }) | null>;
  /** What the match's room says of itself now, if it has `MatchPlugin`. */
  record(roomId: string): Promise<MatchRecord | undefined>;
  /** The same; `undefined` unless that user plays there. */
  recordOf(roomId: string, playerId: string): Promise<MatchRecord | undefined>;
  /** What the match room itself says of this viewer: its auth, or `true`; throws when it refuses or cannot be asked. */
  authorize(
    match: Match,
    viewer: Viewer,
    identify: ResolvedOptions['identify'],
    options: JoinOptions,
  ): Promise<unknown>;
  /** The seat that waits for this user in this match already. */
  heldSeat(match: Match, viewer: Viewer): Promise<JoinReply | undefined>;
  /** Throws when the match has no free seat. Without `auth` the match room authenticates the player when it takes the seat. */
  reserve(match: Match, auth: unknown, viewer: Viewer, options: JoinOptions): Promise<JoinReply>;
}

/** The match to join, and the player through whom. */
export interface Target {
  readonly presence: Presence;
  /** Also that of a private room: it does not leave the server. */
  readonly roomId: string;
  /** How the viewer stands to the player; `undefined`: the server has not seen the player in that match. */
  readonly standing: Standing | undefined;
}

/** The match to join: that of the given connection, or the most recent one. Throws when the viewer, by what it is shown, may not join. */
export function pickMatch(shown: readonly Pick<Box, 'presence' | 'match'>[], connectionId: string | undefined): Target {
  const candidates =
    connectionId === undefined ? shown : shown.filter(({ presence }) => presence.connectionId === connectionId);
  if (candidates.length === 0) {
    throw new PresenceError('not_visible');
  }
  const inMatch = candidates.findLast(({ presence, match }) => (match?.roomId ?? presence.matchId) !== undefined);
  if (inMatch === undefined) {
    throw new PresenceError('no_match');
  }
  const { presence, match } = inMatch;
  if (
    presence.match?.verified === true &&
    (presence.match.reason === 'policy' || presence.match.reason === 'private')
  ) {
    throw new PresenceError('match_denied');
  }
  // Followers only come here, and of a match for friends only a friend is let in.
  const standing = match?.policy === 'mutual' ? 'friend' : 'follower';
  return match === undefined
    ? { presence, roomId: presence.matchId!, standing: undefined }
    : { presence, roomId: match.roomId, standing };
}

/** Who wants to join whom, and how. */
export interface JoinAttempt {
  readonly viewer: Viewer;
  readonly target: Target;
  readonly joinOptions: JoinOptions;
}

/** What reserving the seat of a viewer that may join needs. */
export interface Admission {
  readonly match: Match;
  /** The seat that waits for the viewer already. */
  readonly held: JoinReply | undefined;
  readonly auth: unknown;
  readonly options: JoinOptions;
}

/** Answers with a seat or throws one `PresenceError`, in bounded time: a match-maker that does not answer is `unavailable`. */
export async function reserveSeat(
  attempt: JoinAttempt,
  options: ResolvedOptions,
  matchmaking: Matchmaking,
): Promise<JoinReply> {
  const { match, held, auth, options: joinOptions } = await admit(attempt, options, matchmaking);
  if (held !== undefined) {
    return held;
  }
  const ask = asker(options.hookTimeoutMs);
  try {
    return await ask(async () => matchmaking.reserve(match, auth, attempt.viewer, joinOptions));
  } catch {
    // Somebody else took the last seat, or the match has just ended: find out which.
    requireOpen(await ask(async () => matchmaking.find(match.roomId)), false);
    throw new PresenceError('unavailable');
  }
}

/** Whether the viewer would get a seat. Reserves none. */
export async function admit(
  { viewer, target: { presence, roomId, standing }, joinOptions: wanted }: JoinAttempt,
  options: ResolvedOptions,
  matchmaking: Matchmaking,
): Promise<Admission> {
  const { canJoin, authorizeJoin, hookTimeoutMs, identify } = options;
  const ask = asker(hookTimeoutMs);
  const match = await ask(async () => matchmaking.find(roomId));
  const held = match === null ? undefined : await ask(async () => matchmaking.heldSeat(match, viewer));
  // A seat that waits for this user may be the one that fills the match.
  requireOpen(match, held !== undefined);
  requireWelcome(await ask(async () => matchmaking.record(roomId)), standing);
  if (canJoin !== undefined && !(await runHook('canJoin', () => canJoin(viewer, presence, match), hookTimeoutMs))) {
    throw new PresenceError('match_denied');
  }
  const joinOptions = await optionsFor(viewer, match, wanted, options);
  const auth: unknown =
    authorizeJoin === undefined
      ? await denied(async () =>
          runHook('onAuth', () => matchmaking.authorize(match, viewer, identify, joinOptions), hookTimeoutMs),
        )
      : await runHook('authorizeJoin', () => authorizeJoin(viewer, match, joinOptions), hookTimeoutMs);
  if (auth === false || auth === null || auth === undefined) {
    throw new PresenceError('match_denied');
  }
  // As in Colyseus: `true` from `onAuth` lets the player in, but carries no auth data.
  return { match, held, auth: auth === true ? undefined : withoutSessionId(auth), options: joinOptions };
}

function asker(ms: number): <T>(run: () => Promise<T>) => Promise<T> {
  return async (run) =>
    within(ms, run, () => new PresenceError('unavailable')).catch((cause: unknown) => {
      throw cause instanceof PresenceError ? cause : new PresenceError('unavailable', { cause });
    });
}

async function optionsFor(
  viewer: Viewer,
  match: Match,
  wanted: JoinOptions,
  { joinOptions: hook, hookTimeoutMs }: ResolvedOptions,
): Promise<JoinOptions> {
  if (hook === undefined) {
    return wanted;
  }
  const given: unknown = await runHook('joinOptions', () => hook(viewer, match, wanted), hookTimeoutMs);
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new PresenceError('match_denied');
  }
  return given as JoinOptions;
}

export function requireOpen(
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

/** What the viewer was shown may be out of date: the room has the last word on who may join, and on who is in it. */
function requireWelcome(record: MatchRecord | undefined, standing: Standing | undefined): void {
  if (record === undefined ? standing !== undefined : standing === undefined) {
    throw new PresenceError('no_match');
  }
  if (record !== undefined && standing !== undefined && refusalOf(record, standing) !== undefined) {
    throw new PresenceError('match_denied');
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
