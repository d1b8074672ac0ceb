/**
 * The way out to one Colyseus client. The client object is replaced when the
 * player reconnects; everything else stays.
 */
import { ClientState, CloseCode, type Client, type ClientPrivate } from '@colyseus/core';
import { messageFrame, type FrameCodec } from './frames.ts';
import { generalTo, visibleTo } from '../core/view.ts';
import {
  SNAPSHOT_MESSAGE,
  UNFOLLOWED_MESSAGE,
  type GeneralChange,
  type Presence,
  type Snapshot,
  type Unfollowed,
} from '../protocol.ts';
import type { Batch } from '../core/batch.ts';
import type { Connection, Sink, SnapshotScope, Update, User } from '../core/model.ts';

/** Frames that may wait for a client to acknowledge its join. */
const MOST_FRAMES_BEFORE_JOIN = 64;
/** Frames, replies included, past which a client that does not acknowledge must not ask on. */
const MOST_WAITING_FRAMES = 1024;
/** Times `maxBufferedBytes` past which a client must not ask on. Far more than any honest burst of calls is answered with. */
const MOST_BUFFERS = 16;

export class ClientSink implements Sink {
  client: Client;
  /** Set once, right after the connection is made. */
  connection!: Connection;
  readonly #codec: FrameCodec;
  readonly #maxBufferedBytes: number;
  /** Whether the room's state is ours to patch. */
  readonly #hasState: boolean;
  #framesBeforeJoin = 0;

  constructor(client: Client, codec: FrameCodec, maxBufferedBytes: number, hasState: boolean) {
    this.client = client;
    this.#codec = codec;
    this.#maxBufferedBytes = maxBufferedBytes;
    this.#hasState = hasState;
  }

  ready(): boolean {
    if (this.client.state === ClientState.JOINED) {
      return bufferedBytes(this.client) <= this.#maxBufferedBytes;
    }
    return this.client.state === ClientState.JOINING && this.#framesBeforeJoin++ < MOST_FRAMES_BEFORE_JOIN;
  }

  deliver(batch: Batch<Update>): void {
    const { client, connection } = this;
    const delta = connection.sync === 'state' ? undefined : this.#codec.deltaFrame(batch);
    const state = this.#patches() ? this.#codec.stateFrame(connection, batch) : undefined;
    if (delta !== undefined && delta.length > 0 && state !== undefined && state.length > 0) {
      // Two frames for one socket: let them leave in one system call.
      const socket = rawSocket(client);
      socket?.cork();
      client.enqueueRaw(delta);
      client.enqueueRaw(state);
      socket?.uncork();
    } else if (delta !== undefined && delta.length > 0) {
      client.enqueueRaw(delta);
    } else if (state !== undefined && state.length > 0) {
      client.enqueueRaw(state);
    }
  }

  snapshot(users: readonly User[], scope: SnapshotScope): void {
    if (this.connection.sync !== 'state') {
      this.client.enqueueRaw(messageFrame(SNAPSHOT_MESSAGE, this.#snapshotOf(users, scope !== 'some')));
    }
    if (scope === 'everything' && this.#patches()) {
      this.client.enqueueRaw(this.#codec.fullStateFrame(this.connection));
    }
  }

  #snapshotOf(users: readonly User[], complete: boolean): Snapshot {
    return {
      userIds: users.map(({ userId }) => userId),
      presences: presencesTo(this.connection, users),
      users: generalsTo(this.connection, users),
      ...(complete && { complete }),
    };
  }

  unfollowed(users: readonly User[]): void {
    if (this.connection.sync !== 'state' && users.length > 0) {
      const payload: Unfollowed = { userIds: users.map(({ userId }) => userId) };
      this.client.enqueueRaw(messageFrame(UNFOLLOWED_MESSAGE, payload));
    }
  }

  followsChanged(added: readonly User[], removed: readonly User[]): void {
    if ((added.length > 0 || removed.length > 0) && this.#patches() && !this.connection.stale) {
      this.client.enqueueRaw(this.#codec.followsFrame(this.connection, added, removed));
    }
  }

  close(rejoins = false): void {
    // From a shutdown the SDK does not reconnect, and `PresenceClient` joins anew.
    this.client.leave(rejoins ? CloseCode.SERVER_SHUTDOWN : CloseCode.CONSENTED);
  }

  /** Before the join is acknowledged there is no state to patch: the full state comes with the acknowledgement. */
  #patches(): boolean {
    return this.#hasState && this.connection.sync !== 'deltas' && this.client.state === ClientState.JOINED;
  }
}

/** All visible presences of `users`, as `viewer` sees them. */
export function presencesTo(viewer: Connection, users: readonly User[]): Presence[] {
  return users.flatMap((user) => visibleTo(viewer, user).map(({ presence }) => presence));
}

/** The users that `viewer` does not see online. */
export function generalsTo(viewer: Connection, users: readonly User[]): GeneralChange[] {
  const generals: GeneralChange[] = [];
  for (const user of users) {
    const general = generalTo(viewer, user);
    if (general !== 'online') {
      generals.push({ userId: user.userId, general });
    }
  }
  return generals;
}

/**
 * Whether more waits for the client than it may go on asking for. Replies
 * cannot be merged as updates can: somebody who asks and does not read (or
 * does not acknowledge the join) would fill the memory.
 */
export function isHoarding(client: Client, maxBufferedBytes: number): boolean {
  return (
    (framesBeforeJoin(client)?.length ?? 0) > MOST_WAITING_FRAMES ||
    waitingBytes(client) > maxBufferedBytes * MOST_BUFFERS
  );
}

/** Bytes that wait for this client: for its socket, or for it to acknowledge its join. */
export function waitingBytes(client: Client): number {
  return framesBeforeJoin(client)?.reduce((sum, { length }) => sum + length, 0) ?? bufferedBytes(client);
}

function framesBeforeJoin(client: Client): readonly Uint8Array[] | undefined {
  return (client as unknown as ClientPrivate)._enqueuedMessages as readonly Uint8Array[] | undefined;
}

function bufferedBytes(client: Client): number {
  const { bufferedAmount } = client.ref as { bufferedAmount?: unknown };
  return typeof bufferedAmount === 'number' ? bufferedAmount : 0;
}

interface Corkable {
  cork(): void;
  uncork(): void;
}

/** The TCP socket under a `ws` client, when the transport has one. Only ever used to save a system call. */
function rawSocket(client: Client): Corkable | undefined {
  const { _socket: socket } = client.ref as { _socket?: unknown };
  return typeof socket === 'object' && socket !== null && 'cork' in socket && 'uncork' in socket
    ? (socket as Corkable)
    : undefined;
}
