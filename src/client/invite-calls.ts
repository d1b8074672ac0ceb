/** Invites of this client: the list of those that are open, and the calls. */
import type { Room } from '@colyseus/sdk';
import type { UserIdLike } from '../ids.ts';
import { PresenceError, type AnswerRequest, type InviteOutcome, type Invites } from '../protocol.ts';
import { readInviteReply, readSeat } from './inbound.ts';
import { InviteStore, type Ended, type OpenInvite } from './invite-store.ts';
import { JOIN_RULES, type FriendJoins, type JoinFriendOptions } from './join-friend.ts';
import { Listeners } from './listeners.ts';
import { requireOptions, requireUserId, wrong, type Rules } from './require.ts';
import type { Requests } from './requests.ts';
import type { Timers } from './timers.ts';

/** An invite, or its id. */
export type InviteLike = string | { readonly inviteId: string };

export interface InviteOptions {
  /** The match: its room, or its room id. Default: the match this user is seen in; the newest of several. */
  match?: string | { readonly roomId: string };
  /** Not to a match, but to the party that this user leads: see `friends.party.invite`. */
  party?: boolean;
}

export interface SentInvite {
  readonly inviteId: string;
  /** When it ends by itself, in milliseconds as `Date.now()` tells them here. */
  readonly expiresAt: number;
  /** How it has ended. `'expired'`: nobody has answered, or the answer was lost with the connection. Never rejects. */
  readonly outcome: Promise<InviteOutcome>;
}

/** The open invites of this user. */
export interface InviteList {
  /** Received (`incoming`) and sent, oldest first. Immutable; the same array while nothing changed. */
  readonly getSnapshot: () => readonly OpenInvite[];
  /** Calls `listener` after every change. Returns the function that ends it. */
  readonly subscribe: (listener: () => void) => () => void;
  /** Calls `listener` when an invite has ended, on whatever device it was answered. Returns the function that ends it. */
  readonly onEnded: (listener: (invite: OpenInvite, outcome: InviteOutcome) => void) => () => void;
}

const INVITE_RULES: Rules<InviteOptions> = { match: 'anything', party: 'boolean' };

export interface InviteCallsDeps {
  requests: Requests;
  joins: FriendJoins;
  timers: Timers;
  ownId: () => string;
}

/** Milliseconds after its end at which an invite counts as expired although no message said so. */
const LATE_MS = 2000;

export class InviteCalls {
  readonly list: InviteList;
  readonly #deps: InviteCallsDeps;
  readonly #store = new InviteStore();
  readonly #changed = new Listeners<[]>();
  readonly #ended = new Listeners<[invite: OpenInvite, outcome: InviteOutcome]>();
  /** The calls that wait for the end of an own invite, by its id. */
  readonly #waiting = new Map<string, (outcome: InviteOutcome) => void>();
  /** The calls of `askToJoin` that wait to be invited, by the id of the ask. */
  readonly #asking = new Map<string, (invite: OpenInvite) => void>();

  constructor(deps: InviteCallsDeps) {
    this.#deps = deps;
    this.list = {
      getSnapshot: () => this.#store.list(),
      subscribe: (listener) => this.#changed.add(listener),
      onEnded: (listener) => this.#ended.add(listener),
    };
  }

  hear(message: Invites): void {
    const ended = this.#store.apply(message, this.#deps.ownId(), Date.now());
    this.#changed.emit();
    for (const one of ended) {
      this.#end(one);
    }
    for (const { asked, inviteId } of message.invites) {
      const invite = this.#store.get(inviteId);
      if (asked !== undefined && invite !== undefined) {
        this.#asking.get(asked)?.(invite);
      }
    }
  }

