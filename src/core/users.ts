/**
 * The users this process knows, with their connections here and on other
 * processes. A user is known while it has a connection here, a local connection
 * follows it, or an operation under way pins it.
 */
import { Appearance, sortBySetAt, type AppearanceDeps } from './appearance.ts';
import { followsToSay, hides, isPresent } from './derived.ts';
import { Others } from './others.ts';
import { MAX_EPOCH, MAX_SET_AT, Registers, type Register, type RegisterEntry } from './registers.ts';
import type { Cluster } from './ports.ts';
import { sameValue } from '../status.ts';
import type { EndedStatus, PartyBadge } from '../protocol.ts';
import type { User } from './model.ts';

export interface UsersDeps extends Omit<AppearanceDeps, 'onTaken'> {
  cluster: () => Cluster;
  /** Another process has taken over this connection of ours. */
  onTaken: (connectionId: string) => void;
  /** Something of the user has become visible or invisible. */
  onChange: (user: User) => void;
}

/** What is said of a connection beside its status. */
export type Shown = Pick<RegisterEntry, 'matchId' | 'match' | 'friends'>;

/** A record that an operation under way needs. */
export interface Held {
  readonly user: User;
  /** Whether the record was made for this: what other processes say of the user is being read for it. */
  readonly isNew: boolean;
  /** Idempotent. */
  readonly release: () => void;
}

export class Users {
  readonly byId = new Map<string, User>();
  readonly others: Others;
  readonly #deps: UsersDeps;
  readonly #appearance: Appearance;
  #seq = 0;

