/**
 * Frames of the Colyseus protocol: everything that is sent to a client. Bytes
 * that several clients get are encoded once and kept in the cache fields of the
 * model (`Box.bytes`, `Update.stateBytes`, `Batch.deltaFrame` …).
 */
import { getMessageBytes, Protocol } from '@colyseus/core';
import { Aliases, type AliasedNumbers } from './aliases.ts';
import { encodeFollowed, encodeRoot, encodeUnfollowed, encodeUpdate, encodeUser } from './state-codec.ts';
import { nameTo } from '../core/names.ts';
import { look, shownOf } from '../core/view.ts';
import { generalOf } from '../status.ts';
import { DELTA_MESSAGE, type GeneralChange } from '../protocol.ts';
import type { Batch } from '../core/batch.ts';
import type { Box } from '../core/box.ts';
import type { Connection, Update, User } from '../core/model.ts';
import type { Refs } from '../core/refs.ts';

/** Counts what was encoded, for tests that compare it with what was delivered. */
export interface CodecStats {
  presences: number;
  deltaFrames: number;
  statePieces: number;
  stateFrames: number;
}

/** A complete message frame. */
export function messageFrame(type: string, payload: unknown): Uint8Array {
  return getMessageBytes.raw(Protocol.ROOM_DATA, type, payload);
}

/** The MessagePack bytes of a value, by the framework's own packer. */
function pack(value: unknown): Uint8Array {
  // The header of an empty type is the protocol byte and an empty string.
  return getMessageBytes.raw(Protocol.ROOM_DATA, '', value).subarray(2);
}

const DELTA_HEADER = getMessageBytes.raw(Protocol.ROOM_DATA, DELTA_MESSAGE);
const KEY_JOINS = pack('joins');
const KEY_LEAVES = pack('leaves');
const KEY_USERS = pack('users');
const MAP_OF_2 = Uint8Array.of(0x82);
const MAP_OF_3 = Uint8Array.of(0x83);

const EMPTY = new Uint8Array(0);

/** One per process. */
export class FrameCodec {
  readonly stats: CodecStats = { presences: 0, deltaFrames: 0, statePieces: 0, stateFrames: 0 };
  readonly #aliases: Aliases;

  constructor(refs: Refs) {
    this.#aliases = new Aliases(refs);
  }

  /** The `presence:delta` of a batch, assembled from presences that are encoded once each; empty when nothing changed in it. */
  deltaFrame(batch: Batch<Update>): Uint8Array {
    if (batch.deltaFrame === undefined) {
      this.stats.deltaFrames++;
      batch.deltaFrame = this.#makeDeltaFrame(batch);
    }
    return batch.deltaFrame;
  }

  #makeDeltaFrame(batch: Batch<Update>): Uint8Array {
    const joins: Uint8Array[] = [];
    const leaves: Uint8Array[] = [];
    const users: GeneralChange[] = [];
    for (const { user, changes, general } of batch.updates()) {
      for (const { before, after } of changes) {
        if (before !== null) {
          leaves.push(this.#presenceBytes(before));
        }
        if (after !== null) {
          joins.push(this.#presenceBytes(after));
        }
      }
      if (general !== undefined) {
        users.push({ userId: user.userId, general });
      }
    }
    if (joins.length === 0 && leaves.length === 0 && users.length === 0) {
      return EMPTY;
    }
    const parts = [
      DELTA_HEADER,
      users.length > 0 ? MAP_OF_3 : MAP_OF_2,
      KEY_JOINS,
      arrayHeader(joins.length),
      ...joins,
      KEY_LEAVES,
      arrayHeader(leaves.length),
      ...leaves,
    ];
    if (users.length > 0) {
      parts.push(KEY_USERS, pack(users));
    }
    return Buffer.concat(parts);
  }

  #presenceBytes(box: Box): Uint8Array {
    if (box.bytes === undefined) {
      this.stats.presences++;
      // A copy: a subarray would keep the whole pooled buffer alive.
      box.bytes = new Uint8Array(pack(box.presence));
    }
    return box.bytes;
  }

  /** The state patch of a batch, the same bytes for all viewers that hold no alias; empty when nothing changed in it. */
  stateFrame(viewer: Connection, batch: Batch<Update>): Uint8Array {
    const numbers = this.#aliases.ofBatch(viewer, batch);
    if (numbers !== undefined) {
      this.stats.stateFrames++;
      return patchFrame(
        batch
          .updates()
          .map((update) => (numbers.concerns(update) ? encodeUpdate(update, numbers) : this.#updateBytes(update))),
      );
    }
    if (batch.stateFrame === undefined) {
      this.stats.stateFrames++;
      batch.stateFrame = patchFrame(batch.updates().map((update) => this.#updateBytes(update)));
    }
    return batch.stateFrame;
  }

  #updateBytes(update: Update): Uint8Array {
    if (update.stateBytes === undefined) {
      this.stats.statePieces++;
      update.stateBytes = encodeUpdate(update);
    }
    return update.stateBytes;
  }

  /** The state patch after a connection's follows changed. */
  followsFrame(viewer: Connection, added: readonly User[], removed: readonly User[]): Uint8Array {
    const numbers = this.#aliases.ofFollows(viewer, added, removed);
    return patchFrame([
      ...(removed.length > 0 ? [encodeUnfollowed(removed, numbers)] : []),
      ...(added.length > 0 ? [encodeFollowed(added, numbers)] : []),
      ...added.map((user) => this.#userBytes(viewer, user, numbers)),
    ]);
  }

  /** The full state of a client; without a viewer, the empty state. */
  fullStateFrame(viewer: Connection | undefined): Uint8Array {
    if (viewer === undefined || viewer.sync === 'deltas') {
      return Buffer.concat([Uint8Array.of(Protocol.ROOM_STATE), encodeRoot(undefined)]);
    }
    const followed = [...viewer.follows.keys()];
    const numbers = this.#aliases.ofFullState(viewer);
    return Buffer.concat([
      Uint8Array.of(Protocol.ROOM_STATE),
      encodeRoot(viewer.user, numbers),
      this.#userBytes(viewer, viewer.user, numbers),
      ...(followed.length > 0 ? [encodeFollowed(followed, numbers)] : []),
      ...followed.map((user) => this.#userBytes(viewer, user, numbers)),
    ]);
  }

  #userBytes(viewer: Connection, user: User, numbers: AliasedNumbers | undefined): Uint8Array {
    const isOwnName = viewer.user === user && viewer.viewer.username !== user.username;
    const told = nameTo(viewer, user);
    if (viewer.view !== undefined || isOwnName || told !== undefined || numbers?.concernsUser(user) === true) {
      const seen = look(viewer, user);
      return encodeUser(user, seen.general, shownOf(seen), seen.username ?? told ?? '', numbers);
    }
    if (user.stateBytes === undefined) {
      this.stats.statePieces++;
      user.stateBytes = encodeUser(user, generalOf(user.visible.size, user.last), [...user.visible.values()]);
    }
    return user.stateBytes;
  }
}

function arrayHeader(length: number): Uint8Array {
  if (length < 16) {
    return Uint8Array.of(0x90 | length);
  }
  return length < 0x10000
    ? Uint8Array.of(0xdc, length >> 8, length & 0xff)
    : Uint8Array.of(0xdd, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff);
}

function patchFrame(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.every((piece) => piece.length === 0)
    ? EMPTY
    : Buffer.concat([Uint8Array.of(Protocol.ROOM_STATE_PATCH), ...pieces]);
}
