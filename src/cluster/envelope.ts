/**
 * The format of messages between processes and of values in the store: a tagged
 * union in an envelope with a version. Anything else (foreign messages, broken
 * JSON, another version) decodes to `null`; fields that a newer release added
 * without a new version are ignored.
 */
import { isUserId, MAX_ID_LENGTH } from '../status.ts';
import { MAX_EPOCH, MAX_SET_AT, type Register, type RegisterEntry } from '../core/registers.ts';
import { isJoinPolicy, type MatchRecord } from '../core/match.ts';

/** Maximum of characters in a status, a username or a match id: far more than any process sends. */
const MAX_TEXT_LENGTH = 65_536;
/** Maximum of visible connections of one user on one process. */
const MAX_ENTRIES = 10_000;
/** Maximum of a sequence number. Far below the largest safe integer, so that a process can always use a higher number than the one it received. */
const MAX_SEQ = 2 ** 48;
/** Maximum of users whom one user is said to follow: far more than any process says. */
const MAX_FRIENDS = 10_000;
/** Maximum of users in one `ask`. */
export const MAX_ASKED_USERS = 500;

/** Of the envelopes in this file. Bumped when an older release would misread a newer one: `formats.ts` then gets the way between the two. */
export const ENVELOPE_VERSION = 1;

/** Maximum of characters in a stored register: far more than any process writes, and too few to stall one that reads it. */
const MAX_STORED_LENGTH = 4 * 1024 * 1024;
/** Maximum of characters in the name of an incarnation. */
const MAX_INCARNATION_LENGTH = 256;

interface WireEntry {
  c: string;
  s: string;
  t: number;
  m?: string;
  k?: number;
  h?: number;
  /** See `MatchRecord`. */
  r?: object;
  w?: readonly string[];
  /** Party: id and size. */
  g?: readonly [string, number];
}

/** A register on the wire and in the shared store. Its field names are short because most of the traffic is registers. */
export interface RegisterEnvelope {
  v: typeof ENVELOPE_VERSION;
  /** The incarnation whose register this is. */
  f: string;
  s: number;
  n?: string;
  e: WireEntry[];
  l?: 'offline' | 'unlogined';
  /** A connection there has chosen to be invisible. */
  d?: 1;
  /** Whom the user follows there. */
  w?: readonly string[];
  /** Another process sent this for it, so it is no sign that the incarnation is alive. */
  p?: 1;
}

/** A message on the control topic. */
export type ControlMessage =
  /** A heartbeat. `n` counts up, so that a process recognises its own echo. `reads`: the newest version of the format that it reads. */
  | { kind: 'beat'; n: number; reads?: number }
  /** The process leaves. With `handoffMs`: its registers stay valid for that time. */
  | { kind: 'bye'; handoffMs?: number }
  /** The store lacks registers of `to` or holds old ones: `to` has to write these users again, with sequence numbers above `above`. */
  | { kind: 'ask'; to: string; userIds: string[]; above: number }
  | { kind: 'command'; command: unknown };

export interface Received<T> {
  from: string;
  body: T;
  /** Another process sent this for `from`. */
  byProxy?: boolean;
}

export function encodeRegister(
  from: string,
  { seq, username, entries, last, hides, follows }: Register,
): RegisterEnvelope {
  return {
    v: ENVELOPE_VERSION,
    f: from,
    s: seq,
    ...(username !== undefined && { n: username }),
    e: entries.map(({ connectionId, status, setAt, matchId, epoch, handoffUntil, match, friends, party }) => ({
      c: connectionId,
      s: status,
      t: setAt,
      ...(matchId !== undefined && { m: matchId }),
      ...(epoch !== undefined && epoch > 0 && { k: epoch }),
      ...(handoffUntil !== undefined && { h: handoffUntil }),
      ...(match !== undefined && { r: match }),
      ...(friends !== undefined && { w: friends }),
      ...(party !== undefined && { g: [party.id, party.size] as const }),
    })),
    ...(last !== undefined && { l: last }),
    ...(hides === true && { d: 1 }),
    ...(follows !== undefined && { w: follows }),
  };
}

export function decodeRegister(value: unknown): Received<Register> | null {
  const envelope = openEnvelope(value);
  if (envelope === null) {
    return null;
  }
  const { f, s, n, e, l } = envelope;
  if (!isCount(s, MAX_SEQ) || !Array.isArray(e) || e.length > MAX_ENTRIES || !(n === undefined || isText(n))) {
    return null;
  }
  const entries: RegisterEntry[] = [];
  for (const item of e as unknown[]) {
    const entry = decodeEntry(item);
    if (entry === null) {
      return null;
    }
    entries.push(entry);
  }
  return {
    from: f,
    ...(envelope['p'] !== undefined && { byProxy: true }),
    body: {
      seq: s,
      ...(n !== undefined && { username: n }),
      entries,
      ...((l === 'offline' || l === 'unlogined') && { last: l }),
      ...(envelope['d'] === 1 && { hides: true }),
      ...(isFriends(envelope['w']) && { follows: envelope['w'] }),
    },
  };
}

/** A register as the text of a field in a user's hash. It names the user: one that is found with another user means nothing. */
export function printRegister(userId: string, envelope: object): string {
  return JSON.stringify({ ...envelope, u: userId });
}