  #end({ invite, outcome }: Ended): void {
    this.#waiting.get(invite.inviteId)?.(outcome);
    this.#ended.emit(invite, outcome);
  }

  /** Forgets all invites: the connection is lost. */
  clear(): void {
    if (this.#store.clear()) {
      this.#changed.emit();
    }
  }

  close(): void {
    this.#changed.clear();
    this.#ended.clear();
  }

  async invite(user: UserIdLike, options?: InviteOptions): Promise<SentInvite> {
    const userId = requireUserId(user);
    const { matchId, party } = readInviteOptions(options);
    return this.#deps.requests.call(
      'presence:invite',
      { userId, ...(matchId !== undefined && { matchId }), ...(party === true && { party }) },
      (reply) => this.#sent(reply),
      { repeat: false },
    );
  }

  #sent(reply: unknown): SentInvite {
    const sent = readInviteReply(reply);
    if (sent === null) {
      throw new PresenceError('internal', { message: 'The server answered with something that is not an invite.' });
    }
    const { inviteId, expiresInMs } = sent;
    const outcome = new Promise<InviteOutcome>((resolve) => {
      const settle = (how: InviteOutcome): void => {
        this.#waiting.delete(inviteId);
        stop();
        resolve(how);
      };
      const expire = (): void => settle('expired');
      const stop = this.#deps.timers.after(expiresInMs + LATE_MS, expire, expire);
      this.#waiting.set(inviteId, settle);
    });
    return { inviteId, expiresAt: Date.now() + expiresInMs, outcome };
  }

  async accept(invite: InviteLike, how?: Pick<JoinFriendOptions, 'options'>): Promise<Room> {
    const { options } = requireOptions('accept', how, { options: 'JSON object' });
    const seat = await this.#deps.requests.call(
      'presence:answer',
      { inviteId: idOf(invite), answer: 'accept', ...(options && { options }) },
      readSeat,
      { repeat: false },
    );
    if (seat === null) {
      throw new PresenceError('invalid_payload', {
        message: 'It is not an invite: use allow() for who asks to join, and party.accept() for a party.',
      });
    }
    return this.#deps.joins.take(seat);
  }

  async answer(invite: InviteLike, answer: AnswerRequest['answer']): Promise<void> {
    await this.#deps.requests.call('presence:answer', { inviteId: idOf(invite), answer }, () => undefined, {
      repeat: false,
    });
  }

  async ask(user: UserIdLike, how?: JoinFriendOptions): Promise<Room> {
    const userId = requireUserId(user);
    const { connectionId, options } = requireOptions('askToJoin', how, JOIN_RULES);
    const { inviteId, answered } = await this.#deps.requests.call(
      'presence:ask',
      { userId, ...(connectionId !== undefined && { connectionId }) },
      // The answer may be in the next message, so the waiting call must be registered before.
      (reply) => this.#asked(reply),
      { repeat: false },
    );
    try {
      return await this.accept(await answered, { ...(options && { options }) });
    } finally {
      this.#asking.delete(inviteId);
    }
  }

  #asked(reply: unknown): { inviteId: string; answered: Promise<OpenInvite> } {
    const { inviteId, outcome } = this.#sent(reply);
    const answered = new Promise<OpenInvite>((resolve, reject) => {
      this.#asking.set(inviteId, resolve);
      void outcome.then((how) => {
        if (how !== 'accepted') {
          reject(refusalOf(how));
        }
      });
    });
    return { inviteId, answered };
  }
}

function refusalOf(outcome: Exclude<InviteOutcome, 'accepted'>): PresenceError {
  switch (outcome) {
    case 'declined':
      return new PresenceError('refused');
    case 'cancelled':
      return new PresenceError('invite_gone');
    case 'expired':
      return new PresenceError('unanswered');
  }
}

/** The match of an invite, a room id or what has one, and whether it is for the party. */
function readInviteOptions(options: InviteOptions | undefined): { matchId?: string | undefined; party?: unknown } {
  const { match, party }: { match?: unknown; party?: unknown } = requireOptions('invite', options, INVITE_RULES);
  const matchId = typeof match === 'object' && match !== null && 'roomId' in match ? match.roomId : match;
  if (matchId !== undefined && typeof matchId !== 'string') {
    throw wrong('The option "match" of invite', 'a room or a room id', match);
  }
  return { matchId, party };
}

function idOf(invite: InviteLike): string {
  const id: unknown = typeof invite === 'object' && invite !== null ? invite.inviteId : invite;
  if (typeof id !== 'string') {
    throw wrong('The invite', 'one of `invites` or an invite id', invite);
  }
  return id;
}
