/**
 * The parties of the users on this process. The shared store has the valid
 * version. A change must first claim the version that it replaces, so of two
 * changes at the same time one is tried again (optimistic locking). Each process
 * keeps a copy of the parties of its users, and hears of every change.
 *
 * A member stays in the party while some process shows a connection of it, and
 * for `awaySeconds` longer: over a reconnection, a new seat, another process.
 * Somebody invisible leaves it like somebody who has gone.
 *
 * Cost: one message to every process for each change; a GET when a user joins;
 * three times per `awaySeconds`, a SETEX per member here, an EXPIRE and a GET per
 * party, and a GET per member that is not here.
 */
import { isMember, newParty, removeMember, type Party } from '../core/party.ts';
import { hasEnded } from '../core/derived.ts';
import { within } from '../core/hooks.ts';
import { PresenceError, type JoinReply, type PartyBadge, type PartyInfo, type PartyMember } from '../protocol.ts';
import type { Claims } from './claims.ts';
import type { PartyNews } from './party-news.ts';
import type { PartyStore } from './party-store.ts';
import type { Connection, User } from '../core/model.ts';
import type { Tracker } from '../core/tracker.ts';

export interface PartiesDeps {
  tracker: Tracker;
  store: PartyStore;
  claims: Claims;
  newId: () => string;
}

/** Milliseconds that a call of the store may take. */
const STORE_MS = 2000;
/** Maximum of attempts to change a party while others change it, too. */
const MAX_TRIES = 40;
const TRY_AGAIN_MS = 25;
/** Seconds for which a claim counts: longer than a change takes. */
const CLAIM_SECONDS = 5;

