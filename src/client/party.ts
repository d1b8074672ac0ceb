/** The party of the own user, as a store, and its calls. */
import type { Room } from '@colyseus/sdk';
import { notAnId, toUserId, type UserIdLike } from '../ids.ts';
import { PresenceError, type JoinReply, type PartyEvent, type PartyInfo, type PartyRequest } from '../protocol.ts';
import type { InviteCalls, SentInvite } from './invite-calls.ts';
import type { FriendJoins, JoinFriendOptions } from './join-friend.ts';
import { Listeners } from './listeners.ts';
import type { Requests } from './requests.ts';
import type { Timers } from './timers.ts';

/** The party of the own user, as it is now. Immutable. */
export type Party = Readonly<PartyInfo> & {
  /** Whether the own user leads it. */
  readonly isLeader: boolean;
};

export interface PartyDeps {
  requests: Requests;
  joins: FriendJoins;
  invites: InviteCalls;
  timers: Timers;
  timeoutMs: number;
  ownId: () => string;
}

export class PartyClient {
  readonly #deps: PartyDeps;
  readonly #changed = new Listeners<[]>();
  readonly #matches = new Listeners<[match: Room]>();
  #party: Party | undefined;
  /** Joins of seats under way, by match. */
  readonly #joining = new Map<string, Promise<Room>>();
  #starting: { readonly key: string; readonly joining: Promise<Room> } | undefined;
  #awaited: { readonly roomId: string; resolve(room: Promise<Room>): void } | undefined;

  constructor(deps: PartyDeps) {
    this.#deps = deps;
  }

  /** `undefined`: in no party, or the connection is lost. The same object while nothing changed. */
  readonly getSnapshot = (): Party | undefined => this.#party;

  /** Calls `listener` after every change. Returns the function that ends it. */
  readonly subscribe = (listener: () => void): (() => void) => this.#changed.add(listener);

  /** Calls `listener` with the room when this device has joined the party's match, on the leader's device, too. Returns the function that ends it. */
  readonly onMatch = (listener: (match: Room) => void): (() => void) => this.#matches.add(listener);

  /**
   * Invites a user to the party, which is made if there is none. The invite is
   * of kind `party` in `friends.invites`; {@link accept} accepts it. Fails with
   * `party_denied` (somebody else leads it), `party_full`, `not_visible` (this
   * user is invisible) or `rate_limited`.
   *
   * @example await friends.party.invite('bob');
   */
  invite(user: UserIdLike): Promise<SentInvite> {
    return this.#deps.invites.invite(user, { party: true });
  }

  /** Accepts an invite to a party. Fails with `invite_gone`, `in_party` (leave that one first), `party_full`, `party_gone` or `not_visible` (this user is invisible). */
  accept(invite: string | { readonly inviteId: string }): Promise<void> {
    return this.#deps.invites.answer(invite, 'accept');
  }

  /** Removes a member. Only the leader: else `party_denied`. */
  kick(user: UserIdLike): Promise<void> {
    return this.#act({ action: 'kick', userId: requireUserId(user) });
  }

  /** Another member leads from now on. Only the leader: else `party_denied`. */
  promote(user: UserIdLike): Promise<void> {
    return this.#act({ action: 'promote', userId: requireUserId(user) });
  }

  /** Leaves the party. If this user leads it, the member that has been in it longest leads it from then on. */
  leave(): Promise<void> {
    return this.#act({ action: 'leave' });
  }

  /**
   * Joins the match of a followed user with all members, or with nobody. Only
   * the leader. Each member's device gets its room by {@link onMatch}. Fails with
   * `party_member` (`error.members` names who cannot join, and why), with
   * `party_busy`, and as `joinFriend` does.
   *
   * @example
   * const match = await friends.party.joinMatch('ann');
   */
  joinMatch(user: UserIdLike, { connectionId, options }: JoinFriendOptions = {}): Promise<Room> {
    const userId = requireUserId(user);
    return this.#start({
      action: 'join',
      userId,
      ...(connectionId !== undefined && { connectionId }),
      ...(options && { options }),
    });
  }

  /** Creates a match, a room with this name, for all members, or for nobody. Only the leader. Otherwise like {@link joinMatch}. */
  createMatch(name: string, options?: Record<string, unknown>): Promise<Room> {
    return this.#start({ action: 'create', name, ...(options && { options }) });
  }

  /** @internal */
  hear({ party, seat }: PartyEvent): void {
    this.#set(party ?? undefined);
    if (seat !== undefined) {
      this.#take(seat);
    }
  }

  /** @internal Forgets the party: the connection is lost. */
  clear(): void {
    this.#set(undefined);
  }

  /** @internal */
  close(): void {
    this.#changed.clear();
    this.#matches.clear();
  }

  #set(party: PartyInfo | undefined): void {
    const before = this.#party;
    this.#party =
      party === undefined ? undefined : Object.freeze({ ...party, isLeader: party.leader === this.#deps.ownId() });
    if (JSON.stringify(before) === JSON.stringify(this.#party)) {
      this.#party = before;
    } else {
      this.#changed.emit();
    }
  }

  #take(seat: JoinReply): void {
    const joining = this.#deps.joins.take(seat);
    this.#joining.set(seat.roomId, joining);
    void joining
      .then(
        (match) => {
          this.#matches.emit(match);
        },
        () => undefined,
      )
      .finally(() => {
        // The leader's seat may come before the answer to its call.
        if (this.#starting === undefined) {
          this.#joining.delete(seat.roomId);
        }
      });
    if (this.#awaited?.roomId === seat.roomId) {
      this.#awaited.resolve(joining);
    }
  }

  async #act(request: PartyRequest): Promise<void> {
    await this.#deps.requests.call('presence:party', request, () => undefined, { repeat: false });
  }

  /** One at a time; the same call again, while it is under way, is the same join. */
  #start(request: PartyRequest): Promise<Room> {
    const key = JSON.stringify(request);
    if (this.#starting !== undefined) {
      return this.#starting.key === key ? this.#starting.joining : Promise.reject(new PresenceError('party_busy'));
    }
    const joining = this.#startNow(request).finally(() => {
      this.#starting = undefined;
      this.#joining.clear();
    });
    this.#starting = { key, joining };
    return joining;
  }

  async #startNow(request: PartyRequest): Promise<Room> {
    const { requests, timers, timeoutMs } = this.#deps;
    const seated = await requests.call('presence:party', request, (reply) => this.#awaitSeat(reply), { repeat: false });
    try {
      return await timers.within(
        seated.joining,
        timeoutMs,
        () => new PresenceError('unavailable', { message: `No seat came within ${timeoutMs} ms.` }),
      );
    } finally {
      this.#awaited = undefined;
    }
  }

  /** The seat may come before the answer, or after it. In an object: a promise would be waited for. */
  #awaitSeat(reply: unknown): { joining: Promise<Room> } {
    const roomId = String((reply as { roomId?: unknown } | undefined)?.roomId);
    const joining = this.#joining.get(roomId);
    if (joining !== undefined) {
      return { joining };
    }
    return {
      joining: new Promise((resolve) => {
        this.#awaited = { roomId, resolve };
      }),
    };
  }
}

function requireUserId(user: UserIdLike): string {
  const userId = toUserId(user);
  if (userId === undefined) {
    throw new PresenceError('invalid_payload', { message: notAnId(user) });
  }
  return userId;
}
