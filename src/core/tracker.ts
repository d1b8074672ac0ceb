/**
 * One per process: the connections here, whom they follow, and what they hear.
 * Knows nothing of Colyseus, Redis or clocks: time, randomness, the rest of
 * the cluster and the clients are ports.
 *
 * The way of a status: `setStatus` → users (old → new) → outbox → one
 * frame per follower at the end of the event-loop turn; beside it the cluster
 * publishes once for the other processes. Local followers wait for nobody.
 */
import { Users } from './users.ts';
import { hasEnded, statusOf } from './derived.ts';
import { Blocks } from './blocks.ts';
import { clusterHost } from './cluster-host.ts';
import { newConnection, type Joining } from './connection.ts';
import { Following } from './following.ts';
import { unlinkAll } from './follow-graph.ts';
import { OfflineMemory } from './offline-memory.ts';
import { Stays } from './stays.ts';
import { Outbox } from './outbox.ts';
import type { Timing } from './flush-timer.ts';
import { matchIdOf } from '../status.ts';
import type { Status } from '../protocol.ts';
import type { Cluster, ClusterHost } from './ports.ts';
import type { Refs } from './refs.ts';
import type { Connection, Delivery, Lock, User, View } from './model.ts';

export interface TrackerDeps {
  /** Makes the cluster; the tracker is its host. */
  cluster: (host: ClusterHost) => Cluster;
  timing: Timing;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** A fresh opaque id. */
  newId: () => string;
  /** Numbers of the schema state. */
  refs: Refs;
  rememberOfflineMs: number;
  rememberOfflineUsers: number;
  /** Instead of a memory of its own: one that outlives the tracker. */
  memory?: OfflineMemory;
  handoffMs: number;
  /** Commands of the server API that came from other processes. */
  onCommand?: (command: unknown) => void;
}

/** Why a connection ends. `shutdown`: the process goes, the player will be back elsewhere. */
export type Ending = 'consented' | 'dropped' | 'shutdown';

export class Tracker {
  readonly connections = new Map<string, Connection>();
  readonly users: Users;
  readonly outbox: Outbox;
  readonly cluster: Cluster;
  readonly following: Following;
  readonly stays: Stays;
  readonly #deps: TrackerDeps;
  readonly #blocks = new Blocks();
  #stopped = false;

  constructor(deps: TrackerDeps) {
    this.#deps = deps;
    this.outbox = new Outbox(deps.timing);
    this.users = new Users({
      outbox: this.outbox,
      cluster: () => this.cluster,
      memory: deps.memory ?? new OfflineMemory(deps.rememberOfflineMs, deps.rememberOfflineUsers),
      now: deps.now,
      refs: deps.refs,
      onTaken: (connectionId) => {
        this.#taken(connectionId);
      },
      onChange: (user) => {
        this.stays.settle(user);
      },
    });
    this.stays = new Stays(this.users, deps.newId, () => this.cluster);
    const onRead = (userId: string): void => {
      this.following.wasRead(userId);
    };
    this.cluster = deps.cluster(clusterHost(this.users, onRead, deps.onCommand));
    this.following = new Following(this);
  }

