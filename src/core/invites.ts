/**
 * The open invites of all users, the same on every process: the process that
 * makes or ends an invite tells all others. An invite has two sides. The
 * receiver hears at once how it ends. The sender must not learn that an
 * invisible receiver has answered: for the sender such an invite expires, like
 * one that reached nobody. Pure.
 */
import type { Invite, InvitedMatch, InviteKind, InviteOutcome } from '../protocol.ts';
import type { Named } from '../options.ts';

export interface InviteFacts {
  readonly inviteId: string;
  readonly kind: InviteKind;
  readonly from: Named;
  readonly to: string;
  /** The room id of the match, which leaves the server only inside a seat; or the id of the party. */
  readonly roomId: string;
  readonly match?: InvitedMatch;
  readonly size?: number;
  readonly friend?: string;
  readonly asked?: string;
  /** `all`: it reaches the receiver. `followers`: only if the receiver follows the sender. `nobody`: it reaches no one, and expires. */
  readonly reach: 'all' | 'nobody' | 'followers';
}

/** An invite and how it stands. */
export interface OpenInvite extends InviteFacts {
  /** When it ends by itself, by the clock of this process. */
  readonly endsAt: number;
  /** How it ended, as the sender was told. */
  readonly outcome: InviteOutcome | undefined;
  /** How it ended, as the receiver was told, where the sender must not know. */
  readonly answered: InviteOutcome | undefined;
  /** Whether the receiver's connections on this process may know of it. */
  readonly isDelivered: boolean;
}

interface Entry extends InviteFacts {
  endsAt: number;
  outcome: InviteOutcome | undefined;
  answered: InviteOutcome | undefined;
  isDelivered: boolean;
  isFromFriend: boolean;
}

export type Side = 'sender' | 'receiver';

/** Maximum of open invites on a process. */
export const MAX_INVITES = 100_000;
/** Maximum of open invites that one user is shown from users it follows, and as many again from others, so that strangers cannot keep out friends. Further ones do not reach it. */
export const MAX_RECEIVED = 50;
/** Milliseconds for which an expired invite is kept: the news that it was accepted just before may still arrive. */
export const KEEP_MS = 10_000;

export class Invites {
  /** Oldest first. */
  readonly #byId = new Map<string, Entry>();
  readonly #byUser = new Map<string, Set<Entry>>();

  get size(): number {
    return this.#byId.size;
  }

  get isFull(): boolean {
    return this.#byId.size >= MAX_INVITES;
  }

  /** Returns the new invite and those that it replaces: invites of the same kind, users and match. `undefined`: it is known already, or there are too many. */
  add(facts: InviteFacts, endsAt: number): { invite: OpenInvite; replaced: OpenInvite[] } | undefined {
    if (this.isFull || this.#byId.has(facts.inviteId)) {
      return undefined;
    }
    const replaced: Entry[] = [];
    for (const known of this.#byUser.get(facts.from.userId) ?? []) {
      if (isOpen(known, 'sender') && replaces(facts, known)) {
        known.outcome = 'cancelled';
        replaced.push(known);
      }
    }
    const entry: Entry = {
      ...facts,
      endsAt,
      outcome: undefined,
      answered: undefined,
      isDelivered: false,
      isFromFriend: false,
    };
    this.#byId.set(entry.inviteId, entry);
    for (const userId of [entry.from.userId, entry.to]) {
      this.#byUser.set(userId, (this.#byUser.get(userId) ?? new Set<Entry>()).add(entry));
    }
    return { invite: entry, replaced };
  }

  /** The invite, if it is open and this user is on that side of it. */
  find(inviteId: string, userId: string, side: Side, now: number): OpenInvite | undefined {
    const entry = this.#byId.get(inviteId);
    const isTheirs = side === 'sender' ? entry?.from.userId === userId : entry?.to === userId && entry.isDelivered;
    return entry !== undefined && isTheirs && entry.endsAt > now && isOpen(entry, side) ? entry : undefined;
  }

