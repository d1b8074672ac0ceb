/**
 * What travels between processes and what is stored, and nothing else: a
 * tagged union in an envelope with a version. Whatever does not fit (foreign
 * messages, broken JSON, another version) decodes to `null`; fields that a
 * newer release added at the same version are ignored.
 */
import { isUserId, MAX_ID_LENGTH } from '../status.ts';
import { MAX_EPOCH, type Register, type RegisterEntry } from '../core/registers.ts';

/** Of a status, a username, a match id, in characters: far more than any process sends. */
const MAX_TEXT_LENGTH = 65_536;
/** Visible connections of one user on one process. */
const MAX_ENTRIES = 10_000;
/** Far above what a process counts to, and far below where numbers lose their units: a process can always go above what it hears. */
const MAX_SEQ = 2 ** 48;
const MAX_TIME = 8.64e15;
/** Users in one `ask`. */
export const MAX_ASKED_USERS = 500;

/** Bumped when an older release would misread a newer one. */
const ENVELOPE_VERSION = 1;

/** Longest name of an incarnation, in characters. */
const MAX_INCARNATION_LENGTH = 256;

interface WireEntry {
  c: string;
  s: string;
  t: number;
  m?: string;
  k?: number;
  h?: number;
}

/** A register on the wire and in the shared store. Short names: it is the bulk of the traffic. */
export interface RegisterEnvelope {
  v: typeof ENVELOPE_VERSION;
  /** The incarnation that speaks. */
  f: string;
  s: number;
  n?: string;
  e: WireEntry[];
  l?: 'offline' | 'unlogined';
  /** Said by another process in its place: no sign of life of it. */
  p?: 1;
}

/** On the control topic. */
export type ControlMessage =
  /** Alive. `n` counts up, so that a process recognises its own echo. */
  | { kind: 'beat'; n: number }
  /** Leaving. With `handoffMs`: what it said stays true for so long. */
  | { kind: 'bye'; handoffMs?: number }
  /** Something of `to` is missing or too old in the store: it is to write these users again, with numbers above `above`. */
  | { kind: 'ask'; to: string; userIds: string[]; above: number }
  | { kind: 'command'; command: unknown };

export interface Received<T> {
  from: string;
  body: T;
  /** Said by another process in its place. */
  byProxy?: boolean;
}

export function encodeRegister(from: string, { seq, username, entries, last }: Register): RegisterEnvelope {
  return {
    v: ENVELOPE_VERSION,
    f: from,
    s: seq,
    ...(username !== undefined && { n: username }),
    e: entries.map(({ connectionId, status, setAt, matchId, epoch, handoffUntil }) => ({
      c: connectionId,
      s: status,
      t: setAt,
      ...(matchId !== undefined && { m: matchId }),
      ...(epoch !== undefined && epoch > 0 && { k: epoch }),
      ...(handoffUntil !== undefined && { h: handoffUntil }),
    })),
    ...(last !== undefined && { l: last }),
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
    },
  };
}

/** A field of a user's hash: a register as text, said by the incarnation the field is named after. */
export function parseRegister(incarnation: string, text: unknown): Register | null {
  if (typeof text !== 'string') {
    return null;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const received = decodeRegister(value);
  return received !== null && received.from === incarnation ? received.body : null;
}

export function encodeControl(from: string, message: ControlMessage): Record<string, unknown> {
  return { v: ENVELOPE_VERSION, f: from, ...message };
}

export function decodeControl(value: unknown): Received<ControlMessage> | null {
  const envelope = openEnvelope(value);
  if (envelope === null) {
    return null;
  }
  const { f: from, kind, n, handoffMs, to, userIds, above, command } = envelope;
  switch (kind) {
    case 'beat':
      return isFinite(n) ? { from, body: { kind, n } } : null;
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

function isUserIds(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= MAX_ASKED_USERS && value.every(isUserId);
}

function openEnvelope(value: unknown): (Record<string, unknown> & { f: string }) | null {
  if (typeof value !== 'object' || value === null) {
    return null;
  }
  const envelope = value as Record<string, unknown>;
  const from = envelope['f'];
  return envelope['v'] === ENVELOPE_VERSION &&
    typeof from === 'string' &&
    from !== '' &&
    from.length <= MAX_INCARNATION_LENGTH
    ? { ...envelope, f: from }
    : null;
}

function decodeEntry(value: unknown): RegisterEntry | null {
  if (typeof value !== 'object' || value === null) {
    return null;
  }
  const { c, s, t, m, k, h } = value as Record<string, unknown>;
  // The id goes into followers' frames as it is.
  if (
    typeof c !== 'string' ||
    c === '' ||
    c.length > MAX_ID_LENGTH ||
    !c.isWellFormed() ||
    !isText(s) ||
    !isTime(t) ||
    !(m === undefined || isText(m)) ||
    !(k === undefined || isCount(k, MAX_EPOCH)) ||
    !(h === undefined || isTime(h))
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
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT_LENGTH;
}

function isCount(value: unknown, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max;
}

/** Milliseconds since the epoch that `Date` can hold. */
function isTime(value: unknown): value is number {
  return isFinite(value) && Math.abs(value) <= MAX_TIME;
}

function isFinite(value: unknown): value is number {
  return Number.isFinite(value);
}
