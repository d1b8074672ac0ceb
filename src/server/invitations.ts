/**
 * Invites on this process: makes and ends them, and tells the connections of both
 * users here and the other processes. Every process knows every open invite, so
 * users may be connected to any process, and may come back to any other.
 *
 * Failure: if the message to another process is lost, the invite does not reach
 * the connections there; it expires.
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
  /** Milliseconds of a monotonic clock. */
  now: () => number;
  /** An id that nobody can guess. */
  newId: () => string;
}

export class Invitations {
  readonly #deps: InvitationsDeps;
  readonly #invites = new Invites();
  /** Timers by invite id: the first ends the invite, a second forgets it. */
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

  /** Throws `unavailable` when there are too many. Both users are told after this event-loop turn, so that the sender gets its answer first. */
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

  /** The open invite, if this user is on that side of it. Otherwise throws `invite_gone`, whatever the reason. */
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

  /** Ends an invite on all processes. `quiet`: the sender must not know. */
  end({ inviteId }: OpenInvite, outcome: InviteOutcome, quiet = false): void {
    this.#end(inviteId, outcome, quiet);
    this.#broadcast({ kind: 'invited', inviteId, outcome, ...(quiet && { quiet }) });
  }

  /** All invites that a connection may know of. */
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

  /** Tells the other processes again of the invites that were made or delivered here: some may have started later. Ends all timers. */
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

  /** Whether the receiver may know of the invite. Decided once, by the process to which the receiver is connected. */
  #reaches(invite: OpenInvite, user: User, now: number): boolean {
    if (invite.isDelivered) {
      return true;
    }
    const { kind, from, to, reach, outcome } = invite;
    const isWelcome =
      outcome === undefined &&
      (reach === 'all' || (reach === 'followers' && this.#follows(user, from.userId))) &&
      // A user that is invisible or has gone cannot be asked.
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
