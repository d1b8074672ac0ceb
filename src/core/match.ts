/**
 * The match a player is in: what its room says of itself, and what of that a
 * viewer is shown. `shownTo` is the whole join policy: a viewer that may not join
 * gets neither the id of the match nor a status that contains it. Pure.
 */
import { matchIdOf, parseDetails } from '../status.ts';
import type { InvitedMatch, JoinPolicy, MatchBlock, PartyBadge, Presence } from '../protocol.ts';

/** What a room says of itself, the same for all its players. Internal: see {@link shownTo}. */
export interface MatchRecord {
  readonly roomId: string;
  readonly name: string;
  readonly players: number;
  /** Default: no limit. */
  readonly maxPlayers?: number | undefined;
  readonly block?: Extract<MatchBlock, 'full' | 'locked'> | undefined;
  readonly isPrivate: boolean;
  /** Default: everyone, and nobody while the room is private. */
  readonly policy?: JoinPolicy | undefined;
  readonly metadata?: unknown;
  /** The user who answers asks to join, instead of the player. Not shown to anybody. */
  readonly host?: string | undefined;
}

/** What a process says of one connection. */
export interface Said {
  readonly connectionId: string;
  readonly status: string;
  readonly matchId?: string | undefined;
  readonly match?: MatchRecord | undefined;
  readonly party?: PartyBadge | undefined;
}

const POLICIES: readonly unknown[] = ['everyone', 'followers', 'mutual', 'invite', 'nobody'] satisfies JoinPolicy[];

export function isJoinPolicy(value: unknown): value is JoinPolicy {
  return POLICIES.includes(value);
}

/** How a viewer stands to a player. `follower`: follows the player. `friend`: each follows the other. `invited`: the player has invited the viewer. `stranger`: none of these. */
export type Standing = 'follower' | 'friend' | 'invited' | 'stranger';

/** Why the join policy refuses a viewer; `undefined`: it does not. */
export function refusalOf({ policy, isPrivate }: MatchRecord, standing: Standing): MatchBlock | undefined {
  switch (policy ?? (isPrivate ? 'private' : 'everyone')) {
    case 'everyone':
      return undefined;
    case 'followers':
      return standing === 'stranger' ? 'policy' : undefined;
    case 'mutual':
      return standing === 'friend' || standing === 'invited' ? undefined : 'policy';
    case 'invite':
      return standing === 'invited' ? undefined : 'policy';
    case 'private':
      return 'private';
    case 'nobody':
      return 'policy';
  }
}

/** The standing that sees a match otherwise than a follower; `undefined` when all see the same. */
export function otherStanding({ policy }: MatchRecord): Standing | undefined {
  return policy === 'mutual' ? 'friend' : policy === 'followers' ? 'stranger' : undefined;
}

function shownTo(
  match: MatchRecord,
  standing: Standing,
): Required<Pick<Presence, 'match'>> & Pick<Presence, 'matchId'> {
  const { roomId, name, players, maxPlayers, block, isPrivate, metadata } = match;
  const refusal = refusalOf(match, standing);
  const reason = refusal ?? block;
  return {
    ...(refusal === undefined && !isPrivate && { matchId: roomId }),
    match: {
      verified: true,
      name,
      players,
      ...(maxPlayers !== undefined && { maxPlayers }),
      joinable: reason === undefined,
      ...(reason !== undefined && { reason }),
      ...(metadata !== undefined && { metadata }),
    },
  };
}

/** What those who are invited to a match are told of it: never its id. */
export function invitedMatch({ name, players, maxPlayers, metadata }: MatchRecord): InvitedMatch {
  return {
    name,
    players,
    ...(maxPlayers !== undefined && { maxPlayers }),
    ...(metadata !== undefined && { metadata }),
  };
}

/** The user's stay in the match that the status of `entry` names; `entry` itself when it is a stay. */
export function stayOf<T extends Said>(entry: T, all: Iterable<T>): T | undefined {
  if (entry.match !== undefined) {
    return entry;
  }
  const claimed = matchIdOf(entry.status);
  if (claimed !== undefined) {
    for (const other of all) {
      if (other.match?.roomId === claimed) {
        return other;
      }
    }
  }
  return undefined;
}

/** The presence of a connection whose user is in `match`, as the server sees it. A match that only the status names is left out, unless the entry allows it. */
export function presenceOf(
  userId: string,
  { connectionId, status: text, matchId: unverified, party }: Said,
  username: string | undefined,
  match: MatchRecord | undefined,
  standing: Standing,
): Presence {
  const said = text.toWellFormed();
  const claimed = matchIdOf(said);
  const shown =
    match !== undefined
      ? shownTo(match, standing)
      : claimed !== undefined && claimed === unverified
        ? { matchId: claimed, match: { verified: false } as const }
        : {};
  return {
    userId,
    connectionId,
    status: claimed === undefined || claimed === shown.matchId ? said : withoutMatch(said, claimed),
    ...shown,
    ...(party !== undefined && { party }),
    ...(username !== undefined && { username: username.toWellFormed() }),
  };
}

/** A status without its `matchId`; empty if nothing else is in it, or if the id is. */
function withoutMatch(status: string, matchId: string): string {
  const { matchId: _, ...rest } = parseDetails(status) ?? {};
  const text = Object.keys(rest).length === 0 ? '' : JSON.stringify(rest);
  return text.includes(JSON.stringify(matchId).slice(1, -1)) ? '' : text;
}
