/**
 * Friend presence in a client, browser or Node: a live friends list over one
 * connection to a presence-aware room.
 *
 *     const friends = await PresenceClient.join(client, 'presence', { status: '' });
 *     await friends.follow(['bob']);
 *     friends.subscribe(() => render(friends.getSnapshot()));
 *
 * Guarantees
 *   - `getSnapshot()` is immutable and the same array while nothing changed,
 *     unchanged friends are the same objects. It works with React's
 *     `useSyncExternalStore(friends.subscribe, friends.getSnapshot)`.
 *   - Listeners run after the list is up to date, once per message of the
 *     server. An error in one of them does not affect the others.
 *   - Answers, snapshots and deltas are applied in the order of the wire.
 *   - Without a connection the list stays, marked `stale`. Changes during that
 *     time are announced afterwards as joins and leaves.
 *   - A lost seat is replaced by a new one with the same status and follows.
 *
 * Failure: every call fails with a `PresenceError` only. Without a connection it
 * waits for one (`timeoutMs`), then fails with `not_joined`; after `leave()` it
 * fails at once. A call refused with `rate_limited` is repeated for up to 30
 * seconds.
 */
import type { Client, Room } from '@colyseus/sdk';
import { PresenceError, type Delta, type Presence, type Status, type UserStatus, type Welcome } from '../protocol.ts';
import type { UserIdLike } from '../ids.ts';
import { Announcer } from './announcer.ts';
import { Follows, type FollowResult } from './follows.ts';
import { FriendStore } from './friend-store.ts';
import { FriendJoins, type JoinFriendOptions } from './join-friend.ts';
import { InviteCalls, type InviteLike, type InviteList, type InviteOptions, type SentInvite } from './invite-calls.ts';
import { Link } from './link.ts';
import { PartyClient } from './party.ts';
import { OwnStatus } from './own-status.ts';
import { queryUsers } from './query.ts';
import { Requests } from './requests.ts';
import {
  attachSettings,
  joinSettings,
  requireClient,
  requireRoom,
  requireRoomName,
  type Settings,
} from './settings.ts';
import type { AttachOptions, ConnectionPhase, Friend, PresenceClientOptions, UserStatusChange } from './types.ts';

/** Milliseconds that the server has after a rejoin to repeat the follows it made. Longer than its default timeout of `resolveFollows`. */
const SERVER_FOLLOWS_MS = 10_000;

export class PresenceClient {
  #maxFrameBytes: number;
  #store = new FriendStore();
  #link: Link;
  #requests: Requests;
  #follows: Follows;
  #joins: FriendJoins;
  #invitations: InviteCalls;
  /** The party of this user: a store, its calls, and `onMatch`. */
  readonly party: PartyClient;
  #status: OwnStatus;
  #connectionId: string | undefined;
  #leaving: Promise<void> | null = null;
  #stopWaiting = (): void => undefined;
  #listError: PresenceError | undefined;

  #announcer = new Announcer();

  /**
   * Joins the room and waits for the server's welcome. Fails with a
   * `PresenceError`: `unauthenticated` or `status_too_long` when presence refuses
   * the seat, `invalid_payload` for an option that makes no sense, `unavailable`
   * when the room is not presence-aware, nothing answers or the seat is refused
   * otherwise (`error.cause` is the SDK's own error). The option `joinAttempts`
   * has it try again. A failed join leaves nothing behind.
   */
  static async join(client: Client, roomName: string, options: PresenceClientOptions = {}): Promise<PresenceClient> {
    requireClient(client);
    requireRoomName(roomName);
    const settings = joinSettings(options);
    const presence = new PresenceClient(client, roomName, settings);
    if (settings.status !== undefined) {
      presence.#status.begin(settings.status);
    }
    return presence.#start(() => presence.#link.joinFirst(settings.joinAttempts));
  }

  /**
   * Uses a room that the application has joined itself, now or at any time
   * before: what was missed is asked for. Fails with `unavailable` at once when
   * the room is not presence-aware. `status`, when given, is set; without it the one the room was joined with
   * counts. `leave()` leaves the room. After a lost seat the helper joins
   * `roomName` again with `joinOptions`, and passes the new room to `onRoom`.
   */
  static async attach(room: Room, options: AttachOptions): Promise<PresenceClient> {
    requireRoom(room);
    const settings = attachSettings(options);
    const { client, roomName = room.name } = settings;
    requireClient(client);
    requireRoomName(roomName);
    const presence = new PresenceClient(client, roomName, settings);
    await presence.#start(() => presence.#link.adopt(room, true));
    if (settings.status !== undefined) {
      await presence.setStatus(settings.status).catch(unlessLocked);
    }
    return presence;
  }

