/**
 * Follows begin and end here: their limit, who is refused, and that nothing is
 * missed between the snapshot and the first delta.
 */
import { hasEnded, hasFriendsOnly, isUnseen } from './derived.ts';
import { countFollows, earliest, link, unlink } from './follow-graph.ts';
import { isHidden } from './view.ts';
import { PresenceError } from '../protocol.ts';
import type { Connection, FollowOrigin, User } from './model.ts';
import { PendingFollow } from './pending-follow.ts';
import type { Outbox } from './outbox.ts';
import type { Cluster } from './ports.ts';
import type { Stays } from './stays.ts';
import type { Held, Users } from './users.ts';

export interface Followed {
  /** The requested users, without the own one. */
  users: User[];
  evicted: User[];
}

export class Following {
  readonly #users: Users;
  readonly #outbox: Outbox;
  readonly #cluster: Cluster;
  readonly #stays: Stays;
  /** Users that must look absent to the connections that wait for them now. */
  readonly #absent = new Map<User, { known: Promise<unknown>; isRetraced: boolean }>();

  /** Who waits to be told what other processes say of a user. */
  readonly #unread = new Map<string, Set<Connection>>();

  constructor({ users, outbox, cluster, stays }: { users: Users; outbox: Outbox; cluster: Cluster; stays: Stays }) {
    this.#stays = stays;
    this.#users = users;
    this.#outbox = outbox;
    this.#cluster = cluster;
  }

  /** Begins a follow. Users that are unfollowed before {@link follow} finishes are not followed by it. Call its `end()` when it fails earlier. */
  begin(connection: Connection): PendingFollow {
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
    const held: Held[] = [];
    const learn = async (): Promise<void> => {
      held.push(...others.map((userId) => this.#users.hold(userId, connection.user)));
      const unknown = held
        .map((one) => this.#knownTo(connection, one, refused?.has(one.user.userId) === true))
        .filter((known) => known !== undefined);
      await Promise.all(unknown);
    };
    try {
      await (others.length > 0 ? this.#cluster.onTick(learn) : undefined);
      const users = held.map(({ user }) => user).filter(({ userId }) => pending.wants(userId));
      const followed = this.#follow(pending, users, origin, refused);
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
  async followFor(connection: Connection, userIds: Iterable<string>, pending = this.begin(connection)): Promise<void> {
    await this.follow(pending, userIds, 'server', undefined, ({ users, evicted }) => {
      connection.sink.unfollowed(evicted);
      if (users.length > 0) {
        connection.sink.snapshot(users, 'some');
      }
    });
  }

  /**
   * Resolves when it is known what the other processes say of the user. If the user must look absent to the viewer, this
   * takes as long as for a user that is absent.
   */
  #knownTo(viewer: Connection, { user, isNew }: Held, isRefused: boolean): Promise<unknown> | undefined {
    const isSeen = !isRefused && !isHidden(viewer, user.userId);
    if (user.followers.size > 0 || (isSeen && !isUnseen(user))) {
      return user.known;
    }
    const waiting = this.#absent.get(user);
    if (waiting !== undefined) {
      if (waiting.isRetraced) {
        void this.#cluster.retrace(user.userId, viewer.user);
      }
      return waiting.known;
    }
    const known = isNew
      ? Promise.resolve(user.known)
      : Promise.all([user.known, this.#cluster.retrace(user.userId, viewer.user)]);
    this.#absent.set(user, { known, isRetraced: !isNew });
    return known.finally(() => this.#absent.delete(user));
  }

  #follow(
    { connection, names }: PendingFollow,
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
    this.#noteUnread(connection, added);
    if (users.some(hasFriendsOnly)) {
      this.#outbox.viewOf(connection);
    }
    this.#outbox.introduce(connection, users);
    for (const user of users) {
      link(connection, user, origin);
      if (names?.has(user.userId) === true) {
        connection.names ??= new Map();
        connection.names.set(user.userId, names.get(user.userId));
      }
    }
    this.#stays.settle(connection.user);
    if (connection.delivery === 'live' && turned.some((user) => !added.includes(user))) {
      // `canFollow` now refuses a user that is in the state already: only the full state removes it.
      this.#outbox.resync(connection, 'everything');
    } else {
      connection.sink.followsChanged(added, evicted);
    }
    return { users, evicted };
  }

  /** Notes whom `canFollow` refuses now. Returns those for whom that is new. */
  #refuse(connection: Connection, users: readonly User[], refused: ReadonlySet<string>): User[] {
    if (refused.size === 0 && connection.view === undefined) {
      return [];
    }
    const turned = users.filter(
      ({ userId }) => (connection.view?.refused.has(userId) ?? false) !== refused.has(userId),
    );
    if (turned.length > 0) {
      const view = this.#outbox.viewOf(connection);
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

  /** Whether these users are online elsewhere cannot be known now: until it is, their general status is `unknown`. */
  #noteUnread(connection: Connection, added: readonly User[]): void {
    for (const { userId } of added) {
      if (!this.#cluster.knows(userId)) {
        this.#outbox.viewOf(connection).unread.add(userId);
        const waiting = this.#unread.get(userId) ?? new Set();
        this.#unread.set(userId, waiting.add(connection));
      }
    }
  }

  #forgetUnread(connection: Connection, userId: string): void {
    if (connection.view?.unread.delete(userId) === true) {
      const waiting = this.#unread.get(userId);
      waiting?.delete(connection);
      if (waiting?.size === 0) {
        this.#unread.delete(userId);
      }
    }
  }

  /** See `ClusterHost.applyRead`. */
  wasRead(userId: string): void {
    const user = this.#users.get(userId);
    for (const connection of this.#unread.get(userId) ?? []) {
      this.#forgetUnread(connection, userId);
      if (user !== undefined) {
        this.#outbox.refresh(connection, user);
      }
      this.#outbox.dropView(connection);
    }
  }

  /** The connection follows nobody any more. */
  ended(connection: Connection): void {
    for (const userId of connection.view?.unread ?? []) {
      this.#forgetUnread(connection, userId);
    }
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
        : [...ids].map((userId) => this.#users.get(userId)).filter((user) => user !== undefined);
    const ended = users.filter((user) => this.#unfollow(connection, user));
    connection.sink.followsChanged([], ended);
    this.#stays.settle(connection.user);
    return ended;
  }

  #unfollow(connection: Connection, user: User): boolean {
    if (!connection.follows.has(user)) {
      return false;
    }
    this.#outbox.settle(connection);
    unlink(connection, user);
    connection.names?.delete(user.userId);
    this.#forgetUnread(connection, user.userId);
    this.#users.release(user);
    return true;
  }
}