  /** Ends an invite. `quiet`: the sender must not know. An expired invite can still become accepted. Returns the invite; `undefined` when it had ended before. */
  end(inviteId: string, outcome: InviteOutcome, quiet = false): OpenInvite | undefined {
    const entry = this.#byId.get(inviteId);
    if (entry === undefined) {
      return undefined;
    }
    if (quiet) {
      if (!isOpen(entry, 'receiver')) {
        return undefined;
      }
      entry.answered = outcome;
      return entry;
    }
    if (entry.outcome !== undefined && !(entry.outcome === 'expired' && outcome === 'accepted')) {
      return undefined;
    }
    entry.outcome = outcome;
    return entry;
  }

  /** From now on the receiver may know of it. Returns false when the receiver has too many. `isFromFriend`: the receiver follows the sender. */
  deliver({ inviteId }: OpenInvite, now: number, isFromFriend = false): boolean {
    const entry = this.#byId.get(inviteId);
    if (entry === undefined || entry.isDelivered) {
      return entry !== undefined;
    }
    entry.isFromFriend = isFromFriend;
    const shown = this.#of(entry.to, now).filter(
      (other) =>
        other.to === entry.to && other.isDelivered && other.isFromFriend === isFromFriend && isOpen(other, 'receiver'),
    );
    entry.isDelivered = shown.length < MAX_RECEIVED;
    return entry.isDelivered;
  }

  /** The invites that this user has sent or received and that have not expired. */
  of(userId: string, now: number): OpenInvite[] {
    return this.#of(userId, now);
  }

  #of(userId: string, now: number): Entry[] {
    return [...(this.#byUser.get(userId) ?? [])].filter(({ endsAt }) => endsAt > now);
  }

  /** All invites that have not expired. */
  all(now: number): OpenInvite[] {
    return [...this.#byId.values()].filter(({ endsAt }) => endsAt > now);
  }

  /** Its time is over. Returns the invite if the sender has to be told. */
  expire(inviteId: string): OpenInvite | undefined {
    return this.end(inviteId, 'expired');
  }

  forget(inviteId: string): void {
    const entry = this.#byId.get(inviteId);
    if (entry === undefined) {
      return;
    }
    this.#byId.delete(entry.inviteId);
    for (const userId of [entry.from.userId, entry.to]) {
      const entries = this.#byUser.get(userId);
      if (entries?.delete(entry) === true && entries.size === 0) {
        this.#byUser.delete(userId);
      }
    }
  }
}

function replaces(facts: InviteFacts, known: Entry): boolean {
  return (
    known.kind === facts.kind &&
    known.from.userId === facts.from.userId &&
    known.to === facts.to &&
    // As the sender sees it: that two whom it asks have the same host is not told.
    known.friend === facts.friend &&
    known.roomId === facts.roomId
  );
}

function isOpen({ outcome, answered }: OpenInvite, side: Side): boolean {
  return outcome === undefined && (side === 'sender' || answered === undefined);
}

/** The invite as a user on that side sees it. */
export function inviteTo(invite: OpenInvite, side: Side, now: number): Invite {
  const { inviteId, kind, from, to, match, size, friend, asked, endsAt, outcome, answered } = invite;
  const ended = side === 'receiver' ? (answered ?? outcome) : outcome;
  return {
    inviteId,
    kind,
    from: { userId: from.userId, ...(from.username !== undefined && { username: from.username.toWellFormed() }) },
    // The sender of an ask must not learn who the host is.
    to: side === 'sender' ? (friend ?? to) : to,
    ...(match !== undefined && kind === 'match' && { match }),
    ...(size !== undefined && { size }),
    ...(friend !== undefined && side === 'receiver' && { friend }),
    ...(asked !== undefined && { asked }),
    expiresInMs: Math.max(0, Math.ceil(endsAt - now)),
    ...(ended !== undefined && { outcome: ended }),
  };
}
