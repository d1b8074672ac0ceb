/**
 * Presence for the clients of one room, whatever kind of room it is: the one
 * place where Colyseus's clients and messages meet the tracker. `PresenceRoom`,
 * `PresenceLobbyRoom` and `PresencePlugin` are thin shells around it.
 *
 * Every call is safe for a client that is not (or no longer) known, and
 * joining or leaving twice is the same as once.
 */
import { ClientState, CloseCode, type Client, type Room } from '@colyseus/core';
import { ClientSink } from '../wire/client-sink.ts';
import { joinWrites } from '../wire/prebuilt.ts';
import { StalledClients } from './stalled-clients.ts';
import { answerRequest } from './requests.ts';
import { guardRedact } from '../core/hooks.ts';
import { identify, learnBlocks, Refusal, requireJoinOptions, requireOpen, requireRoom } from './admission.ts';
import { followAgain, followFriends, followsOf } from './friend-list.ts';
import { prepareMember } from './party-requests.ts';
import { Replier } from './reply.ts';
import { tellUnidentified } from './unidentified.ts';
import { hasEnded } from '../core/derived.ts';
import { PresenceError, type RequestType, type Requests } from '../protocol.ts';
import type { Connection } from '../core/model.ts';
import type { Ending } from '../core/tracker.ts';
import type { Named, ResolvedOptions } from '../options.ts';
import type { KeptPresence } from './kept-seats.ts';
import type { PresenceWishes } from './validate.ts';
import type { Entrance } from '../server/matchmaking.ts';
import type { Runtime } from '../server/runtime.ts';

export class PresenceEngine {
  readonly options: ResolvedOptions;
  /** Answers the messages of the room's clients. */
  readonly replies: Replier;
  readonly #runtime: Runtime;
  /** Whether the room's state is the presence state. */
  readonly #hasState: boolean;
  readonly #room: Room;
  readonly #connections = new Map<string, Connection>();
  readonly #entrances = new WeakMap<Client, Entrance>();
  /** Why players of a room that let them in have no presence. */
  readonly #refused = new Map<string, PresenceError>();
  /** Only used by `reconcile`. */
  readonly #missingSince = new Map<string, number>();
  readonly #stalled = new StalledClients();

  constructor(runtime: Runtime, options: ResolvedOptions, hasState: boolean, room: Room) {
    this.#runtime = runtime;
    this.options = guardRedact(options, (reason) => {
      runtime.log.error(reason);
    });
    this.#hasState = hasState;
    runtime.prepareMember = async (...asked) => prepareMember(...asked, runtime);
    this.#room = room;
    this.replies = new Replier({
      maxBufferedBytes: options.maxBufferedBytes,
      log: (reason) => {
        runtime.log.error(reason);
      },
      meters: runtime.meters,
      devicesOf: (client) => this.#devicesOf(client),
      answer: (...call) => this.#answer(...call),
    });
  }

  // --- the life of a client

  /** Refuses a client without an identity before it gets a seat. */
  authenticate(auth: unknown): void {
    try {
      this.#identify(auth);
    } catch (error) {
      this.#countRefusal(error);
      throw error;
    }
  }