  /** A new connection, invisible, following nobody. Waits for the cluster only when it wants to take over a connection. */
  connect(joining: Joining): Connection | Promise<Connection> {
    const { user, release } = this.users.hold(joining.identity.userId);
    if (joining.resume === undefined || user.known === undefined) {
      try {
        return this.#connect(user, joining, undefined);
      } finally {
        release();
      }
    }
    return user.known.then(() => this.#connect(user, joining, joining.resume)).finally(release);
  }

  #connect(user: User, joining: Joining, resume: string | undefined): Connection {
    joining.admit?.();
    const resumed = resume !== undefined && this.users.canTakeOver(user, resume) ? user.visible.get(resume) : undefined;
    if (resumed !== undefined) {
      this.#retire(resumed.connectionId);
    }
    const connectionId = resumed?.connectionId ?? this.#deps.newId();
    const connection = newConnection(joining, user, connectionId, this.#blocks.of(user.userId), this.#deps.now());
    connection.wasShown = resumed !== undefined;
    this.outbox.introduce(connection, [user]);
    this.connections.set(connectionId, connection);
    user.own.add(connection);
    if (resumed !== undefined) {
      this.users.takeOver(user, connectionId, joining.identity.username);
      connection.chosen = { status: user.lock === undefined ? statusOf(connection) : null, byServer: false };
    }
    joining.onConnect?.(connection);
    return connection;
  }

  /** The connection is gone for good. Idempotent. */
  disconnect(connection: Connection, ending: Ending): void {
    if (hasEnded(connection)) {
      return;
    }
    const { user, connectionId } = connection;
    this.#end(connection, 'gone');
    if (ending === 'shutdown' && this.cluster.canHandOff) {
      const until = this.#deps.now() + this.#deps.handoffMs;
      this.users.handOff(user, connectionId, until);
      this.#deps.timing.later(() => {
        this.#endHandoff(user, connectionId, until);
      }, this.#deps.handoffMs);
    } else {
      this.users.hide(user, connectionId, ending === 'consented' ? 'unlogined' : 'offline');
    }
    this.users.letGo(user, connectionId);
    this.users.release(user);
  }