  constructor(deps: UsersDeps) {
    this.#deps = deps;
    this.#appearance = new Appearance({
      ...deps,
      onTaken: ({ userId }, connectionId) => {
        deps.cluster().announce(userId);
        deps.onTaken(connectionId);
      },
    });
    this.others = new Others(this.byId, this.#appearance, deps.onChange);
    deps.outbox.onFlushed = (user) => {
      this.#appearance.releaseLeft(user);
      this.release(user);
    };
    deps.outbox.onResync = (user) => {
      this.#forgetInTime(user);
    };
  }

  get(userId: string): User | undefined {
    const user = this.byId.get(userId);
    if (user !== undefined) {
      this.#forgetInTime(user);
    }
    return user;
  }

  /** An invisible user must not stay `offline` longer than a user that has gone is remembered as `offline`. */
  #forgetInTime(user: User): void {
    if (user.visible.size > 0) {
      return;
    }
    const last = this.remembered(user.userId);
    if (user.last !== last) {
      user.last = last;
      user.stateBytes = undefined;
    }
  }

  /** The record of `userId`, made and watched if it was not known. `asker` waits for what other processes say of it. */
  open(userId: string, asker?: User): User {
    let user = this.get(userId);
    if (user !== undefined) {
      void this.#deps.cluster().watch(userId, asker ?? user);
    } else {
      user = {
        userId,
        ref: this.#deps.refs.ofUser(userId),
        username: undefined,
        visible: new Map(),
        followers: new Set(),
        own: new Set(),
        last: this.remembered(userId),
        registers: new Registers(this.#deps.cluster().incarnation),
        lock: undefined,
        party: undefined,
        stays: 0,
        pins: 0,
        known: undefined,
        stateBytes: undefined,
      };
      this.byId.set(userId, user);
      this.#deps.refs.hold(user.ref, userId, user);
      user.known = this.#deps.cluster().watch(userId, asker ?? user);
    }
    return user;
  }

  /** The record of `userId`, which stays until `release` is called. Idempotent. `asker`: see {@link open}. */
  hold(userId: string, asker?: User): Held {
    const isNew = !this.byId.has(userId);
    const user = this.open(userId, asker);
    let isHeld = true;
    user.pins++;
    return {
      user,
      isNew,
      release: () => {
        if (isHeld) {
          isHeld = false;
          user.pins--;
          this.release(user);
        }
      },
    };
  }

  /** Forgets the user if nobody here needs it any more. Also forgets the name of a user without visible connections: otherwise the name would show that it has a follower. */
  release(user: User): void {
    if (user.visible.size === 0 && user.username !== undefined && !this.#deps.outbox.has(user)) {
      user.username = undefined;
      user.stateBytes = undefined;
    }
    if (
      user.followers.size > 0 ||
      user.pins > 0 ||
      user.own.size > 0 ||
      user.registers.hasOwn ||
      this.#deps.outbox.has(user) ||
      this.byId.get(user.userId) !== user
    ) {
      return;
    }
    this.byId.delete(user.userId);
    this.#appearance.forget(user);
    this.#deps.refs.release(user.ref, user.userId);
    this.others.forget(user);
    this.#deps.cluster().unwatch(user.userId);
  }

  /** Shows or changes a connection that lives here. Only now is its username told: an invisible player's name is no sign of life. */
  show(user: User, connectionId: string, status: string, username?: string, more: Shown = {}): void {
    this.#appearance.rename(user, username);
    const known = user.registers.ownEntry(connectionId);
    const entry: RegisterEntry = {
      connectionId,
      status: status.toWellFormed(),
      ...more,
      ...(user.party !== undefined && { party: user.party }),
      // A stay has no status that could be set: it keeps its place.
      setAt: more.match !== undefined && known !== undefined ? known.setAt : this.#nextSetAt(user),
      epoch: user.registers.epochOf(connectionId),
      // The server may set the status of somebody who is away.
      handoffUntil: known?.handoffUntil,
    };
    this.#appearance.put(user, entry, undefined);
    if (more.match !== undefined) {
      sortBySetAt(user);
    }
    user.registers.say(entry);
    this.#deps.onChange(user);
    this.#deps.cluster().announce(user.userId);
  }

  /** The party of the user is another now, at all its connections here. */
  setParty(user: User, party: PartyBadge | undefined): void {
    if (sameValue(user.party, party)) {
      return;
    }
    user.party = party;
    const entries = [...user.registers.own];
    for (const { party: _, ...entry } of entries) {
      const changed: RegisterEntry = { ...entry, ...(party !== undefined && { party }) };
      this.#appearance.put(user, changed, undefined);
      user.registers.say(changed);
    }
    if (entries.length > 0) {
      sortBySetAt(user);
      this.#deps.cluster().announce(user.userId);
    }
  }

  /** Above all that is known of the user, whose clock ever it came from. */
  #nextSetAt({ visible }: User): number {
    let next = this.#deps.now();
    for (const { setAt } of visible.values()) {
      next = Math.max(next, setAt + 1);
    }
    return Math.min(next, MAX_SET_AT);
  }

  /** Hides a connection that lives here. */
  hide(user: User, connectionId: string, ended: EndedStatus): void {
    if (user.registers.unsay(connectionId)) {
      this.#appearance.settle(user, connectionId, ended);
      this.#deps.onChange(user);
      this.#deps.cluster().announce(user.userId);
    }
  }

  /** The client is gone but may be back, here or elsewhere: until then the connection stays visible and can be taken over. */
  handOff(user: User, connectionId: string, until: number): void {
    this.#setHandoff(user, connectionId, until);
  }

  /** The client is back after all: its connection is not to be taken over any more. */
  reclaim(user: User, connectionId: string): void {
    this.#setHandoff(user, connectionId, undefined);
  }

  #setHandoff(user: User, connectionId: string, handoffUntil: number | undefined): void {
    const entry = user.registers.ownEntry(connectionId);
    if (entry !== undefined && entry.handoffUntil !== handoffUntil) {
      user.registers.say({ ...entry, handoffUntil });
      this.#deps.cluster().announce(user.userId);
    }
  }

  /** Whether `connectionId` waits to be taken over. */
  canTakeOver(user: User, connectionId: string): boolean {
    return user.registers.winner(connectionId)?.entry.handoffUntil !== undefined;
  }

  /** Makes a connection that was handed off one of this process. */
  takeOver(user: User, connectionId: string, username?: string): void {
    this.#appearance.rename(user, username);
    const { registers, visible } = user;
    const { entry } = registers.winner(connectionId)!;
    const epoch = Math.min((entry.epoch ?? 0) + 1, MAX_EPOCH);
    registers.retract(connectionId);
    registers.hold(connectionId, epoch);
    registers.say({ ...entry, epoch, handoffUntil: undefined });
    visible.get(connectionId)!.owner = undefined;
    this.#deps.cluster().announce(user.userId);
  }

  /** The connection does not live here any more. */
  letGo(user: User, connectionId: string): void {
    user.registers.letGo(connectionId);
  }

  /** What this process says about `userId`, which may be that nothing of it is visible here. */
  register(userId: string): Register {
    const user = this.byId.get(userId);
    const entries = [...(user?.registers.own ?? [])];
    const follows = user === undefined ? undefined : followsToSay(user);
    return {
      seq: ++this.#seq,
      ...(user?.username !== undefined && { username: user.username }),
      entries,
      ...(entries.length === 0 && { last: user?.last ?? this.remembered(userId) }),
      ...(user !== undefined && hides(user) && !isPresent(user) && { hides: true }),
      ...(follows !== undefined && { follows }),
    };
  }

  /** See `ClusterHost.raiseSeq`. */
  raiseSeq(seq: number): void {
    this.#seq = Math.max(this.#seq, seq);
  }

  *announcedUsers(): Generator<string> {
    for (const user of this.byId.values()) {
      if (user.registers.hasOwn) {
        yield user.userId;
      }
    }
  }

  /** The remembered status of a user about whom nothing else is known. */
  remembered(userId: string): EndedStatus {
    return this.#deps.memory.has(userId, this.#deps.now()) ? 'offline' : 'unlogined';
  }
}
