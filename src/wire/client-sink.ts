/**
 * Sends to one Colyseus client. When the player reconnects, only the client
 * object is replaced.
 */
import { ClientState, CloseCode, type Client, type ClientPrivate } from '@colyseus/core';
import { messageFrame, type FrameCodec } from './frames.ts';
import { PrebuiltWriter, webSocketFrames } from './prebuilt.ts';
import { generalsTo, presencesTo } from '../core/view.ts';
import {
  PROTOCOL_VERSION,
  SNAPSHOT_MESSAGE,
  UNFOLLOWED_MESSAGE,
  WELCOME_MESSAGE,
  type Snapshot,
  type Unfollowed,
  type Welcome,
} from '../protocol.ts';
import type { Batch } from '../core/batch.ts';
import type { Connection, Sink, SnapshotScope, Update, User } from '../core/model.ts';

/** Maximum of frames that wait for a client to acknowledge its join. */
const MAX_FRAMES_BEFORE_JOIN = 64;
/** Maximum of frames, replies included, that wait for the acknowledgement; above it further requests are refused. */
const MAX_WAITING_FRAMES = 1024;
/** Multiple of `maxBufferedBytes` above which further requests are refused. No honest burst has so large answers. */
const MAX_BUFFERS = 4;

const EMPTY = new Uint8Array(0);

export class ClientSink implements Sink {
  #client: Client;
  #writer: PrebuiltWriter | undefined;
  /** Set once, right after the connection is made. */
  connection!: Connection;
  readonly #codec: FrameCodec;
  readonly #maxBufferedBytes: number;
  /** Whether the room's state is the presence state. */
  readonly #hasState: boolean;
  /** The client object that threw in its transport: nothing more is sent to it. */
  #failed: Client | undefined;
  #framesBeforeJoin = 0;

  constructor(client: Client, codec: FrameCodec, maxBufferedBytes: number, hasState: boolean) {
    this.#client = client;
    this.#writer = PrebuiltWriter.of(client);
    this.#codec = codec;
    this.#maxBufferedBytes = maxBufferedBytes;
    this.#hasState = hasState;
  }

  get client(): Client {
    return this.#client;
  }

  set client(client: Client) {
    this.#client = client;
    this.#writer = PrebuiltWriter.of(client);
  }

  welcome(): void {
    const { sync, user, connectionId, viewer } = this.connection;
    if (sync === 'state') {
      return;
    }
    const welcome: Welcome = {
      protocol: PROTOCOL_VERSION,
      userId: user.userId,
      connectionId,
      ...(viewer.username !== undefined && { username: viewer.username }),
      presences: presencesTo(this.connection, [user]),
    };
    this.#send([messageFrame(WELCOME_MESSAGE, welcome)]);
  }

  ready(): boolean {
    if (this.client === this.#failed) {
      return false;
    }
    if (this.client.state === ClientState.JOINED) {
      return bufferedBytes(this.client) <= this.#maxBufferedBytes;
    }
    return this.client.state === ClientState.JOINING && this.#framesBeforeJoin++ < MAX_FRAMES_BEFORE_JOIN;
  }

  deliver(batch: Batch<Update>): void {
    const { connection } = this;
    const delta = connection.sync === 'state' ? EMPTY : this.#codec.deltaFrame(batch);
    const patch = this.#patches() ? this.#codec.stateFrame(connection, batch) : EMPTY;
    const frames = [delta, patch].filter(({ length }) => length > 0);
    this.#send(frames, patch === EMPTY || patch === batch.stateFrame ? batch : undefined);
  }

  snapshot(users: readonly User[], scope: SnapshotScope): void {
    if (this.connection.sync !== 'state') {
      this.#send([messageFrame(SNAPSHOT_MESSAGE, this.#snapshotOf(users, scope !== 'some'))]);
    }
    if (scope === 'everything' && this.#patches()) {
      this.#send([this.#codec.fullStateFrame(this.connection)]);
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
      this.#send([messageFrame(UNFOLLOWED_MESSAGE, payload)]);
    }
  }

  followsChanged(added: readonly User[], removed: readonly User[]): void {
    if ((added.length > 0 || removed.length > 0) && this.#patches() && this.connection.delivery !== 'behind') {
      this.#send([this.#codec.followsFrame(this.connection, added, removed)]);
    }
  }

  close(rejoins = false): void {
    // After this code the SDK does not reconnect; `PresenceClient` joins again.
    this.client.leave(rejoins ? CloseCode.SERVER_SHUTDOWN : CloseCode.CONSENTED);
  }

  /**
   * If the transport throws, this client is disconnected; other clients are not
   * affected. `shared`: where the bytes are kept for those who get the same frames.
   */
  #send(frames: readonly Uint8Array[], shared?: Batch<Update>): void {
    const client = this.#client;
    if (client === this.#failed || frames.length === 0) {
      return;
    }
    try {
      if (this.#writer?.isOpen === true) {
        this.#writer.write(shared === undefined ? webSocketFrames(frames) : sharedBytes(shared, frames));
      } else {
        for (const frame of frames) {
          client.enqueueRaw(frame);
        }
      }
    } catch {
      this.#failed = client;
      this.#closeQuietly(client);
    }
  }

  #closeQuietly(client: Client): void {
    try {
      client.leave(CloseCode.WITH_ERROR);
    } catch {
      // The transport is broken: it will detect the closed socket by itself.
    }
  }

  /** Before the join is acknowledged there is no state to patch: the full state comes with the acknowledgement. */
  #patches(): boolean {
    return this.#hasState && this.connection.sync !== 'deltas' && this.client.state === ClientState.JOINED;
  }
}

/**
 * Whether so much waits to be sent to the client that its next request is
 * refused. Replies cannot be merged as updates can: a client that sends
 * requests and does not read (or does not acknowledge its join) would fill the
 * memory. All clients of its user share one limit; one that reads everything
 * does not suffer from the others.
 */
export function isOverBuffered(client: Client, devices: Iterable<Client>, maxBufferedBytes: number): boolean {
  if ((framesBeforeJoin(client)?.length ?? 0) > MAX_WAITING_FRAMES) {
    return true;
  }
  let waiting = waitingBytes(client);
  if (waiting > 0) {
    for (const device of devices) {
      waiting += device === client ? 0 : waitingBytes(device);
    }
  }
  return waiting > maxBufferedBytes * MAX_BUFFERS;
}

/** Bytes that wait for the socket of this client, or for the acknowledgement of its join. */
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

/** Followers that take the same channels get the same frames, and so the same bytes. */
function sharedBytes(batch: Batch<Update>, frames: readonly Uint8Array[]): Uint8Array {
  const channels = frames.length === 2 ? 'both' : frames[0] === batch.deltaFrame ? 'deltas' : 'state';
  batch.packets ??= {};
  return (batch.packets[channels] ??= webSocketFrames(frames));
}
