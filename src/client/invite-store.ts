/** The open invites of the own user, received and sent. Pure: messages go in, what has ended comes out. */
import type { Invite, InvitedMatch, InviteKind, InviteOutcome, Invites } from '../protocol.ts';

/** An invite, or a request to join (kind `ask`). Immutable. */
export interface OpenInvite {
  readonly inviteId: string;
  /** `match`: come to the sender's match. `ask`: the sender asks to join. `party`: join the sender's party. */
  readonly kind: InviteKind;
  /** Whether this user has received it; otherwise this user has sent it. */
  readonly incoming: boolean;
  readonly from: { readonly userId: string; readonly username?: string };
  readonly to: string;
  /** The match of an invite, as it was then. */
  readonly match?: InvitedMatch;
  /** Of an invite to a party: how many were in it then. */
  readonly size?: number;
  /** Of an ask to the host of a match: the player that the sender wants to join. */
  readonly friend?: string;
  /** The ask that was allowed with this invite. */
  readonly asked?: string;
  /** When it ends by itself, in milliseconds as `Date.now()` tells them here. */
  readonly expiresAt: number;
}

export interface Ended {
  readonly invite: OpenInvite;
  readonly outcome: InviteOutcome;
}

/** Milliseconds after its end for which an invite is remembered as reported. */
const REPORTED_MS = 60_000;

export class InviteStore {
  readonly #open = new Map<string, OpenInvite>();
  #list: readonly OpenInvite[] | null = Object.freeze([]);
  /** What was reported, by invite and outcome, so that a repeated list reports nothing twice. */
  readonly #reported = new Map<string, number>();

  /** Oldest first. The same array while nothing changed. */
  list(): readonly OpenInvite[] {
    return (this.#list ??= Object.freeze([...this.#open.values()]));
  }

  get(inviteId: string): OpenInvite | undefined {
    return this.#open.get(inviteId);
  }

  /** Returns the invites that have ended, those included that this client did not know as open. */
  apply({ invites, complete }: Invites, ownId: string, now: number): Ended[] {
    if (complete === true) {
      this.clear();
    }
    for (const [key, until] of this.#reported) {
      if (until < now) {
        this.#reported.delete(key);
      }
    }
    const ended: Ended[] = [];
    for (const invite of invites) {
      const { outcome } = invite;
      const open = this.#open.get(invite.inviteId) ?? openOf(invite, ownId, now);
      this.#list = null;
      if (outcome === undefined) {
        this.#open.set(open.inviteId, open);
      } else {
        this.#open.delete(open.inviteId);
        const key = `${outcome} ${open.inviteId}`;
        if (!this.#reported.has(key)) {
          ended.push({ invite: open, outcome });
        }
        this.#reported.set(key, open.expiresAt + REPORTED_MS);
      }
    }
    return ended;
  }

  /** Returns whether there was any. */
  clear(): boolean {
    if (this.#open.size === 0) {
      return false;
    }
    this.#open.clear();
    this.#list = null;
    return true;
  }
}

function openOf(told: Invite, ownId: string, now: number): OpenInvite {
  const { expiresInMs, outcome: _, ...invite } = told;
  return Object.freeze({ ...invite, incoming: invite.from.userId !== ownId, expiresAt: now + expiresInMs });
}
