/**
 * Sends to one Colyseus client. When the player reconnects, only the client
 * object is replaced.
 */
import { ClientState, CloseCode, type Client } from '@colyseus/core';
import { isLossy, lossySocketBytes, waitingBytes } from './backpressure.ts';
import { messageFrame, type FrameCodec } from './frames.ts';
import { PrebuiltWriter, webSocketFrames } from './prebuilt.ts';
import { namesTo, someNames } from '../core/names.ts';
import { generalsTo, presencesTo } from '../core/view.ts';
import {
  FRIENDS_MESSAGE,
  INVITES_MESSAGE,
  PARTY_MESSAGE,
  PROTOCOL_VERSION,
  SNAPSHOT_MESSAGE,
  UNFOLLOWED_MESSAGE,
  WELCOME_MESSAGE,
  type Friends,
  type PresenceErrorBody,
  type Invite,
  type Invites,
  type PartyEvent,
  type PartyInfo,
  type Snapshot,
  type Unfollowed,
  type Welcome,
} from '../protocol.ts';
import type { Batch } from '../core/batch.ts';
import type { Connection, Sink, SnapshotScope, Update, User } from '../core/model.ts';

/** Maximum of frames that wait for a client to acknowledge its join. */
const MAX_FRAMES_BEFORE_JOIN = 64;
const EMPTY = new Uint8Array(0);

/** The invites that a connection may know of. */
type OpenInvites = (connection: Connection) => readonly Invite[];
/** The party of its user. */
type PartyOf = (connection: Connection) => PartyInfo | undefined;

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
  readonly #openInvites: OpenInvites;
  #hasMissedInvites = false;
  readonly #partyOf: PartyOf;
  #hasMissedParty = false;

  constructor(
    client: Client,
    codec: FrameCodec,
    maxBufferedBytes: number,
    hasState: boolean,
    openInvites: OpenInvites = () => [],
    partyOf: PartyOf = () => undefined,
  ) {
    this.#partyOf = partyOf;
    this.#client = client;
    this.#openInvites = openInvites;
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
      this.#allInvites();
      this.#ownParty();
      return;
    }
    const welcome: Welcome = {
      protocol: PROTOCOL_VERSION,
      userId: user.userId,
      connectionId,
      ...(viewer.username !== undefined && { username: viewer.username }),
      presences: presencesTo(this.connection, [user]),
      ...(user.lock !== undefined && { locked: true }),
    };
    this.#send([messageFrame(WELCOME_MESSAGE, welcome)]);
    this.#allInvites();
    this.#ownParty();
  }

  invites(invites: readonly Invite[]): boolean {
    if (this.connection.delivery === 'behind' || !this.ready()) {
      this.#hasMissedInvites = true;
      return false;
    }
    this.#send([messageFrame(INVITES_MESSAGE, { invites: [...invites] } satisfies Invites)]);
    return true;
  }

  party(event: PartyEvent): boolean {
    if (this.connection.delivery === 'behind' || !this.ready()) {
      this.#hasMissedParty = true;
      return false;
    }
    this.#send([messageFrame(PARTY_MESSAGE, event)]);
    return true;
  }

  /** Nothing is sent if there is none, unless the client may think there is. */
  #ownParty(): void {
    const party = this.#partyOf(this.connection);
    if (party !== undefined || this.#hasMissedParty) {
      this.#hasMissedParty = false;
      this.#send([messageFrame(PARTY_MESSAGE, { party: party ?? null } satisfies PartyEvent)]);
    }
  }

  /** None are sent, unless the client may hold some that have ended. */
  #allInvites(): void {
    const invites = this.#openInvites(this.connection);
    if (invites.length > 0 || this.#hasMissedInvites) {
      this.#hasMissedInvites = false;
      this.#send([messageFrame(INVITES_MESSAGE, { invites: [...invites], complete: true } satisfies Invites)]);
    }
  }

  ready(): boolean {
    if (this.client === this.#failed) {
      return false;
    }
    if (this.client.state === ClientState.JOINED) {
      return waitingBytes(this.client) <= (isLossy(this.client) ? 0 : this.#maxBufferedBytes);
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
    if (this.#hasMissedInvites) {
      this.#allInvites();
    }
    if (this.#hasMissedParty) {
      this.#ownParty();
    }
  }

  #snapshotOf(users: readonly User[], complete: boolean): Snapshot {
    return {
      userIds: users.map(({ userId }) => userId),
      presences: presencesTo(this.connection, users),
      users: generalsTo(this.connection, users),
      ...someNames(namesTo(this.connection, users)),
      ...(complete && { complete }),
    };
  }

  unfollowed(users: readonly User[]): void {
    if (this.connection.sync !== 'state' && users.length > 0) {
      const payload: Unfollowed = { userIds: users.map(({ userId }) => userId) };
      this.#send([messageFrame(UNFOLLOWED_MESSAGE, payload)]);
    }
  }

  /** Whether the friend list of the game could be loaded. */
  friends(error: PresenceErrorBody | undefined): void {
    if (this.connection.sync !== 'state') {
      const payload: Friends = error === undefined ? {} : { error };
      this.#send([messageFrame(FRIENDS_MESSAGE, payload)]);
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
   * If the transport throws or drops a frame, this client is disconnected; other clients are not
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
          const waiting = lossySocketBytes(client) ?? 0;
          client.enqueueRaw(frame);
          if (waiting > 0 && lossySocketBytes(client) === waiting) {
            throw new Error('The transport has dropped a frame.');
          }
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

/** Followers that take the same channels get the same frames, and so the same bytes. */
function sharedBytes(batch: Batch<Update>, frames: readonly Uint8Array[]): Uint8Array {
  const channels = frames.length === 2 ? 'both' : frames[0] === batch.deltaFrame ? 'deltas' : 'state';
  batch.packets ??= {};
  return (batch.packets[channels] ??= webSocketFrames(frames));
}
