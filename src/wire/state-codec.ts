/**
 * Writes the schema state in the format of `@colyseus/schema`. docs/engines.md says which decoders have read it.
 *
 * The library's own encoder computes the changes of each view: with one view per
 * client, its cost grows with the number of clients. Here each user is a small
 * fixed structure whose bytes are written once, and the frame of a follower is a
 * concatenation of such pieces. `test/wire/state-codec.test.ts` compares every
 * piece with the library's encoder and decoder.
 *
 * Layout of a piece: `255 refId` switches to a structure; in a schema an
 * operation is one byte `operation | fieldIndex` and the value; in a map it is
 * `operation`, index, (for ADD) key, value. A user has two refs (`user.ref`,
 * and `ref + 1` for its map of connections), a connection has one; these
 * numbers also serve as map indexes, so that all clients get the same bytes.
 */
import { encode, OPERATION } from '@colyseus/schema';
import { sameValue } from '../status.ts';
import type { GeneralStatus } from '../protocol.ts';
import type { Box } from '../core/box.ts';
import type { Change, Update, User } from '../core/model.ts';

const SWITCH_TO_STRUCTURE = 255;
const USERS_REF = 1;

const ROOT = { me: 0, users: 1 } as const;
const USER = { userId: 0, username: 1, general: 2, connections: 3 } as const;
const CONNECTION = { connectionId: 0, status: 1, matchId: 2, match: 3 } as const;

/** A visible connection as one viewer sees it. */
export interface Shown {
  readonly ref: number;
  readonly box: Box;
}

/** The numbers of one viewer's state. */
export interface Numbers {
  ofUser(user: User): number;
  /** `ref`: the number of the connection unless it has an alias. */
  ofConnection(connectionId: string, ref: number): number;
}

/** The numbers of every state without aliases. */
const PLAIN: Numbers = {
  ofUser: ({ ref }) => ref,
  ofConnection: (_, ref) => ref,
};

class ByteWriter {
  #bytes = new Uint8Array(4096);
  readonly #at = { offset: 0 };

  start(): this {
    this.#at.offset = 0;
    return this;
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#at.offset);
  }

  switchTo(ref: number): this {
    return this.#byte(SWITCH_TO_STRUCTURE).#number(ref);
  }

  /** ADD also replaces: it is what the library writes for both. */
  text(field: number, value: string): this {
    return this.#byte(OPERATION.ADD | field).#string(value);
  }

  ref(field: number, ref: number): this {
    return this.#byte(OPERATION.ADD | field).#number(ref);
  }

  mapAdd(index: number, key: string, ref: number): this {
    return this.#byte(OPERATION.ADD).#number(index).#string(key).#number(ref);
  }

  mapDelete(index: number): this {
    return this.#byte(OPERATION.DELETE).#number(index);
  }

  #byte(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#at.offset++] = value;
    return this;
  }

  #number(value: number): this {
    this.#reserve(9);
    encode.number(this.#bytes, value, this.#at);
    return this;
  }

  #string(value: string): this {
    this.#reserve(value.length * 3 + 5);
    encode.string(this.#bytes, value, this.#at);
    return this;
  }

  #reserve(count: number): void {
    if (this.#at.offset + count > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at.offset + count));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
  }
}

// One shared scratch buffer is safe: every function below finishes its bytes before another one starts.
const writer = new ByteWriter();

/** Encodes the root: the own user and the map of users. */
export function encodeRoot(me: User | undefined, numbers = PLAIN): Uint8Array {
  writer.start();
  if (me !== undefined) {
    writer.ref(ROOT.me, numbers.ofUser(me));
  }
  return writer.ref(ROOT.users, USERS_REF).finish();
}

/** Adds users to the map of followed users; their own bytes must follow. */
export function encodeFollowed(users: readonly User[], numbers = PLAIN): Uint8Array {
  writer.start().switchTo(USERS_REF);
  for (const user of users) {
    const ref = numbers.ofUser(user);
    writer.mapAdd(ref, user.userId, ref);
  }
  return writer.finish();
}

/** Removes users from the map of followed users. */
export function encodeUnfollowed(users: readonly User[], numbers = PLAIN): Uint8Array {
  writer.start().switchTo(USERS_REF);
  for (const user of users) {
    writer.mapDelete(numbers.ofUser(user));
  }
  return writer.finish();
}

/** Everything about one user. */
export function encodeUser(
  user: User,
  general: GeneralStatus,
  connections: readonly Shown[],
  username: string | undefined = user.username,
  numbers = PLAIN,
): Uint8Array {
  const userRef = numbers.ofUser(user);
  writer
    .start()
    .switchTo(userRef)
    .text(USER.userId, user.userId)
    .text(USER.username, username ?? '')
    .text(USER.general, general)
    .ref(USER.connections, userRef + 1);
  for (const { ref, box } of connections) {
    addConnection(userRef, numbers.ofConnection(box.presence.connectionId, ref), box);
  }
  return writer.finish();
}

/** What changed about one user. */
export function encodeUpdate({ user, changes, general, username }: Update, numbers = PLAIN): Uint8Array {
  const userRef = numbers.ofUser(user);
  writer.start();
  for (const change of changes) {
    writeChange(userRef, numbers.ofConnection(change.connectionId, change.ref), change);
  }
  if (general !== undefined || username !== undefined) {
    writer.switchTo(userRef);
    if (username !== undefined) {
      writer.text(USER.username, username);
    }
    if (general !== undefined) {
      writer.text(USER.general, general);
    }
  }
  return writer.finish();
}

function writeChange(userRef: number, ref: number, { before, after }: Change): void {
  if (after === null) {
    writer.switchTo(userRef + 1).mapDelete(ref);
  } else if (before === null) {
    addConnection(userRef, ref, after);
  } else {
    writer.switchTo(ref);
    if (before.presence.status !== after.presence.status) {
      writer.text(CONNECTION.status, after.presence.status);
    }
    if (before.presence.matchId !== after.presence.matchId) {
      writer.text(CONNECTION.matchId, after.presence.matchId ?? '');
    }
    if (!sameValue(before.presence.match, after.presence.match)) {
      writer.text(CONNECTION.match, matchText(after));
    }
  }
}

function matchText({ presence: { match } }: Box): string {
  return match === undefined ? '' : JSON.stringify(match);
}

function addConnection(userRef: number, ref: number, box: Box): void {
  const { presence } = box;
  writer
    .switchTo(userRef + 1)
    .mapAdd(ref, presence.connectionId, ref)
    .switchTo(ref)
    .text(CONNECTION.connectionId, presence.connectionId)
    .text(CONNECTION.status, presence.status)
    .text(CONNECTION.matchId, presence.matchId ?? '')
    .text(CONNECTION.match, matchText(box));
}
