/** A presence and what was encoded of it, so that each is encoded once however many hear of it. Immutable except for its slots. */
import { samePresence } from '../status.ts';
import { otherStanding, presenceOf, stayOf, type MatchRecord, type Standing } from './match.ts';
import type { Presence } from '../protocol.ts';
import type { RegisterEntry } from './registers.ts';

export interface Box {
  /** As an ordinary follower sees it. */
  readonly presence: Presence;
  /** The match behind `presence.match`, when its room says so. */
  readonly match: MatchRecord | undefined;
  /** What viewers of this standing see instead. */
  readonly other: { readonly standing: Standing; readonly box: Box; readonly friends: ReadonlySet<string> } | undefined;
  /** Slot of the codec. */
  bytes: Uint8Array | undefined;
  /** What `redact` made of it, by content: viewers that see the same share the bytes. */
  variants: Map<string, Box> | undefined;
}

export function makeBox(presence: Presence, match?: MatchRecord, other?: Box['other']): Box {
  return { presence, match, other, bytes: undefined, variants: undefined };
}

/** The box of what a process says of a connection. `all`: what is said of all connections of the user. */
export function boxOf(
  userId: string,
  entry: RegisterEntry,
  username: string | undefined,
  all: Iterable<RegisterEntry>,
): Box {
  const stay = stayOf(entry, all);
  const match = stay?.match;
  const standing = match === undefined ? undefined : otherStanding(match);
  const seenBy = (who: Standing): Presence => presenceOf(userId, entry, username, match, who);
  return makeBox(
    seenBy('follower'),
    match,
    standing && { standing, box: makeBox(seenBy(standing), match), friends: new Set(stay?.friends) },
  );
}

/** The box of `box` as a `redact` hook has changed it. The ids cannot be changed, and a match whose id it takes away is no match. */
export function variantOf(box: Box, seen: Presence): Box {
  const { userId, connectionId, matchId, match, party } = box.presence;
  const keepsParty = party !== undefined && seen.party !== undefined;
  const keepsMatch =
    match !== undefined && seen.match !== undefined && (matchId === undefined || seen.matchId === matchId);
  const presence: Presence = {
    userId,
    connectionId,
    status: seen.status.toWellFormed(),
    ...(typeof seen.matchId === 'string' && { matchId: seen.matchId.toWellFormed() }),
    ...(keepsMatch && { match }),
    ...(keepsParty && { party }),
    ...(typeof seen.username === 'string' && { username: seen.username.toWellFormed() }),
  };
  if (samePresence(presence, box.presence)) {
    return box;
  }
  const key = JSON.stringify([
    presence.status,
    presence.matchId ?? null,
    presence.username ?? null,
    keepsMatch,
    keepsParty,
  ]);
  box.variants ??= new Map();
  let variant = box.variants.get(key);
  if (variant === undefined) {
    variant = makeBox(presence, keepsMatch ? box.match : undefined);
    box.variants.set(key, variant);
  }
  return variant;
}
