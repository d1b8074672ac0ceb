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
import { countFollows, earliest, link, unlink, unlinkAll } from './follow-graph.ts';
import { OfflineMemory } from './offline-memory.ts';
import { Outbox, type OutboxTiming } from './outbox.ts';
import { PendingFollow } from './pending-follow.ts';
import { isHidden, newView, noteBlock } from './view.ts';
import { PresenceError, type Status, type Sync } from '../protocol.ts';
import type { Cluster, ClusterHost } from './ports.ts';
import type { Refs } from './refs.ts';
import type { Identity, ResolvedOptions } from '../options.ts';
import type { Connection, Delivery, FollowOrigin, Look, Sink, User } from './model.ts';

export interface TrackerDeps {
  /** Made with the tracker as its host. */
  cluster: (host: ClusterHost) => Cluster;
  timing: OutboxTiming;
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

export interface Joining {
  identity: Identity;
  auth: unknown;
  options: ResolvedOptions;
  sync: Sync;
  sink: Sink;
  /** A connection id to take over, if it waits for that. */
  resume?: string | undefined;
  /** Called before the connection is made, when what other processes say of the user is known, if that is waited for. Throws to refuse it. */
  admit?: () => void;
  /** Called in the very step in which the connection is made: what can be seen then and its first delta leave no gap and do not overlap. */
  onConnect?: (connection: Connection) => void;
}

/** Why a connection ends. `shutdown`: the process goes, the player will be back elsewhere. */
export type Ending = 'consented' | 'dropped' | 'shutdown';

export interface Followed {
  /** The requested users, without the own one. */
  users: User[];
  evicted: User[];
}

export class Tracker {
  readonly connections = new Map<string, Connection>();
  readonly users: Users;
  readonly outbox: Outbox;
  readonly cluster: Cluster;
  readonly #deps: TrackerDeps;
  /** Users that are watched anew, until that is done. */
  readonly #asked = new Map<User, Promise<void>>();
  /** Who blocked whom, and how it looks to later connections: by the blocked user, by who blocks it. */
  readonly #blocks = new Map<string, Map<string, Look>>();
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
    });
    const { users } = this;
    this.cluster = deps.cluster({
      applyRegister: (userId, incarnation, register) => {
        users.applyRegister(userId, incarnation, register);
      },
      applyRemembered: (userId, last) => {
        users.applyRemembered(userId, last);
      },
      dropIncarnation: (incarnation) => {
        users.dropIncarnation(incarnation);
      },
      heardOf: (userId) => users.heardOf(userId),
      retractedFrom: (incarnation) => users.retractedFrom(incarnation),
      takeRetracted: (userId, isDue) => users.takeRetracted(userId, isDue),
      register: (userId) => users.register(userId),
      raiseSeq: (seq) => {
        users.raiseSeq(seq);
      },
      announcedUsers: () => users.announcedUsers(),
      applyCommand: (command) => {
        deps.onCommand?.(command);
      },
    });
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

  #connect(
    user: User,
    { identity, auth, options, sync, sink, admit, onConnect }: Joining,
    resume: string | undefined,
  ): Connection {
    admit?.();
    const resumed = resume !== undefined && this.users.canTakeOver(user, resume) ? user.visible.get(resume) : undefined;
    if (resumed !== undefined) {
      this.#retire(resumed.connectionId);
    }
    const connectionId = resumed?.connectionId ?? this.#deps.newId();
    const blockers = this.#blocks.get(user.userId);
    const connection: Connection = {
      connectionId,
      wasShown: resumed !== undefined,
      user,
      viewer: {
        userId: user.userId,
        username: identity.username,
        get connectionId() {
          return connection.connectionId;
        },
        auth,
      },
      options,
      sync,
      sink,
      follows: new Map(),
      view: options.redact === undefined && blockers === undefined ? undefined : newView(),
      pending: undefined,
      delivery: 'live',
      replying: false,
      batch: undefined,
    };
    for (const [blocker, look] of blockers ?? []) {
      connection.view?.blocked.set(blocker, look);
    }
    this.outbox.introduce(connection, [user]);
    this.connections.set(connectionId, connection);
    user.own.add(connection);
    if (resumed !== undefined) {
      this.users.takeOver(user, connectionId, identity.username);
    }
    onConnect?.(connection);
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
      this.users.handOff(user, connectionId, this.#deps.now() + this.#deps.handoffMs);
      this.#endHandoff(user, connectionId);
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
    connection.view?.told.clear();
  }

  /** This process may live on, for another of its rooms: who has not come back anywhere in time is gone. */
  #endHandoff(user: User, connectionId: string): void {
    this.#deps.timing.later(() => {
      if (this.#stopped || this.connections.has(connectionId)) {
        return;
      }
      if (this.users.canTakeOver(user, connectionId)) {
        this.#endHandoff(user, connectionId);
        return;
      }
      this.users.hide(user, connectionId, 'offline');
      this.users.release(user);
    }, this.#deps.handoffMs + TIMER_SLACK_MS);
  }

  /** Another process says that the player is there now, as this very connection. It knows better: it took over last. */
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

  /** Sets or clears the status. The same status again reaches nobody. */
  setStatus(connection: Connection, status: Status): void {
    if (hasEnded(connection) || statusOf(connection) === status) {
      return;
    }
    if (status === null) {
      this.users.hide(connection.user, connection.connectionId, 'offline');
    } else {
      const { user, connectionId } = connection;
      // What nobody has been told is no hiding: the two changes are merged.
      if (connection.wasShown && statusOf(connection) === null && !this.outbox.waits(user, connectionId)) {
        this.#rename(connection);
      }
      connection.wasShown = true;
      this.users.show(connection.user, connection.connectionId, status, connection.viewer.username);
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

  /** A follow begins. Whoever is unfollowed before {@link follow} is done with it is not followed by it. Call its `end()` when it fails before. */
  beginFollow(connection: Connection): PendingFollow {
    return new PendingFollow(connection);
  }

  /**
   * Follows users, and ends `pending`. `tell` is called in the very step in
   * which the follow is registered: the snapshot it takes and the first delta
   * leave no gap and do not overlap. Throws `too_many_follows` having changed
   * nothing. `refused` ones are followed like an id nobody has: nothing is ever
   * seen.
   */
  async follow(
    pending: PendingFollow,
    userIds: Iterable<string>,
    origin: FollowOrigin,
    refused?: ReadonlySet<string>,
    tell?: (followed: Followed) => void,
  ): Promise<Followed> {
    const { connection } = pending;
    const others = [...new Set(userIds)].filter((userId) => userId !== connection.user.userId);
    const held = others.map((userId) => this.users.hold(userId));
    try {
      await Promise.all(
        held.map(async ({ user }) =>
          this.#knownTo(isHidden(connection, user.userId) || refused?.has(user.userId) === true, user),
        ),
      );
      const users = held.map(({ user }) => user).filter(({ userId }) => pending.wants(userId));
      const followed = this.#follow(connection, users, origin, refused);
      tell?.(followed);
      return followed;
    } finally {
      pending.end();
      for (const { release } of held) {
        release();
      }
    }
  }

  /** Follows on the connection's behalf and sends it the snapshot. */
  async followFor(
    connection: Connection,
    userIds: Iterable<string>,
    pending = this.beginFollow(connection),
  ): Promise<void> {
    await this.follow(pending, userIds, 'server', undefined, ({ users, evicted }) => {
      connection.sink.unfollowed(evicted);
      if (users.length > 0) {
        connection.sink.snapshot(users, 'some');
      }
    });
  }

  /**
   * Resolves when what other processes say of `user` is known. One who is here unseen is watched anew, and one who is
   * hidden from the viewer is read, too: the same time as for one who is not here, whoever else asks meanwhile.
   */
  async #knownTo(isHidden: boolean, user: User): Promise<void> {
    if (isUnseen(user)) {
      let asked = this.#asked.get(user);
      if (asked === undefined) {
        this.cluster.unwatch(user.userId);
        user.known = asked = this.cluster.watch(user.userId).finally(() => {
          this.#asked.delete(user);
        });
        this.#asked.set(user, asked);
      }
      await asked;
    } else {
      const isRead = isHidden && user.followers.size === 0;
      await Promise.all([user.known, isRead && this.cluster.read([user.userId])]);
    }
  }

  #follow(
    connection: Connection,
    users: User[],
    origin: FollowOrigin,
    refused: ReadonlySet<string> = new Set(),
  ): Followed {
    if (hasEnded(connection)) {
      throw new PresenceError('not_joined');
    }
    const evicted = this.#makeRoom(connection, users, origin);
    for (const user of evicted) {
      this.#unfollow(connection, user);
    }
    const added = users.filter((user) => !connection.follows.has(user));
    const turned = this.#refuse(connection, users, refused);
    this.outbox.introduce(connection, users);
    for (const user of users) {
      link(connection, user, origin);
    }
    if (connection.delivery === 'live' && turned.some((user) => !added.includes(user))) {
      // `canFollow` has changed its mind about somebody who is in the state already: only the whole of it says what is gone.
      this.outbox.resync(connection, 'everything');
    } else {
      connection.sink.followsChanged(added, evicted);
    }
    return { users, evicted };
  }

  /** Notes whom `canFollow` refuses now. Returns those for whom that is new. */
  #refuse(connection: Connection, users: readonly User[], refused: ReadonlySet<string>): User[] {
    const turned = users.filter(
      ({ userId }) => (connection.view?.refused.has(userId) ?? false) !== refused.has(userId),
    );
    if (turned.length > 0) {
      const view = this.outbox.viewOf(connection);
      for (const { userId } of turned) {
        if (refused.has(userId)) {
          view.refused.add(userId);
        } else {
          view.refused.delete(userId);
        }
      }
    }
    return turned;
  }

  #makeRoom(connection: Connection, users: readonly User[], origin: FollowOrigin): User[] {
    const { maxFollows, evict, countResolvedFollows } = connection.options;
    if (origin === 'server' && !countResolvedFollows) {
      return [];
    }
    let added = 0;
    for (const user of users) {
      const known = connection.follows.get(user);
      if (known === undefined || (known === 'server' && !countResolvedFollows)) {
        added++;
      }
    }
    const excess = countFollows(connection, countResolvedFollows) + added - maxFollows;
    if (added === 0 || excess <= 0) {
      return [];
    }
    if (evict === 'reject' || added > maxFollows) {
      throw new PresenceError('too_many_follows');
    }
    const requested = new Set(users);
    return earliest(connection, excess + requested.size, countResolvedFollows)
      .filter((user) => !requested.has(user))
      .slice(0, excess);
  }

  /** Ends follows at once: no later delta names these users. Unknown ids are no-ops; no list = all. Returns who is no longer followed. */
  unfollow(connection: Connection, userIds: Iterable<string> | undefined): User[] {
    const ids = userIds === undefined ? undefined : new Set(userIds);
    for (const pending of connection.pending ?? []) {
      pending.unfollow(ids);
    }
    const users =
      ids === undefined
        ? [...connection.follows.keys()]
        : [...ids].map((userId) => this.users.get(userId)).filter((user) => user !== undefined);
    const ended = users.filter((user) => this.#unfollow(connection, user));
    connection.sink.followsChanged([], ended);
    return ended;
  }

  #unfollow(connection: Connection, user: User): boolean {
    if (!connection.follows.has(user)) {
      return false;
    }
    unlink(connection, user);
    this.users.release(user);
    return true;
  }

  /** Asks `redact` again about all that a viewer follows; what it sees otherwise is told as an ordinary delta. */
  refresh(connection: Connection): void {
    for (const user of connection.follows.keys()) {
      this.outbox.refresh(connection, user, true);
    }
  }

  /** Makes `userId` look to every connection of `blockedId`, present and later ones, as if it had gone offline, or ends that; told as an ordinary delta. */
  block(userId: string, blockedId: string, blocked: boolean): void {
    const blockers = this.#blocks.get(blockedId) ?? new Map<string, Look>();
    if (userId === blockedId || blockers.has(userId) === blocked) {
      return;
    }
    const viewers = [...(this.users.get(blockedId)?.own ?? [])];
    const views = viewers.map((viewer) => this.outbox.viewOf(viewer));
    if (blocked) {
      this.#blocks.set(blockedId, blockers.set(userId, noteBlock(views, userId)));
    } else {
      views.forEach((view) => view.blocked.delete(userId));
      if (blockers.delete(userId) && blockers.size === 0) {
        this.#blocks.delete(blockedId);
      }
    }
    const user = this.users.get(userId);
    for (const viewer of viewers) {
      if (user !== undefined && viewer.follows.has(user)) {
        this.outbox.refresh(viewer, user);
      }
    }
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

/** A timer may fire a little before the clock says so. */
const TIMER_SLACK_MS = 10;

/** Whether the user is here, but nothing shows it: no visible connection, and nobody follows it. */
export function isUnseen(user: User): boolean {
  return user.own.size > 0 && user.visible.size === 0 && user.followers.size === 0;
}

/** Nothing happens to it any more. */
export function hasEnded({ delivery }: Connection): boolean {
  return delivery === 'gone' || delivery === 'moved';
}

/** The status of the connection itself; `null` = invisible. */
export function statusOf({ user, connectionId }: Connection): Status {
  return user.visible.get(connectionId)?.box.presence.status ?? null;
}