export class Parties {
  readonly #deps: PartiesDeps;
  readonly #byId = new Map<string, Party>();
  readonly #byUser = new Map<string, string>();
  #awaySeconds: number;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(deps: PartiesDeps, awaySeconds: number) {
    this.#deps = deps;
    this.#awaySeconds = awaySeconds;
  }

  get size(): number {
    return this.#byId.size;
  }

  get claims(): Claims {
    return this.#deps.claims;
  }

  /** Sets how long a member may be away. */
  limit(awaySeconds: number): void {
    this.#awaySeconds = awaySeconds;
  }

  /** The party of a user, as this process knows it. */
  of(userId: string): Party | undefined {
    return this.#byId.get(this.#byUser.get(userId) ?? '');
  }

  /** Throws `party_gone`. */
  require(userId: string): Party {
    const party = this.of(userId);
    if (party === undefined) {
      throw new PresenceError('party_gone');
    }
    return party;
  }

  /** A user has come to this process: loads its party, if there is one. */
  async seen(userId: string): Promise<void> {
    const known = this.of(userId);
    if (known !== undefined) {
      const user = this.#deps.tracker.users.get(userId);
      if (user !== undefined) {
        this.#deps.tracker.users.setParty(user, badgeOf(known));
      }
      return;
    }
    try {
      const partyId = await this.#asked(() => this.#deps.store.partyOf(userId));
      const party = partyId === undefined ? undefined : await this.#asked(() => this.#deps.store.read(partyId));
      if (party !== undefined && isMember(party, userId)) {
        this.#learn(party);
      }
    } catch {
      // The next connection asks again, and the next change is told.
    }
  }

  /** A party of one, which the user leads. */
  async create(leader: PartyMember): Promise<Party> {
    const party = newParty(this.#deps.newId(), leader);
    await this.#asked(async () => {
      await this.#deps.store.write(party, this.#partySeconds);
      await this.#deps.store.hold(leader.userId, party.partyId, this.#awaySeconds);
    });
    this.#tell(party);
    return party;
  }

  /** Makes the next version of the party, from the latest one. `change` may throw; if it returns `undefined`, the party ends. */
  async update(partyId: string, change: (party: Party) => Party | undefined): Promise<Party | undefined> {
    const { store, claims } = this.#deps;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const party = await this.#read(partyId);
      const next = change(party);
      if (next === party) {
        return party;
      }
      const claim = `${partyId}.${party.version}`;
      if (await this.#asked(() => claims.take(claim, CLAIM_SECONDS))) {
        try {
          // Somebody may have written between the read and the claim.
          if ((await this.#read(partyId)).version === party.version) {
            await this.#asked(() => (next === undefined ? store.drop(partyId) : store.write(next, this.#partySeconds)));
            await this.#forgetMembers(party, next);
            this.#tell(next, partyId);
            return next;
          }
        } finally {
          await claims.giveBack(claim).catch(() => {});
        }
      }
      await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
    }
    throw new PresenceError('unavailable');
  }

  /** Marks the user as a member, on all processes. */
  async hold(userId: string, partyId: string): Promise<void> {
    await this.#asked(() => this.#deps.store.hold(userId, partyId, this.#awaySeconds));
  }

  /** What another process says of a party. */
  hear(news: Extract<PartyNews, { kind: 'party' | 'party-end' }>): void {
    if (news.kind === 'party') {
      this.#learn(news.party);
    } else {
      this.#end(news.partyId);
    }
  }

  /** What a connection may know of the party of its user. */
  infoFor({ user }: Connection): PartyInfo | undefined {
    const party = this.of(user.userId);
    return party === undefined ? undefined : infoOf(party);
  }

  /** A seat for this connection. */
  seat(userId: string, connectionId: string, seat: JoinReply): void {
    const user = this.#deps.tracker.users.get(userId);
    const connection = [...(user?.own ?? [])].find((one) => one.connectionId === connectionId);
    if (user !== undefined && connection !== undefined) {
      this.#send(connection, this.of(userId), seat);
    }
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  get #partySeconds(): number {
    return this.#awaySeconds * 2;
  }

  async #read(partyId: string): Promise<Party> {
    const party = await this.#asked(() => this.#deps.store.read(partyId));
    if (party === undefined) {
      throw new PresenceError('party_gone');
    }
    return party;
  }

  async #forgetMembers(before: Party, after: Party | undefined): Promise<void> {
    const gone = before.members.filter(({ userId }) => after === undefined || !isMember(after, userId));
    await this.#asked(() => Promise.all(gone.map(({ userId }) => this.#deps.store.letGo(userId))));
  }

  #tell(party: Party | undefined, partyId = party?.partyId ?? ''): void {
    const news: PartyNews = party === undefined ? { kind: 'party-end', partyId } : { kind: 'party', party };
    this.hear(news);
    this.#deps.tracker.cluster.broadcast(news);
  }

  #learn(party: Party): void {
    const known = this.#byId.get(party.partyId);
    if (this.#stopped || (known !== undefined && known.version > party.version)) {
      return;
    }
    const isNew = known?.version !== party.version;
    const ours = party.members.filter(({ userId }) => this.#isHere(userId));
    if (ours.length > 0) {
      this.#byId.set(party.partyId, party);
      this.#timer ??= setInterval(() => void this.#keep(), (this.#awaySeconds * 1000) / 3).unref();
    } else {
      this.#forget(party);
    }
    for (const { userId } of known?.members ?? []) {
      if (!isMember(party, userId)) {
        this.#leave(userId, party.partyId);
      }
    }
    for (const { userId } of ours) {
      const before = this.#byUser.get(userId);
      if (!isNew && before === party.partyId) {
        continue;
      }
      this.#byUser.set(userId, party.partyId);
      if (before !== undefined && before !== party.partyId) {
        this.#byId.delete(before);
      }
      this.#show(userId);
    }
  }

  /** Forgets a party in which nobody here is. */
  #forget({ partyId, members }: Party): void {
    this.#byId.delete(partyId);
    for (const { userId } of members) {
      if (this.#byUser.get(userId) === partyId) {
        this.#byUser.delete(userId);
      }
    }
  }

  #end(partyId: string): void {
    const party = this.#byId.get(partyId);
    this.#byId.delete(partyId);
    for (const { userId } of party?.members ?? []) {
      this.#leave(userId, partyId);
    }
  }

  #leave(userId: string, partyId: string): void {
    if (this.#byUser.get(userId) === partyId) {
      this.#byUser.delete(userId);
      this.#show(userId);
    }
  }

  /** Tells the connections of the user, and followers by its presence. */
  #show(userId: string): void {
    const { tracker } = this.#deps;
    const user = tracker.users.get(userId);
    if (user === undefined) {
      return;
    }
    const party = this.of(userId);
    tracker.users.setParty(user, party && badgeOf(party));
    for (const connection of user.own) {
      this.#send(connection, party);
    }
  }

  #send(connection: Connection, party: Party | undefined, seat?: JoinReply): void {
    setImmediate(() => {
      if (connection.delivery !== 'away' && !hasEnded(connection)) {
        const isSent = connection.sink.party({
          party: party === undefined ? null : infoOf(party),
          ...(seat !== undefined && { seat }),
        });
        if (!isSent) {
          this.#deps.tracker.outbox.owe(connection);
        }
      }
    });
  }

  #isHere(userId: string): boolean {
    const user = this.#deps.tracker.users.get(userId);
    return user !== undefined && (user.own.size > 0 || user.stays > 0);
  }

  /** Whether this process shows the user, also in its grace. */
  #holds(user: User | undefined): boolean {
    return user?.registers.hasOwn === true;
  }

  /** Renews the keys of the members that are shown here, and removes members whose keys have expired. */
  async #keep(): Promise<void> {
    for (const { partyId, members } of this.#byId.values()) {
      try {
        await this.#keepOne(partyId, members);
      } catch {
        // The store is down; the next round tries again.
      }
    }
    if (this.#byId.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  async #keepOne(partyId: string, members: readonly PartyMember[]): Promise<void> {
    const { store, tracker } = this.#deps;
    const isHeld = ({ userId }: PartyMember): boolean => this.#holds(tracker.users.get(userId));
    const ours = members.filter(isHeld);
    if (ours.length === 0) {
      // The processes that show a member look after the party.
      const isOver = (await this.#asked(() => store.read(partyId))) === undefined;
      if (isOver || !members.some(({ userId }) => this.#isHere(userId))) {
        this.#end(partyId);
      }
      return;
    }
    await Promise.all(ours.map(({ userId }) => this.hold(userId, partyId)));
    const party = await this.#read(partyId).catch((error: unknown) => {
      if (error instanceof PresenceError && error.code === 'party_gone') {
        this.#end(partyId);
      }
      throw error;
    });
    this.#learn(party);
    await this.#asked(() => store.prolong(partyId, this.#partySeconds));
    for (const member of party.members) {
      if (!isHeld(member) && (await this.#asked(() => store.partyOf(member.userId))) !== partyId) {
        await this.update(partyId, (now) => removeMember(now, member.userId));
      }
    }
  }

  async #asked<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await within(STORE_MS, run, () => new PresenceError('unavailable'));
    } catch (cause) {
      throw cause instanceof PresenceError ? cause : new PresenceError('unavailable', { cause });
    }
  }
}

function badgeOf({ partyId, members }: Party): PartyBadge {
  return { id: partyId, size: members.length };
}

function infoOf({ partyId, leader, members }: Party): PartyInfo {
  return { partyId, leader, members: [...members] };
}
