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
import { isHidden, disguise, forgetShown, generalTo, nameTo, noteShown, startShowing } from './view.ts';
import { PresenceError, type Status, type Sync } from '../protocol.ts';
import type { Cluster, ClusterHost } from './ports.ts';
import type { Refs } from './refs.ts';
import type { Identity, ResolvedOptions } from '../options.ts';
import type { Connection, FollowOrigin, PendingFollow, Sink, User } from './model.ts';

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
    const user = this.users.open(joining.identity.userId);
    if (joining.resume === undefined || user.known === undefined) {
      return this.#connect(user, joining, undefined);
    }
    user.pins++;
    return user.known.then(() => {
      user.pins--;
      return this.#connect(user, joining, joining.resume);
    });
  }

  #connect(
    user: User,
    { identity, auth, options, sync, sink, onConnect }: Joining,
    resume: string | undefined,
  ): Connection {
    const resumed = resume !== undefined && this.users.canTakeOver(user, resume) ? user.visible.get(resume) : undefined;
    if (resumed !== undefined) {
      this.#retire(resumed.connectionId);
    }
    // What is not told yet belongs to the welcome: tell it to the others first.
    if (this.outbox.has(user)) {
      user.pins++; // nobody may need it at this moment
      this.outbox.flush();
      user.pins--;
    }
    const connectionId = resumed?.connectionId ?? this.#deps.newId();
    const connection: Connection = {
      connectionId,
      user,
      viewer: { userId: user.userId, username: identity.username, connectionId, auth },
      options,
      sync,
      sink,
      follows: new Map(),
      refused: undefined,
      blocked: undefined,
      shown: options.redact === undefined ? undefined : new Map(),
      names: undefined,
      generals: undefined,
      pending: undefined,
      status: resumed?.box.presence.status ?? null,
      away: false,
      stale: false,
      replying: false,
      closed: false,
      moved: false,
      batch: undefined,
    };
    this.connections.set(connectionId, connection);
    user.own.add(connection);
    if (resumed !== undefined) {
      this.users.takeOver(user, connectionId, identity.username);
    }
    noteShown(connection, user);
    onConnect?.(connection);
    return connection;
  }

  /** The connection is gone for good. Idempotent. */
  disconnect(connection: Connection, ending: Ending): void {
    if (connection.closed) {
      return;
    }
    connection.closed = true;
    const { user, connectionId } = connection;
    this.connections.delete(connectionId);
    const followed = unlinkAll(connection);
    user.own.delete(connection);
    if (ending === 'shutdown' && this.cluster.canHandOff) {
      this.users.handOff(user, connectionId, this.#deps.now() + this.#deps.handoffMs);
      this.#endHandoff(user, connectionId);
    } else {
      this.users.hide(user, connectionId, ending === 'consented' ? 'unlogined' : 'offline');
    }
    this.users.letGo(user, connectionId);
    connection.shown?.clear();
    for (const other of followed) {
      this.users.release(other);
    }
    this.users.release(user);
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
      this.#retire(connectionId);
      this.users.release(connection.user);
      if (!connection.away) {
        connection.sink.close(true);
      }
    }
  }

  /** The client has come back as a new connection: its earlier one, away in its grace, ends without anybody hearing of it. */
  #retire(connectionId: string): void {
    const earlier = this.connections.get(connectionId);
    if (earlier !== undefined) {
      earlier.closed = true;
      earlier.moved = true;
      this.connections.delete(connectionId);
      this.users.letGo(earlier.user, connectionId);
      earlier.user.own.delete(earlier);
      for (const other of unlinkAll(earlier)) {
        this.users.release(other);
      }
    }
  }

  /**
   * In its reconnection grace: keeps status and follows, hears nothing. The
   * player may also come back as a new connection, here or on another process,
   * and take this one over.
   */
  suspend(connection: Connection): void {
    if (!connection.away && !connection.closed) {
      connection.away = true;
      const { user, connectionId, options } = connection;
      this.users.handOff(user, connectionId, this.#deps.now() + options.graceSeconds * 1000);
    }
  }

  /** Back from the grace: gets what it missed as one snapshot. Returns false when the connection has ended meanwhile. */
  resume(connection: Connection): boolean {
    if (connection.closed) {
      return false;
    }
    this.users.reclaim(connection.user, connection.connectionId);
    connection.away = false;
    this.outbox.owe(connection);
    return true;
  }

  /** Sets or clears the status. The same status again reaches nobody. */
  setStatus(connection: Connection, status: Status): void {
    if (connection.closed || connection.status === status) {
      return;
    }
    connection.status = status;
    if (status === null) {
      this.users.hide(connection.user, connection.connectionId, 'offline');
    } else {
      this.users.show(connection.user, connection.connectionId, status, connection.viewer.username);
    }
  }

  /**
   * Follows users. `tell` is called in the very step in which the follow is
   * registered: the snapshot it takes and the first delta leave no gap and do
   * not overlap. Throws `too_many_follows` having changed nothing.
   * `refused` ones are followed like an id nobody has: nothing is ever seen.
   */
  async follow(
    connection: Connection,
    userIds: Iterable<string>,
    origin: FollowOrigin,
    refused?: ReadonlySet<string>,
    tell?: (followed: Followed) => void,
  ): Promise<Followed> {
    return this.following(connection, async (isWanted) => {
      const users = this.#pin(connection, userIds);
      try {
        await Promise.all(
          users.map(async (user) =>
            this.#knownTo(isHidden(connection, user.userId) || refused?.has(user.userId) === true, user),
          ),
        );
        const followed = this.#follow(
          connection,
          users.filter(({ userId }) => isWanted(userId)),
          origin,
          refused,
        );
        tell?.(followed);
        return followed;
      } finally {
        for (const user of users) {
          user.pins--;
          this.users.release(user);
        }
      }
    });
  }

  #pin(connection: Connection, userIds: Iterable<string>): User[] {
    const others = [...new Set(userIds)].filter((userId) => userId !== connection.user.userId);
    return others.map((userId) => {
      const user = this.users.open(userId);
      user.pins++;
      return user;
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
      await Promise.all([user.known, isHidden && this.cluster.read([user.userId])]);
    }
  }

  /** Runs a follow that has to wait, for a hook or for the cluster. `isWanted` tells whether nobody has unfollowed the user since. */
  async following<T>(connection: Connection, run: (isWanted: (userId: string) => boolean) => Promise<T>): Promise<T> {
    const pending: PendingFollow = { all: false, ended: new Set() };
    connection.pending ??= new Set();
    connection.pending.add(pending);
    try {
      return await run((userId) => !pending.all && !pending.ended.has(userId));
    } finally {
      connection.pending.delete(pending);
    }
  }

  #follow(
    connection: Connection,
    users: User[],
    origin: FollowOrigin,
    refused: ReadonlySet<string> | undefined,
  ): Followed {
    if (connection.closed) {
      throw new PresenceError('not_joined');
    }
    const evicted = this.#makeRoom(connection, users, origin);
    // What is not told yet belongs to the snapshot: tell it to the others first. Who begins to see things its own way has to have heard everything.
    const startsShowing = refused !== undefined && refused.size > 0 && connection.shown === undefined;
    if (startsShowing || users.some((user) => this.outbox.has(user))) {
      this.outbox.flush();
    }
    for (const user of evicted) {
      this.#unfollow(connection, user);
    }
    const added: User[] = [];
    let turned = false;
    for (const user of users) {
      const isNew = link(connection, user, origin);
      const isTurned = setRefused(connection, user, refused?.has(user.userId) === true);
      if (isNew) {
        added.push(user);
      } else if (isTurned) {
        turned = true;
      }
    }
    if (turned && !connection.away && !connection.stale) {
      // `canFollow` has changed its mind about somebody who is in the state already: only the whole of it says what is gone.
      this.outbox.resync(connection, 'everything');
      return { users, evicted };
    }
    for (const user of users) {
      noteShown(connection, user);
    }
    connection.sink.followsChanged(added, evicted);
    return { users, evicted };
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
      pending.all ||= ids === undefined;
      ids?.forEach((userId) => {
        pending.ended.add(userId);
      });
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
    if (connection.shown !== undefined && this.outbox.has(user)) {
      this.outbox.flush(); // what a connection was shown as is forgotten when its going is heard
    }
    forgetShown(connection, user);
    unlink(connection, user);
    this.users.release(user);
    return true;
  }

  /** Brings a viewer's picture of `users` in line after a rule changed (block, redact): told as an ordinary delta. */
  refresh(connection: Connection, users: Iterable<User>): void {
    for (const user of users) {
      this.outbox.refresh(connection, user);
    }
  }

  /** Makes `userId` look to `connection` as if it had gone offline, or ends that; told as an ordinary delta. Holds for follows that come later, too. */
  block(connection: Connection, userId: string, blocked: boolean): void {
    if (connection.closed || userId === connection.user.userId) {
      return;
    }
    const user = this.users.get(userId);
    const followed = user !== undefined && connection.follows.has(user) ? user : undefined;
    // What happened before is told first.
    this.outbox.flush();
    if (blocked) {
      disguise(connection, userId, user);
      if (followed !== undefined) {
        this.outbox.refresh(connection, followed);
      }
    } else if (connection.blocked?.has(userId) === true) {
      const general = followed === undefined ? undefined : generalTo(connection, followed);
      connection.blocked.delete(userId);
      if (followed !== undefined) {
        const now = generalTo(connection, followed);
        this.outbox.refresh(connection, followed, {
          general: now === general ? undefined : now,
          username: nameTo(connection, followed),
        });
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

/** Notes whether `canFollow` refused this follow. Returns whether that is new. */
function setRefused(connection: Connection, user: User, refused: boolean): boolean {
  if ((connection.refused?.has(user.userId) === true) === refused) {
    return false;
  }
  startShowing(connection);
  connection.refused ??= new Set();
  if (refused) {
    connection.refused.add(user.userId);
  } else {
    connection.refused.delete(user.userId);
  }
  return true;
}
