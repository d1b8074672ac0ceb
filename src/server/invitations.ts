/**
 * Invites on this process: makes and ends them, tells the connections of both
 * users here, and the other processes. Every process knows every open invite, so
 * it does not matter where a user is, or comes back to.
 *
 * Failure: an invite of which another process does not hear, because a message
 * is lost, does not reach the connections there, and expires.
 *
 * Cost: one message to every process for each invite and each answer; to accept
 * one, one Redis command more than for a join.
 */
import { inviteTo, Invites, KEEP_MS, type InviteFacts, type OpenInvite, type Side } from '../core/invites.ts';
import { hasEnded } from '../core/derived.ts';
import { PresenceError, type Invite, type InviteOutcome } from '../protocol.ts';
import { parseInviteNews, type InviteNews } from './invite-news.ts';
import type { Claims } from './claims.ts';
import type { Connection, User } from '../core/model.ts';
import type { Tracker } from '../core/tracker.ts';

export interface InvitationsDeps {
  tracker: Tracker;
  claims: Claims;
  /** Milliseconds, of a clock that is never set. */
  now: () => number;
  /** An id that nobody can guess. */
  newId: () => string;
}

export class Invitations {
  readonly #deps: InvitationsDeps;
  readonly #invites = new Invites();
  /** By invite: ends it in time, then forgets it. */
  readonly #timers = new Map<string, NodeJS.Timeout>();

  /** Invites that were made here. */
  readonly #made = new Set<string>();

  constructor(deps: InvitationsDeps) {
    this.#deps = deps;
  }

  get claims(): Claims {
    return this.#deps.claims;
  }

  get size(): number {
    return this.#invites.size;
  }

