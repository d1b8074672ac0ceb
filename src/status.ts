/**
 * The status value: its limit, the JSON inside it, and what is derived from the
 * visible connections of a user. Pure; also used by the client.
 */
import type { EndedStatus, GeneralStatus, Presence } from './protocol.ts';

/** Maximum of characters in a user id, and in the `matchId` of a status. */
export const MAX_ID_LENGTH = 128;

/** Whether `text` has at most `limit` UTF-8 bytes. Exact; touches the characters only when the answer is not obvious from the length. */
export function fitsBytes(text: string, limit: number): boolean {
  if (text.length * 3 <= limit) {
    return true;
  }
  if (text.length > limit) {
    return false;
  }
  let bytes = text.length;
  for (let i = 0; i < text.length && bytes <= limit; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7ff) {
      // A surrogate pair is 4 bytes for 2 units: one extra each. A lone one becomes U+FFFD: two extra.
      bytes += isPairAt(text, i) ? 1 : 2;
    } else if (unit > 0x7f) {
      bytes += 1;
    }
  }
  return bytes <= limit;
}

function isPairAt(text: string, i: number): boolean {
  const unit = text.charCodeAt(i);
  if (unit >= 0xd800 && unit <= 0xdbff) {
    const next = text.charCodeAt(i + 1);
    return next >= 0xdc00 && next <= 0xdfff;
  }
  if (unit >= 0xdc00 && unit <= 0xdfff) {
    const previous = text.charCodeAt(i - 1);
    return previous >= 0xd800 && previous <= 0xdbff;
  }
  return false;
}

/** The JSON object inside a status; `undefined` when it is plain text, another JSON value or broken JSON. */
export function parseDetails(status: string): Record<string, unknown> | undefined {
  if (!/^\s*\{/.test(status)) {
    return undefined;
  }
  try {
    const value: unknown = JSON.parse(status);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** The match of a status: the non-empty string `matchId` (at most 128 characters) in its JSON object. */
export function matchIdOf(status: string): string | undefined {
  // Most statuses carry no match: skip the JSON parser for them. The name may be written with escapes.
  if (!status.includes('"matchId"') && !status.includes('\\u')) {
    return undefined;
  }
  const details = parseDetails(status);
  const matchId = details !== undefined && Object.hasOwn(details, 'matchId') ? details['matchId'] : undefined;
  return typeof matchId === 'string' && matchId !== '' && matchId.length <= MAX_ID_LENGTH && matchId.isWellFormed()
    ? matchId
    : undefined;
}

/** Whether both look the same to a follower. */
export function samePresence(a: Presence | null, b: Presence | null): boolean {
  return (
    a === b ||
    (a !== null &&
      b !== null &&
      a.status === b.status &&
      a.matchId === b.matchId &&
      sameValue(a.match, b.match) &&
      sameValue(a.party, b.party) &&
      a.username === b.username &&
      a.connectionId === b.connectionId &&
      a.userId === b.userId)
  );
}

/** Whether two JSON values are the same, with their fields in the same order. */
export function sameValue(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** The status most recently set among these presences. A connection that is only in a match has none. */
export function customStatusOf(presences: readonly Presence[]): string {
  return presences.findLast(({ status, match }) => status !== '' || match === undefined)?.status ?? '';
}

/** The general status of a user with this many visible connections. `last`: the status without any. */
export function generalOf(visible: number, last: EndedStatus): GeneralStatus {
  return visible > 0 ? 'online' : last;
}

const ID_FORBIDDEN = new Set(['__proto__']);

/** Whether `value` can be a user id: a well-formed string of 1 to 128 characters, except `__proto__`. */
export function isUserId(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.length <= MAX_ID_LENGTH &&
    value.isWellFormed() &&
    !ID_FORBIDDEN.has(value)
  );
}