  #countRefusal(error: unknown): void {
    if (error instanceof Refusal) {
      this.#runtime.meters.joinsRefused[error.reason.code]++;
    }
  }

  #identify(auth: unknown): Named {
    return identify(this.options, auth, (reason) => {
      tellUnidentified(this.#room, this.#runtime.log, reason);
    });
  }

  /** Remembers what the client joins with, for `presence:join`. */
  noteEntrance(client: Client, entrance: Entrance): void {
    this.#entrances.set(client, entrance);
  }

  /**
   * Makes the connection of a client that has just joined. It is invisible, and
   * follows nobody, until the result is called. `kept`: what it had before its room was recreated.
   * Throws a `ServerError` that refuses the join.
   */
  async join(client: Client, joinOptions: unknown, kept?: KeptPresence): Promise<() => void> {
    try {
      return await this.#join(client, kept ?? joinOptions, kept?.follows);
    } catch (error) {
      this.#countRefusal(error);
      throw error;
    }
  }

  async #join(client: Client, joinOptions: unknown, followed: readonly string[] = []): Promise<() => void> {
    requireOpen();
    const identity = this.#identify(client.auth);
    const { tracker } = this.#runtime;
    const wanted = requireJoinOptions(this.options, joinOptions, !this.#hasState);
    const admit = (): void => {
      requireRoom(tracker.users, this.options, identity.userId, wanted.resume);
    };
    admit();
    // Its record has to be there before what the other processes say of the user, and must stay until the connection is made.
    const { release } = tracker.users.hold(identity.userId);
    try {
      const { blockedBy, hookTimeoutMs } = this.options;
      await Promise.all([
        this.#runtime.locks.learn(identity.userId),
        blockedBy && learnBlocks({ blockedBy, hookTimeoutMs }, identity, client.auth, this.#runtime),
      ]);
      return await this.#connect(client, identity, wanted, admit, followed);
    } finally {
      release();
    }
  }

  async #connect(
    client: Client,
    identity: Named,
    wanted: PresenceWishes,
    admit: () => void,
    followed: readonly string[],
  ): Promise<() => void> {
    const { codec, tracker } = this.#runtime;
    const sink = new ClientSink(
      client,
      codec,
      this.options.maxBufferedBytes,
      this.#hasState,
      (connection) => this.#runtime.invitations.of(connection),
      (connection) => this.#runtime.parties.infoFor(connection),
    );
    const made = tracker.connect({
      identity,
      auth: client.auth as unknown,
      options: this.options,
      sink,
      place: this.#room,
      sync: wanted.sync,
      resume: wanted.resume,
      // Other connections of the user may have joined meanwhile.
      admit,
      onConnect: (connection) => {
        sink.connection = connection;
        this.#connections.set(client.sessionId, connection);
        this.#runtime.meters.joins++;
        void this.#runtime.parties.seen(identity.userId);
        this.#runtime.remember(connection, this.#entrances.get(client));
        sink.welcome();
      },
    });
    const connection = made instanceof Promise ? await made : made;
    return () => {
      if (wanted.status !== undefined && this.options.features.status) {
        tracker.setStatus(connection, wanted.status);
      } else if (connection.user.lock !== undefined) {
        tracker.appear(connection);
      }
      void followFriends(connection, this.#runtime);
      void followAgain(connection, followed, this.#runtime);
    };
  }

  /** For rooms in which a player that presence refuses plays on: its calls are answered with the reason. */
  async tryToJoin(client: Client, joinOptions: unknown, kept?: KeptPresence): Promise<() => void> {
    try {
      return await this.join(client, joinOptions, kept);
    } catch (error) {
      if (!(error instanceof Refusal)) {
        throw error;
      }
      this.#refused.set(client.sessionId, error.reason);
      return () => {};
    }
  }

  /** What a client needs to join again after its room is recreated. */
  keep({ sessionId }: Client): KeptPresence | undefined {
    const connection = this.#connections.get(sessionId);
    return connection === undefined
      ? undefined
      : { status: connection.chosen.status, sync: connection.sync, follows: followsOf(connection) };
  }

  /** The client lost its connection and may come back. */
  drop(client: Client): void {
    const connection = this.#connections.get(client.sessionId);
    if (connection !== undefined) {
      this.#runtime.tracker.suspend(connection);
    }
  }

  /** The client is back, with a new client object. */
  reconnect(client: Client): void {
    const connection = this.#connections.get(client.sessionId);
    if (connection === undefined) {
      // The room has kept the seat longer than presence has kept the connection: the player may join again.
      client.leave(CloseCode.SERVER_SHUTDOWN);
    } else if (!this.#runtime.tracker.resume(connection)) {
      // The connection has ended. After `moved` the player may join again; otherwise the server has closed it for good.
      client.leave(connection.delivery === 'moved' ? CloseCode.SERVER_SHUTDOWN : CloseCode.CONSENTED);
    } else {
      (connection.sink as ClientSink).client = client;
      connection.sink.welcome();
    }
  }

  /** The client is gone for good. */
  leave(client: Client, code: number | undefined): void {
    this.#refused.delete(client.sessionId);
    this.#forget(client.sessionId, endingOf(code));
  }

  #forget(sessionId: string, ending: Ending): void {
    const connection = this.#connections.get(sessionId);
    if (connection !== undefined) {
      this.#connections.delete(sessionId);
      this.#missingSince.delete(sessionId);
      this.#runtime.tracker.disconnect(connection, ending);
    }
  }

  /** The full schema state of a client, with which Colyseus answers the acknowledgement of a join; it then needs no other resynchronisation. */
  fullState(client: Client | undefined): Uint8Array {
    const connection = client === undefined ? undefined : this.#connections.get(client.sessionId);
    const {
      codec,
      tracker: { outbox },
    } = this.#runtime;
    if (client === undefined || connection === undefined) {
      return codec.fullStateFrame(connection);
    }
    joinWrites(client);
    // Colyseus counts the client as joined already, but sends the messages queued for it after this state. So what
    // is sent here must be queued, too, and patches must wait until there is a state to patch.
    const { state } = client;
    client.state = ClientState.JOINING;
    try {
      if (connection.delivery === 'behind') {
        outbox.resync(connection, 'messages');
      } else {
        outbox.introduce(connection, [...connection.follows.keys(), connection.user]);
      }
    } finally {
      client.state = state;
    }
    return codec.fullStateFrame(connection);
  }

  /** Closes clients that for some seconds have not read what waits for them. Call about once a second. */
  closeStalled(): void {
    for (const { sink } of this.#connections.values()) {
      const { client } = sink as ClientSink;
      if (this.#stalled.check(client, this.options.maxBufferedBytes, this.#runtime.clock.now())) {
        this.#runtime.meters.closed++;
      }
    }
  }

  /**
   * For rooms that do not report drops and returns: compares with the current
   * clients of the room. A missing one counts as dropped, and as gone after the
   * grace; one with a new client object has come back.
   */
  reconcile(current: (sessionId: string) => Client | undefined): void {
    const now = this.#runtime.clock.now();
    for (const [sessionId, connection] of this.#connections) {
      const client = current(sessionId);
      if (client !== undefined) {
        this.#missingSince.delete(sessionId);
        this.refresh(client);
      } else if (connection.delivery !== 'away') {
        this.#runtime.tracker.suspend(connection);
        this.#missingSince.set(sessionId, now);
      } else if (now - (this.#missingSince.get(sessionId) ?? now) > this.options.graceSeconds * 1000) {
        this.#forget(sessionId, 'dropped');
      }
    }
  }

  /** Takes note of a new client object for a known session. */
  refresh(client: Client): void {
    const connection = this.#connections.get(client.sessionId);
    if (connection !== undefined && (connection.sink as ClientSink).client !== client) {
      this.reconnect(client);
    } else if (connection?.delivery === 'away') {
      this.#runtime.tracker.resume(connection);
    }
  }

  has(sessionId: string): boolean {
    return this.#connections.has(sessionId);
  }

  /** The room is going; releases everything. Resolves when the cluster has been told. */
  async dispose(): Promise<void> {
    for (const connection of this.#connections.values()) {
      this.#runtime.tracker.disconnect(connection, 'dropped');
    }
    this.#connections.clear();
    await this.#runtime.release();
  }

  // --- requests

  #devicesOf({ sessionId }: Client): Client[] {
    const own = this.#connections.get(sessionId)?.user.own ?? [];
    return [...own].map(({ sink }) => (sink as ClientSink).client);
  }

  #answer<T extends RequestType>(
    type: T,
    client: Client,
    payload: unknown,
    extra: readonly string[],
  ): Requests[T]['reply'] | Promise<Requests[T]['reply']> {
    // Rooms with `PresencePlugin` do not report returns: this message may be the first sign of one.
    this.refresh(client);
    const connection = this.#connections.get(client.sessionId);
    if (connection === undefined || hasEnded(connection)) {
      throw this.#refused.get(client.sessionId) ?? new PresenceError('not_joined');
    }
    return answerRequest(type, connection, payload, extra, this.#runtime);
  }
}

function endingOf(code: number | undefined): Ending {
  if (code === CloseCode.CONSENTED) {
    return 'consented';
  }
  return code === CloseCode.SERVER_SHUTDOWN ? 'shutdown' : 'dropped';
}