  /** Takes the connection out of every index. What is known of its user stays as it is. */
  #end(connection: Connection, delivery: Extract<Delivery, 'gone' | 'moved'>): void {
    connection.delivery = delivery;
    this.connections.delete(connection.connectionId);
    connection.user.own.delete(connection);
    for (const other of unlinkAll(connection)) {
      this.users.release(other);
    }
    this.following.ended(connection);
    connection.view?.told.clear();
  }

  /** This process may keep running for its other rooms: connections that nobody has taken over in time end here. */
  #endHandoff(user: User, connectionId: string, until: number): void {
    const isSame = user.registers.ownEntry(connectionId)?.handoffUntil === until;
    if (isSame && !this.#stopped && !this.connections.has(connectionId)) {
      this.users.hide(user, connectionId, 'offline');
      this.users.release(user);
    }
  }

  /** Another process has taken over this connection later, so its claim wins. */
  #taken(connectionId: string): void {
    const connection = this.connections.get(connectionId);
    if (connection !== undefined) {
      const wasAway = connection.delivery === 'away';
      this.#retire(connectionId);
      this.users.release(connection.user);
      if (!wasAway) {
        connection.sink.close(true);
      }
    }
  }

  /** The client has come back as a new connection: its earlier one, away in its grace, ends without anybody hearing of it. */
  #retire(connectionId: string): void {
    const earlier = this.connections.get(connectionId);
    if (earlier !== undefined) {
      this.#end(earlier, 'moved');
      this.users.letGo(earlier.user, connectionId);
    }
  }

  /**
   * In its reconnection grace: keeps status and follows, hears nothing. The
   * player may also come back as a new connection, here or on another process,
   * and take this one over.
   */
  suspend(connection: Connection): void {
    if (connection.delivery === 'live' || connection.delivery === 'behind') {
      connection.delivery = 'away';
      const { user, connectionId, options } = connection;
      this.users.handOff(user, connectionId, this.#deps.now() + options.graceSeconds * 1000);
    }
  }

  /** Back from the grace: gets what it missed as one snapshot. Returns false when the connection has ended meanwhile. */
  resume(connection: Connection): boolean {
    if (hasEnded(connection)) {
      return false;
    }
    this.users.reclaim(connection.user, connection.connectionId);
    this.outbox.owe(connection);
    return true;
  }

  /** Sets or clears the status. The same status again reaches nobody. `byServer`: a match that it names is shown, whoever is in it. */
  setStatus(connection: Connection, status: Status, byServer = false): void {
    connection.chosen = { status, byServer };
    this.appear(connection);
  }

  /** Shows the connection as it has to be now: with the status that the server has locked, or the one that was chosen for it. */
  appear(connection: Connection): void {
    const { status, byServer } =
      connection.user.lock === undefined ? connection.chosen : { status: connection.user.lock.status, byServer: true };
    if (hasEnded(connection) || statusOf(connection) === status) {
      return;
    }
    if (status === null) {
      this.users.hide(connection.user, connection.connectionId, 'offline');
    } else {
      const { user, connectionId } = connection;
      // If nobody was told of the hiding yet, the two changes are merged and the id stays.
      if (connection.wasShown && statusOf(connection) === null && !this.outbox.waits(user, connectionId)) {
        this.#rename(connection);
      }
      connection.wasShown = true;
      const showsMatch = byServer || connection.options.unverifiedMatches === 'show';
      this.users.show(user, connection.connectionId, status, connection.viewer.username, {
        matchId: showsMatch ? matchIdOf(status.toWellFormed()) : undefined,
      });
    }
  }

  /** Gives all connections of the user, later ones too, this status until it is `undefined`; then each has its own again. Kept as long as the user is known here. */
  lock(userId: string, lock: Lock | undefined): void {
    const user = this.users.get(userId);
    if (user === undefined || user.lock?.status === lock?.status) {
      return;
    }
    const isNews = (user.lock === undefined) !== (lock === undefined);
    user.lock = lock;
    // Its clients must not take the locked status for one of their own: they hear of the lock before they see it, and of its end after.
    if (isNews && lock !== undefined) {
      this.#welcomeAgain(user);
    }
    for (const connection of user.own) {
      this.appear(connection);
    }
    if (isNews && lock === undefined) {
      this.#welcomeAgain(user);
    }
  }

  #welcomeAgain(user: User): void {
    for (const connection of user.own) {
      if (connection.delivery === 'live' || connection.delivery === 'behind') {
        this.outbox.introduce(connection, [user]);
        connection.sink.welcome();
      }
    }
  }

  /** A connection that was hidden gets a new id before it is shown again. Its client is told. */
  #rename(connection: Connection): void {
    const { user, connectionId } = connection;
    this.outbox.introduce(connection, [user]);
    this.connections.delete(connectionId);
    this.users.letGo(user, connectionId);
    connection.connectionId = this.#deps.newId();
    this.connections.set(connection.connectionId, connection);
    connection.sink.welcome();
  }

  /** Asks `redact` again about all that a viewer follows; what it sees otherwise is told as an ordinary delta. */
  refresh(connection: Connection): void {
    for (const user of connection.follows.keys()) {
      this.outbox.refresh(connection, user, true);
    }
  }

  /** Makes `userId` look to every connection of `blockedId`, present and later ones, as if it had gone offline, or ends that; told as an ordinary delta. */
  block(userId: string, blockedId: string, blocked: boolean): void {
    const viewers = [...(this.users.get(blockedId)?.own ?? [])];
    const viewsOf = (): View[] => viewers.map((viewer) => this.outbox.viewOf(viewer));
    if (!this.#blocks.set(userId, blockedId, blocked, viewsOf)) {
      return;
    }
    const user = this.users.get(userId);
    for (const viewer of viewers) {
      if (user !== undefined && viewer.follows.has(user)) {
        this.outbox.refresh(viewer, user);
      }
    }
  }

  /** Whether `userId` looks to `blockedId` as if it had gone offline, as far as this process knows: always, where `blockedId` is connected. */
  hasBlocked(userId: string, blockedId: string): boolean {
    return this.#blocks.of(blockedId).has(userId);
  }

  /** Announced exit. Resolves when the rest of the cluster has been told, or after a bounded wait. */
  async stop(): Promise<void> {
    for (const connection of this.connections.values()) {
      this.disconnect(connection, 'dropped');
    }
    this.outbox.flush();
    this.#stopped = true;
    await this.cluster.stop();
  }
}
