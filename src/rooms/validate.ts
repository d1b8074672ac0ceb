/**
 * Shapes of what clients send. Every refusal is a `PresenceError`; nothing here
 * throws anything else, whatever comes in. Empty objects may arrive as empty
 * arrays (Lua).
 */
import { PresenceError, type AnswerRequest, type PartyRequest, type Status, type Sync } from '../protocol.ts';
import { sortOutIds, toUserId } from '../ids.ts';
import { fitsBytes, isUserId, MAX_ID_LENGTH } from '../status.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** The payload as an object with no fields but `allowed`. */
export function readFields(payload: unknown, allowed: readonly string[]): Fields {
  if (payload === undefined || payload === null || (Array.isArray(payload) && payload.length === 0)) {
    return {};
  }
  if (!isPlain(payload)) {
    throw new PresenceError('invalid_payload', { message: 'The payload must be an object.' });
  }
  for (const name of Object.keys(payload)) {
    if (!allowed.includes(name)) {
      throw new PresenceError('invalid_payload', {
        message: `Unknown field ${JSON.stringify(name.slice(0, 64).toWellFormed())}.`,
      });
    }
  }
  return payload;
}

/** MessagePack also makes dates, sets, errors and binary data, which are objects to JavaScript, too. */
function isPlain(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** Names a plain message, so that its answer can be told from others. Some SDKs send every integer as 64 bits. */
export type Cid = string | number | bigint;

/** The `cid` of a plain message, as it came; `undefined` when there is none that can be echoed. */
export function readCid(payload: unknown): Cid | undefined {
  if (typeof payload !== 'object' || payload === null || !Object.hasOwn(payload, 'cid')) {
    return undefined;
  }
  const { cid } = payload as { cid: unknown };
  const fits =
    typeof cid === 'number' ||
    (typeof cid === 'bigint' && fitsWord(cid)) ||
    (typeof cid === 'string' && cid.length <= MAX_ID_LENGTH);
  return fits ? cid : undefined;
}

/** Whether MessagePack can hold it as a number: it is read from more bytes, but not written. */
function fitsWord(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value || BigInt.asUintN(64, value) === value;
}

/** `false` means `null`: the tables of some languages cannot hold a null. */
export function readStatus(given: unknown, maxBytes: number): Status {
  const value = given === false ? null : given;
  if (value !== null && typeof value !== 'string') {
    throw new PresenceError('invalid_payload', { message: '"status" must be a string or null.' });
  }
  if (value !== null && !fitsBytes(value, maxBytes)) {
    throw new PresenceError('status_too_long', { message: `The status has more than ${maxBytes} UTF-8 bytes.` });
  }
  return value;
}

/** A list of user ids, each valid; the whole list is refused otherwise. */
export function readIds(value: unknown, most: number): string[] {
  const { ids, others } = sortOutIds(readList(value, most));
  if (others.length > 0) {
    throw new PresenceError('invalid_payload', {
      message: `Every id in "userIds" must be a string of 1 to ${MAX_ID_LENGTH} characters, or a whole number.`,
    });
  }
  return ids;
}

/** The valid ids of a list; refused only when none is valid. */
export function readUsableIds(value: unknown, most: number): string[] {
  const list = readList(value, most);
  const { ids } = sortOutIds(list);
  if (ids.length === 0 && list.length > 0) {
    throw new PresenceError('invalid_payload', { message: 'No id in "userIds" is valid.' });
  }
  return ids;
}

function readList(value: unknown, most: number): unknown[] {
  // An empty list is an empty object to Lua, and the other way round. A single id stands for a list of one.
  const list: unknown = isEmptyObject(value)
    ? []
    : typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
      ? [value]
      : value;
  if (!Array.isArray(list)) {
    // Godot sends its packed arrays as null.
    const hint = list === null ? ' (in Godot a plain Array, not a PackedStringArray)' : '';
    throw new PresenceError('invalid_payload', { message: `"userIds" must be a list of user ids${hint}.` });
  }
  if (list.length > most) {
    throw new PresenceError('too_many_ids', { message: `At most ${most} ids in one call.` });
  }
  return list;
}

function isEmptyObject(value: unknown): boolean {
  return isPlain(value) && Object.keys(value).length === 0;
}

export function readUserId(value: unknown): string {
  const id = toUserId(value);
  if (id === undefined) {
    throw new PresenceError('invalid_payload', {
      message: `"userId" must be a string of 1 to ${MAX_ID_LENGTH} characters, or a whole number.`,
    });
  }
  return id;
}

export function readConnectionId(value: unknown): string {
  if (!isUserId(value)) {
    throw new PresenceError('invalid_payload', {
      message: `"connectionId" must be a string of 1 to ${MAX_ID_LENGTH} characters.`,
    });
  }
  return value;
}

/** The room id of a match. */
export function readMatchId(value: unknown): string {
  if (!isUserId(value)) {
    throw new PresenceError('invalid_payload', {
      message: `"matchId" must be a string of 1 to ${MAX_ID_LENGTH} characters.`,
    });
  }
  return value;
}

/** Absent, a boolean, or 0 or 1, which stand for one in some languages. */
export function readFlag(value: unknown): boolean {
  if (value === undefined || value === false || value === 0) {
    return false;
  }
  if (value === true || value === 1) {
    return true;
  }
  throw new PresenceError('invalid_payload', { message: '"party" must be true or false.' });
}

/** The name of a room. */
export function readMatchName(value: unknown): string {
  if (!isUserId(value)) {
    throw new PresenceError('invalid_payload', {
      message: `"name" must be a string of 1 to ${MAX_ID_LENGTH} characters.`,
    });
  }
  return value;
}

const ACTIONS: readonly unknown[] = ['leave', 'kick', 'promote', 'join', 'create'] satisfies Array<
  PartyRequest['action']
>;

export function readPartyAction(value: unknown): PartyRequest['action'] {
  if (!ACTIONS.includes(value)) {
    throw new PresenceError('invalid_payload', {
      message: '"action" must be "leave", "kick", "promote", "join" or "create".',
    });
  }
  return value as PartyRequest['action'];
}

/** An id that is none is like one that nobody has. */
export function readInviteId(value: unknown): string {
  if (typeof value !== 'string') {
    throw new PresenceError('invalid_payload', { message: '"inviteId" must be a string.' });
  }
  return value;
}

const ANSWERS: readonly unknown[] = ['accept', 'decline', 'cancel'] satisfies Array<AnswerRequest['answer']>;

export function readAnswer(value: unknown): AnswerRequest['answer'] {
  if (!ANSWERS.includes(value)) {
    throw new PresenceError('invalid_payload', { message: '"answer" must be "accept", "decline" or "cancel".' });
  }
  return value as AnswerRequest['answer'];
}

/** The join options for a match, as they would have come with any other join: as JSON. */
export function readMatchOptions(value: unknown): Record<string, unknown> {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) {
    return {};
  }
  if (isPlain(value)) {
    try {
      return JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
    } catch {
      // A bigint, or too deep.
    }
  }
  throw new PresenceError('invalid_payload', { message: '"options" must be an object that JSON can hold.' });
}