  private constructor(client: Client, roomName: string, settings: Settings) {
    const { joinOptions, sync, resume, timeoutMs, maxFrameBytes, rejoin, reconnectMs } = settings;
    this.#maxFrameBytes = maxFrameBytes;
    this.#connectionId = resume;
    this.#link = new Link(
      {
        client,
        roomName,
        method: settings.roomMethod,
        rejoin,
        reconnectMs,
        timeoutMs,
        welcomed: sync !== 'state',
        joinOptions: () => ({
          ...joinOptions,
          ...defined({ sync, status: this.#status.forJoin(), resume: this.#connectionId }),
        }),
        onRoom: settings.onRoom,
      },
      {
        welcome: (welcome, fresh) => this.#greet(welcome, fresh),
        delta: (delta) => this.#hear(delta),
        snapshot: (snapshot) => this.#announcer.announce(this.#store.applySnapshot(snapshot)),
        unfollowed: (userIds) => this.#announcer.announce(this.#store.remove(userIds)),
        friends: (error) => this.#friends(error),
        invites: (message) => this.#invitations.hear(message),
        party: (event) => this.party.hear(event),
        state: (state, error) => this.#enter(state, error),
      },
    );
    this.#requests = new Requests(this.#link, timeoutMs);
    this.#joins = new FriendJoins(client, this.#requests, timeoutMs);
    this.#invitations = new InviteCalls({
      requests: this.#requests,
      joins: this.#joins,
      timers: this.#link.timers,
      ownId: () => this.userId,
    });
    this.party = new PartyClient({
      requests: this.#requests,
      joins: this.#joins,
      invites: this.#invitations,
      timers: this.#link.timers,
      timeoutMs,
      ownId: () => this.userId,
    });
    this.#status = new OwnStatus(this.#requests, maxFrameBytes);
    this.#follows = new Follows({
      link: this.#link,
      requests: this.#requests,
      store: this.#store,
      maxFrameBytes,
      announcer: this.#announcer,
    });
  }

  // --- what is known

  /** The followed users, in the order of following. Immutable; the same array while nothing changed. */
  readonly getSnapshot = (): readonly Friend[] => this.#store.list();

  /** Calls `listener` after every change of the list, of `me` or of `connection`. Returns the function that ends it. */
  readonly subscribe = (listener: () => void): (() => void) => this.#announcer.changed.add(listener);

  /** The own user, with all its devices. `undefined` only with `sync: 'state'`. */
  get me(): Friend | undefined {
    return this.#store.me;
  }

  /** Empty only with `sync: 'state'`. */
  get userId(): string {
    return this.#store.me?.userId ?? '';
  }

  /** The public id of this connection. Reconnections keep it, most rejoins too. Pass it as `resume` to keep it over a reload of the page. */
  get connectionId(): string {
    return this.#connectionId ?? '';
  }

  /**
   * Why the server could not load the game's friend list (its option
   * `resolveFollows`); it tries again. `undefined`: as far as is known, the list
   * is complete. `subscribe` tells of changes.
   */
  get listError(): PresenceError | undefined {
    return this.#listError;
  }

  get connection(): ConnectionPhase {
    return this.#link.state;
  }

  /** The SDK's room. Another object after a rejoin: see `onRoom` in the options. */
  get room(): Room {
    return this.#link.room;
  }

  // --- calls

  /**
   * Objects travel as JSON; `''` = online with nothing to say, `null` =
   * invisible. At most 2048 UTF-8 bytes by default (`status_too_long`). The
   * last status is restored after a rejoin. `status_locked`: the server has set
   * another for this user; this one is kept, and shown when that ends.
   */
  async setStatus(status: Status | object): Promise<void> {
    await this.#status.set(status);
  }

  /**
   * Follows these users and returns those of their connections that are
   * visible now. Any number of ids: they are sent in chunks, one after the
   * other. When one fails (`too_many_follows`), the chunks before it stay
   * followed. The own id is ignored, unknown ids are fine.
   */
  follow(userIds: readonly UserIdLike[]): Promise<FollowResult> {
    return this.#follows.follow(userIds);
  }

  /**
   * Ends these follows. After it resolves, no change of these users is announced.
   * Sent in chunks like {@link follow}. Unknown ids are fine, an empty list
   * does nothing. `invalid_payload` without a list: see {@link unfollowAll}.
   */
  unfollow(userIds: readonly UserIdLike[]): Promise<void> {
    return this.#follows.unfollow(userIds);
  }

  /** Ends every follow of this connection, those included that the server made for it. One request. */
  unfollowAll(): Promise<void> {
    return this.#follows.unfollowAll();
  }

  /**
   * The statuses of these users, followed or not. Users that may not be seen
   * are left out; when no user is left it fails with `not_visible`. The own user
   * can always be queried.
   */
  getUserStatus(userIds: readonly UserIdLike[]): Promise<UserStatus[]> {
    return queryUsers(this.#requests, userIds, this.#maxFrameBytes);
  }

  /**
   * Takes a seat in the match of a followed user and returns the joined room.
   * Fails with `not_visible`, `no_match`, `match_full`, `match_locked`,
   * `match_gone`, `match_denied` or, when nobody answers within `timeoutMs`,
   * `unavailable`. The same call again while it is under way returns the same
   * promise, so a second click joins nothing twice.
   *
   * @example const match = await friends.joinFriend('ann', { options: { team: 'red' } });
   */
  joinFriend(userId: UserIdLike, options?: JoinFriendOptions): Promise<Room>;
  joinFriend<T>(userId: UserIdLike, options?: JoinFriendOptions): Promise<Room<T>>;
  joinFriend(userId: UserIdLike, options?: JoinFriendOptions): Promise<Room> {
    return this.#joins.join(userId, options);
  }

  // --- invites

  /** The open invites, received and sent, as a store: `getSnapshot`, `subscribe`, and `onEnded`. Empty while the connection is lost. */
  get invites(): InviteList {
    return this.#invitations.list;
  }

  /**
   * Invites a user to the match this user is in. It goes to all devices of the
   * other user, and ends after a minute (`inviteSeconds` of the server). The
   * answer is the same whether the other is online or not; `outcome` tells how it
   * ended, `'expired'` when nobody has answered. Fails with `no_match` (this user
   * plays in no match with `MatchPlugin`), `match_denied` (nobody may be invited
   * there) or `rate_limited`, which is repeated for up to 30 seconds.
   *
   * @example
   * const invite = await friends.invite('bob', { match });
   * if ((await invite.outcome) === 'declined') { say('Bob does not want to.'); }
   */
  invite(userId: UserIdLike, options?: InviteOptions): Promise<SentInvite> {
    return this.#invitations.invite(userId, options);
  }

  /**
   * Accepts an invite and takes the seat in the match. Fails with `invite_gone`
   * (it has ended, or another device was faster), `no_match` (the sender
   * does not play there any more), `match_full`, `match_locked`, `match_gone`,
   * `match_denied` or `unavailable`; after one that is `retryable` the invite is
   * still open.
   *
   * @example button.onclick = async () => { match = await friends.accept(invite, { options: { team: 'red' } }); };
   */
  accept(invite: InviteLike, options?: Pick<JoinFriendOptions, 'options'>): Promise<Room>;
  accept<T>(invite: InviteLike, options?: Pick<JoinFriendOptions, 'options'>): Promise<Room<T>>;
  accept(invite: InviteLike, options?: Pick<JoinFriendOptions, 'options'>): Promise<Room> {
    return this.#invitations.accept(invite, options);
  }

  /** Declines an invite, on all devices. The sender is told, unless this user is invisible. */
  decline(invite: InviteLike): Promise<void> {
    return this.#invitations.answer(invite, 'decline');
  }

  /** Takes back an own invite, or an ask. */
  cancel(invite: InviteLike): Promise<void> {
    return this.#invitations.answer(invite, 'cancel');
  }

  /**
   * Asks a followed user, or the host of its match, to be let in, and joins the
   * match when the answer is yes. Takes as long as the answer does, a minute at
   * most by default. Fails with `refused`, `unanswered`, `not_visible` (the user
   * is not seen online), `no_match`, `match_denied` (nobody is let in there),
   * `invite_gone` (taken back with `cancel`), and as {@link accept} does.
   *
   * @example const match = await friends.askToJoin('ann');
   */
  askToJoin(userId: UserIdLike, options?: JoinFriendOptions): Promise<Room>;
  askToJoin<T>(userId: UserIdLike, options?: JoinFriendOptions): Promise<Room<T>>;
  askToJoin(userId: UserIdLike, options?: JoinFriendOptions): Promise<Room> {
    return this.#invitations.ask(userId, options);
  }

  /** Allows a request to join (an invite of kind `ask`). Fails with `invite_gone`, `no_match` (this user is not in the match any more), `match_full`, `match_locked`, `match_gone` or `match_denied`. */
  allow(ask: InviteLike): Promise<void> {
    return this.#invitations.answer(ask, 'accept');
  }

  /** Refuses a request to join, on all devices. */
  refuse(ask: InviteLike): Promise<void> {
    return this.#invitations.answer(ask, 'decline');
  }

  /** Leaves the room for good: friends see it at once. Waiting calls fail with `not_joined`; listeners are removed. Idempotent. */
  leave(): Promise<void> {
    return (this.#leaving ??= this.#link.close());
  }

  // --- events; each returns the function that ends it

  /** Connections of followed users and of the own user that appeared, disappeared or changed, also while this client was disconnected. A new follow alone announces no joins. */
  onDelta(listener: (delta: Delta) => void): () => void {
    return this.#announcer.deltas.add(listener);
  }

  /** Users whose general or custom status changed, the own one included: one list per delta. */
  onUserStatusChanged(listener: (changes: readonly UserStatusChange[]) => void): () => void {
    return this.#announcer.statuses.add(listener);
  }

  /** Users were added to the list or removed from it, by a call or by the server (its own follows, an eviction). */
  onFollowsChanged(listener: (added: readonly string[], removed: readonly string[]) => void): () => void {
    return this.#announcer.follows.add(listener);
  }

  /** `error`: why it is `closed`, unless the application called `leave()`. */
  onConnectionChange(listener: (state: ConnectionPhase, error?: unknown) => void): () => void {
    return this.#announcer.connection.add(listener);
  }

  // --- inside

  async #start(connect: () => Promise<void>): Promise<this> {
    try {
      await connect();
      return this;
    } catch (error) {
      await this.leave();
      throw error;
    }
  }

  #greet(welcome: Welcome, fresh: boolean): void {
    this.#connectionId = welcome.connectionId;
    this.#invitations.clear();
    this.party.clear();
    const seen = welcome.presences.find(({ connectionId }) => connectionId === welcome.connectionId)?.status ?? null;
    if (fresh) {
      this.#status.joined(seen, welcome.locked === true);
    } else {
      this.#status.returned(seen, welcome.locked === true);
    }
    this.#announcer.announce(this.#store.welcome(welcome));
  }

  #hear(delta: Delta): void {
    const mine = ({ connectionId }: Presence): boolean => connectionId === this.#connectionId;
    const status = delta.joins.findLast(mine)?.status ?? (delta.leaves.some(mine) ? null : undefined);
    if (status !== undefined) {
      this.#status.announced(status);
    }
    this.#announcer.announce(this.#store.applyDelta(delta));
  }

  #friends(error: PresenceError | undefined): void {
    this.#listError = error;
    this.#stopWaiting();
    if (error === undefined) {
      this.#dropServerFollows();
    }
    this.#announcer.changed.emit();
  }

  #enter(state: ConnectionPhase, error: unknown): void {
    this.#stopWaiting();
    if (state !== 'online') {
      this.#store.markStale();
      this.#invitations.clear();
      this.party.clear();
    }
    if (state === 'rejoining') {
      this.#store.lose();
      this.#listError = undefined;
    }
    this.#announcer.announceState(state, error);
    if (state === 'online') {
      this.#status.restore();
      void this.#follows.refollow();
      this.#awaitServerFollows();
    } else if (state === 'closed') {
      this.#announcer.clear();
      this.#invitations.close();
      this.party.close();
    }
  }

  /** Removes the follows that the server made before a rejoin and has not repeated since. */
  #awaitServerFollows(): void {
    if (this.#store.unconfirmed('server').length > 0) {
      this.#stopWaiting = this.#link.timers.after(SERVER_FOLLOWS_MS, () => {
        this.#dropServerFollows();
      });
    }
  }

  #dropServerFollows(): void {
    this.#announcer.announce(this.#store.remove(this.#store.unconfirmed('server')));
  }
}

/** The status is kept: that it is not shown yet is no reason to be without presence. */
function unlessLocked(error: unknown): void {
  if (!(error instanceof PresenceError && error.code === 'status_locked')) {
    throw error;
  }
}

function defined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
