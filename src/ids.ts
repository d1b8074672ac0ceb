/** User ids as a game may hold them: databases count their users, presence names them by texts. Pure; also used by the client. */
import { isUserId, MAX_ID_LENGTH } from './status.ts';
import { given } from './wording.ts';

/** A user id: a text of 1 to 128 characters, or a whole number, which stands for its decimal text. */
export type UserIdLike = string | number | bigint;

/** The user id that `value` stands for; `undefined` when it stands for none. */
export function toUserId(value: unknown): string | undefined {
  const id = typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : value;
  return isUserId(id) ? id : undefined;
}

/** The ids in a list, and what in it is none. */
export function sortOutIds(values: Iterable<unknown>): { ids: string[]; others: unknown[] } {
  const ids: string[] = [];
  const others: unknown[] = [];
  for (const value of values) {
    const id = toUserId(value);
    if (id === undefined) {
      others.push(value);
    } else {
      ids.push(id);
    }
  }
  return { ids, others };
}

/** For a message: `3 entries that are not user ids, the first: null`. */
export function notIds(others: readonly unknown[]): string {
  const entries =
    others.length === 1 ? 'an entry that is not a user id' : `${others.length} entries that are not user ids`;
  return `${entries}${others.length === 1 ? '' : ', the first'}: ${given(others[0])}`;
}

/** What a single id should have been, and what it was. */
export function notAnId(value: unknown): string {
  return `A user id has to be a string of 1 to ${MAX_ID_LENGTH} characters or a whole number, but is ${given(value)}.`;
}