/** The join options of presence. Other fields belong to the room. */
export interface PresenceWishes {
  status: Status | undefined;
  sync: Sync;
  resume: string | undefined;
}

const SYNCS: readonly unknown[] = ['both', 'state', 'deltas'] satisfies Sync[];

/** `lenient`: invalid options belong to the room and are ignored. */
export function readJoinOptions(options: unknown, maxStatusBytes: number, lenient = false): PresenceWishes {
  const fields: Fields = typeof options === 'object' && options !== null ? (options as Fields) : {};
  const sync = own(fields, 'sync') ?? 'both';
  if (!SYNCS.includes(sync) && !lenient) {
    throw new PresenceError('invalid_payload', {
      message: 'The join option "sync" must be "both", "state" or "deltas".',
    });
  }
  const status = own(fields, 'status');
  const resume = own(fields, 'resume');
  return {
    status: status === undefined ? undefined : readJoinStatus(status, maxStatusBytes, lenient),
    sync: SYNCS.includes(sync) ? (sync as Sync) : 'both',
    resume: typeof resume === 'string' && resume.length <= MAX_ID_LENGTH ? resume : undefined,
  };
}

function readJoinStatus(status: unknown, maxBytes: number, lenient: boolean): Status | undefined {
  try {
    return readStatus(status, maxBytes);
  } catch (error) {
    if (lenient) {
      return undefined;
    }
    throw error;
  }
}

function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}
