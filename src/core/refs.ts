/**
 * The numbers that stand for users and connections in the schema state. A
 * number is derived from the id alone, not allocated: it does not depend on
 * other users, so it tells a viewer nothing about them. Two
 * ids may share a number; `wire/aliases.ts` tells them apart where one viewer
 * holds both. The index kept here only notices that ids share a number.
 *
 * All numbers stay below 2^24, which a 32-bit float holds exactly (Unity reads
 * them as floats). The remainder by 4 tells what has the number: 0 a user, 1
 * the map of its connections, 2 or 3 a connection. 0 and 1 themselves are the
 * root of the state and its map of users.
 */
import type { User } from './model.ts';

/** 32 pseudo-random bits of a text. Without the key nobody can predict or choose them. */
export type KeyedHash = (text: string) => number;

const USER_NUMBERS = 2 ** 22 - 1;
const CONNECTION_NUMBERS = 2 ** 23;

/** A user, or a connection of a user, that has a number. */
export interface Holder {
  readonly id: string;
  readonly user: User;
}

export class Refs {
  readonly #hash: KeyedHash;
  /** Who has a number at present, on the whole process. */
  readonly #holders = new Map<number, Holder[]>();

  constructor(hash: KeyedHash) {
    this.#hash = hash;
  }

  /** The number of a user; the one after it is the map of its connections. */
  ofUser(userId: string): number {
    return this.#userNumber(userId);
  }

  ofConnection(connectionId: string): number {
    return this.#connectionNumber(connectionId);
  }

  /** Another number of the same kind as `ref` for what is named `key`. */
  alias(ref: number, key: string, attempt: number): number {
    const text = `alias ${attempt} ${key}`;
    return ref % 4 === 0 ? this.#userNumber(text) : this.#connectionNumber(text);
  }

  #userNumber(text: string): number {
    return 4 * ((this.#hash(text) % USER_NUMBERS) + 1);
  }

  #connectionNumber(text: string): number {
    const slot = this.#hash(text) % CONNECTION_NUMBERS;
    return 4 * (slot >>> 1) + 2 + (slot & 1);
  }

  /** `id`, which is `user` or a connection of it, may be in somebody's state from now on. Idempotent. */
  hold(ref: number, id: string, user: User): void {
    const holders = this.#holders.get(ref);
    if (holders === undefined) {
      this.#holders.set(ref, [{ id, user }]);
    } else if (!holders.some((holder) => holder.id === id)) {
      holders.push({ id, user });
    }
  }

  /** `id` is in no client's state any more. Idempotent. */
  release(ref: number, id: string): void {
    const holders = this.#holders.get(ref)?.filter((holder) => holder.id !== id);
    if (holders?.length === 0) {
      this.#holders.delete(ref);
    } else if (holders !== undefined) {
      this.#holders.set(ref, holders);
    }
  }

  /** What else has the number of `id`. What a viewer is sent, and when, may depend only on those it sees. */
  rivals(ref: number, id: string): Holder[] {
    return this.#holders.get(ref)?.filter((holder) => holder.id !== id) ?? [];
  }

  /** Numbers in use. */
  get size(): number {
    return this.#holders.size;
  }
}