/** Decodes such a text. The name of the field is the incarnation that wrote it. `open`: see `Formats`. */
export function parseRegister(
  userId: string,
  incarnation: string,
  text: unknown,
  open: (value: unknown) => unknown = (value) => value,
): Register | null {
  if (typeof text !== 'string' || text.length > MAX_STORED_LENGTH) {
    return null;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const received = decodeRegister(open(value));
  if (received?.from !== incarnation) {
    return null;
  }
  const { u: about = userId } = value as { u?: unknown };
  return about === userId ? received.body : null;
}

export function encodeControl(from: string, message: ControlMessage): Record<string, unknown> {
  return { v: ENVELOPE_VERSION, f: from, ...message };
}

export function decodeControl(value: unknown): Received<ControlMessage> | null {
  const envelope = openEnvelope(value);
  if (envelope === null) {
    return null;
  }
  const { f: from, kind, n, reads, handoffMs, to, userIds, above, command } = envelope;
  switch (kind) {
    case 'beat':
      return isFinite(n) ? { from, body: { kind, n, ...(isCount(reads, MAX_SEQ) && { reads }) } } : null;
    case 'bye':
      if (handoffMs === undefined) {
        return { from, body: { kind } };
      }
      return isFinite(handoffMs) && handoffMs >= 0 ? { from, body: { kind, handoffMs } } : null;
    case 'ask':
      return typeof to === 'string' && isUserIds(userIds) && isCount(above, MAX_SEQ)
        ? { from, body: { kind, to, userIds, above } }
        : null;
    case 'command':
      return { from, body: { kind, command } };
    default:
      return null;
  }
}

function isFriends(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= MAX_FRIENDS && value.every(isUserId);
}

function isUserIds(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= MAX_ASKED_USERS && value.every(isUserId);
}

function openEnvelope(value: unknown): (Record<string, unknown> & { f: string }) | null {
  if (typeof value !== 'object' || value === null) {
    return null;
  }
  const envelope = value as Record<string, unknown>;
  const from = envelope['f'];
  return envelope['v'] === ENVELOPE_VERSION && isIncarnation(from) ? { ...envelope, f: from } : null;
}

/** Whether `value` can be the name of an incarnation. */
export function isIncarnation(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_INCARNATION_LENGTH;
}

function decodeEntry(value: unknown): RegisterEntry | null {
  if (typeof value !== 'object' || value === null) {
    return null;
  }
  const { c, s, t, m, k, h, r, w, g } = value as Record<string, unknown>;
  const match = r === undefined ? undefined : decodeMatch(r);
  // The id is copied into the frames of followers without any escaping.
  if (
    typeof c !== 'string' ||
    c === '' ||
    c.length > MAX_ID_LENGTH ||
    !c.isWellFormed() ||
    !isText(s) ||
    !isTime(t) ||
    !(m === undefined || isText(m)) ||
    !(k === undefined || isCount(k, MAX_EPOCH)) ||
    !(h === undefined || isTime(h)) ||
    match === null ||
    !(w === undefined || isFriends(w)) ||
    !(g === undefined || isBadge(g))
  ) {
    return null;
  }
  return {
    connectionId: c,
    status: s,
    setAt: t,
    ...(m !== undefined && { matchId: m }),
    ...(k !== undefined && { epoch: k }),
    ...(h !== undefined && { handoffUntil: h }),
    ...(match !== undefined && { match }),
    ...(w !== undefined && { friends: w }),
    ...(g !== undefined && { party: { id: g[0], size: g[1] } }),
  };
}

function isBadge(value: unknown): value is [string, number] {
  return Array.isArray(value) && value.length === 2 && isName(value[0]) && isCount(value[1], MAX_SEQ);
}

/** `null`: it is no record of a match. */
export function decodeMatch(value: unknown): MatchRecord | null {
  if (typeof value !== 'object' || value === null) {
    return null;
  }
  const { roomId, name, players, maxPlayers, block, isPrivate, policy, metadata, host } = value as Record<
    string,
    unknown
  >;
  if (
    !isName(roomId) ||
    !isName(name) ||
    !isCount(players, MAX_SEQ) ||
    !(maxPlayers === undefined || isCount(maxPlayers, MAX_SEQ)) ||
    !(block === undefined || block === 'full' || block === 'locked') ||
    typeof isPrivate !== 'boolean' ||
    !(policy === undefined || isJoinPolicy(policy)) ||
    !(host === undefined || isUserId(host))
  ) {
    return null;
  }
  return {
    roomId,
    name,
    players,
    isPrivate,
    ...(maxPlayers !== undefined && { maxPlayers }),
    ...(block !== undefined && { block }),
    ...(policy !== undefined && { policy }),
    ...(metadata !== undefined && { metadata }),
    ...(host !== undefined && { host }),
  };
}

function isName(value: unknown): value is string {
  return isText(value) && value !== '' && value.length <= MAX_ID_LENGTH && value.isWellFormed();
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT_LENGTH;
}

function isCount(value: unknown, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max;
}

/** Whether a `Date` can hold this many milliseconds since the epoch. */
function isTime(value: unknown): value is number {
  return isFinite(value) && Math.abs(value) <= MAX_SET_AT;
}

function isFinite(value: unknown): value is number {
  return Number.isFinite(value);
}