  /** Throws `unavailable` when there are too many. Those it concerns are told after the present turn: the answer to the sender comes first. */
  make(facts: Omit<InviteFacts, 'inviteId'>, seconds: number): OpenInvite {
    const invite = { ...facts, inviteId: this.#deps.newId() };
    const added = this.#add(invite, seconds * 1000);
    if (added === undefined) {
      throw new PresenceError('unavailable');
    }
    this.#made.add(invite.inviteId);
    this.#broadcast({ kind: 'invite', invite, ms: seconds * 1000 });
    return added;
  }

  /** The open invite, if this user is on that side of it. Throws `invite_gone`, whatever else it is. */
  find(inviteId: string, { userId }: User, side: Side): OpenInvite {
    const invite = this.#invites.find(inviteId, userId, side, this.#deps.now());
    if (invite === undefined) {
      throw new PresenceError('invite_gone');
    }
    return invite;
  }

  /** Seconds after which no process knows of the invite any more. */
  secondsLeft({ endsAt }: OpenInvite): number {
    return Math.max(1, Math.ceil((endsAt - this.#deps.now() + 2 * KEEP_MS) / 1000));
  }

  /** `quiet`: the sender is not to know. */
  end({ inviteId }: OpenInvite, outcome: InviteOutcome, quiet = false): void {
    this.#end(inviteId, outcome, quiet);
    this.#broadcast({ kind: 'invited', inviteId, outcome, ...(quiet && { quiet }) });
  }

  /** All that a connection may know of. */
  of({ user }: Connection): Invite[] {
    const now = this.#deps.now();
    return this.#invites.of(user.userId, now).flatMap((invite) => {
      const isSender = invite.from.userId === user.userId;
      if (!isSender && !this.#reaches(invite, user, now)) {
        return [];
      }
      return [inviteTo(invite, isSender ? 'sender' : 'receiver', now)];
    });
  }

  /** News of another process. */
  hear(value: unknown): void {
    const news = parseInviteNews(value);
    if (news?.kind === 'invite') {
      const { invite, ms, outcome, answered } = news;
      if (this.#add(invite, ms) !== undefined) {
        if (answered !== undefined) {
          this.#end(invite.inviteId, answered, true);
        }
        if (outcome !== undefined) {
          this.#end(invite.inviteId, outcome, false);
        }
      }
    } else if (news !== null) {
      this.#end(news.inviteId, news.outcome, news.quiet === true);
    }
  }

  /** Tells the others, who may have come later, of those that were made here, or have reached somebody here. Ends all timers. */
  stop(): void {
    const now = this.#deps.now();
    for (const invite of this.#invites.all(now)) {
      if (invite.isDelivered || this.#made.has(invite.inviteId)) {
        this.#retell(invite, now);
      }
    }
    for (const timer of this.#timers.values()) {
      clearTimeout(timer);
    }
    this.#timers.clear();
  }

  #retell(invite: OpenInvite, now: number): void {
    const { endsAt, outcome, answered, isDelivered: _, ...facts } = invite;
    this.#broadcast({
      kind: 'invite',
      invite: facts,
      ms: endsAt - now,
      ...(outcome !== undefined && { outcome }),
      ...(answered !== undefined && { answered }),
    });
  }

  #add(facts: InviteFacts, ms: number): OpenInvite | undefined {
    const added = this.#invites.add(facts, this.#deps.now() + ms);
    if (added === undefined) {
      return undefined;
    }
    const { inviteId } = facts;
    this.#timers.set(
      inviteId,
      setTimeout(() => {
        this.#expire(inviteId);
      }, ms).unref(),
    );
    this.#later([...added.replaced, added.invite]);
    return added.invite;
  }

  #end(inviteId: string, outcome: InviteOutcome, quiet: boolean): void {
    const ended = this.#invites.end(inviteId, outcome, quiet);
    if (ended !== undefined) {
      this.#later([ended], quiet ? ['receiver'] : ended.answered === undefined ? undefined : ['sender']);
    }
  }

  #expire(inviteId: string): void {
    this.#end(inviteId, 'expired', false);
    this.#timers.set(
      inviteId,
      setTimeout(() => {
        this.#timers.delete(inviteId);
        this.#made.delete(inviteId);
        this.#invites.forget(inviteId);
        this.#deps.claims.forget(inviteId);
      }, KEEP_MS).unref(),
    );
  }

  #later(invites: readonly OpenInvite[], sides: readonly Side[] = ['sender', 'receiver']): void {
    setImmediate(() => {
      for (const invite of invites) {
        for (const side of sides) {
          this.#tell(invite, side);
        }
      }
    });
  }

  #tell(invite: OpenInvite, side: Side): void {
    const { tracker, now } = this.#deps;
    const user = tracker.users.get(side === 'sender' ? invite.from.userId : invite.to);
    if (user === undefined || user.own.size === 0 || (side === 'receiver' && !this.#reaches(invite, user, now()))) {
      return;
    }
    const seen = inviteTo(invite, side, now());
    for (const connection of user.own) {
      if (connection.delivery !== 'away' && !hasEnded(connection) && !connection.sink.invites([seen])) {
        tracker.outbox.owe(connection);
      }
    }
  }

  /** Whether the receiver may know of it: decided once, by the process where it is. */
  #reaches(invite: OpenInvite, user: User, now: number): boolean {
    if (invite.isDelivered) {
      return true;
    }
    const { kind, from, to, reach, outcome } = invite;
    const isWelcome =
      outcome === undefined &&
      (reach === 'all' || (reach === 'followers' && this.#follows(user, from.userId))) &&
      // Whoever is invisible, or has gone, cannot be asked.
      (kind !== 'ask' || user.visible.size > 0) &&
      !this.#deps.tracker.hasBlocked(to, from.userId);
    return isWelcome && this.#invites.deliver(invite, now, this.#follows(user, from.userId));
  }

  #follows({ own }: User, userId: string): boolean {
    const other = this.#deps.tracker.users.get(userId);
    return other !== undefined && [...own].some(({ follows }) => follows.has(other));
  }

  #broadcast(news: InviteNews): void {
    this.#deps.tracker.cluster.broadcast(news);
  }
}
