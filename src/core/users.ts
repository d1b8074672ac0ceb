/**
 * The users this process knows, with their connections here and on other
 * processes. A user is known while it has a connection here, a local connection
 * follows it, or an operation under way pins it.
 *
 * Every change goes through here, so that the outbox sees what was before.
 */
import { generalOf, makePresence } from '../status.ts';
import { makeBox } from './box.ts';
import { MAX_EPOCH, Registers, type Register, type RegisterEntry } from './registers.ts';
import type { Cluster } from './ports.ts';
import type { GeneralStatus } from '../protocol.ts';
import type { OfflineMemory } from './offline-memory.ts';
import type { Outbox } from './outbox.ts';
import type { Refs } from './refs.ts';
import type { User, Visible } from './model.ts';

type Ended = Exclude<GeneralStatus, 'online'>;

const NOTHING_SAID: ReadonlyMap<string, Register> = Object.freeze(new Map<string, Register>());

export interface UsersDeps {
  outbox: Outbox;
  cluster: () => Cluster;
  memory: OfflineMemory;
  /** Milliseconds since the epoch. */
  now: () => number;
  refs: Refs;
  /** Another process has taken over this connection of ours. */
  onTaken: (connectionId: string) => void;
}

/** A record that an operation under way needs. */
export interface Held {
  readonly user: User;
  /** Idempotent. */
  readonly release: () => void;
}

export class Users {
  readonly byId = new Map<string, User>();
  readonly #deps: UsersDeps;
  /** Connections that are gone, until their followers have been told: their numbers are still in the state of clients. */
  readonly #leaving = new Map<User, Visible[]>();
  /** Users that have something from this incarnation. */
  readonly #byIncarnation = new Map<string, Set<User>>();
  #lastSetAt = 0;
  #seq = 0;

  constructor(deps: UsersDeps) {
    this.#deps = deps;
    deps.outbox.onFlushed = (user) => {
      this.#releaseNumbers(user);
      this.release(user);
    };
  }

  get(userId: string): User | undefined {
    const user = this.byId.get(userId);
    if (user !== undefined && user.visible.size === 0) {
      this.#forgetInTime(user);
    }
    return user;
  }

  /** An invisible user must not stay `offline` longer than a user that has gone is remembered as `offline`. */
  #forgetInTime(user: User): void {
    const last = this.remembered(user.userId);
    if (user.last !== last) {
      user.last = last;
      user.stateBytes = undefined;
    }
  }

  /** The record of `userId`, made and watched if it was not known. */
  open(userId: string): User {
    let user = this.get(userId);
    if (user === undefined) {
      user = {
        userId,
        ref: this.#deps.refs.ofUser(userId),
        username: undefined,
        visible: new Map(),
        followers: new Set(),
        own: new Set(),
        last: this.remembered(userId),
        registers: new Registers(this.#deps.cluster().incarnation),
        pins: 0,
        known: undefined,
        stateBytes: undefined,
      };
      this.byId.set(userId, user);
      this.#deps.refs.hold(user.ref, userId, user);
      user.known = this.#deps.cluster().watch(userId);
    }
    return user;
  }

  /** The record of `userId`, which stays until `release` is called. Idempotent. */
  hold(userId: string): Held {
    const user = this.open(userId);
    let isHeld = true;
    user.pins++;
    return {
      user,
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
      user.registers.hasOwn ||
      this.#deps.outbox.has(user) ||
      this.byId.get(user.userId) !== user
    ) {
      return;
    }
    if (user.own.size > 0) {
      return;
    }
    this.byId.delete(user.userId);
    this.#releaseNumbers(user);
    this.#deps.refs.release(user.ref, user.userId);
    for (const { ref, connectionId } of user.visible.values()) {
      this.#deps.refs.release(ref, connectionId);
    }
    for (const incarnation of user.registers.others.keys()) {
      this.#unlink(user, incarnation);
    }
    this.#deps.cluster().unwatch(user.userId);
  }

  #numberOf(user: User, connectionId: string): number {
    const ref = this.#deps.refs.ofConnection(connectionId);
    this.#deps.refs.hold(ref, connectionId, user);
    return ref;
  }

  #releaseNumbers(user: User): void {
    for (const { ref, connectionId } of this.#leaving.get(user) ?? []) {
      if (!user.visible.has(connectionId)) {
        this.#deps.refs.release(ref, connectionId);
      }
    }
    this.#leaving.delete(user);
  }

  /** Shows or changes a connection that lives here. Only now is its username told: an invisible player's name is no sign of life. */
  show(user: User, connectionId: string, status: string, username?: string): void {
    this.#rename(user, username);
    const known = user.visible.get(connectionId);
    const ref = known?.ref ?? this.#numberOf(user, connectionId);
    this.#deps.outbox.touch(user, connectionId, ref);
    this.#lastSetAt = Math.max(this.#deps.now(), this.#lastSetAt + 1);
    const box = makeBox(makePresence(user.userId, connectionId, status, user.username));
    const setAt = this.#lastSetAt;
    user.visible.delete(connectionId);
    user.visible.set(connectionId, { connectionId, ref, box, setAt, owner: undefined });
    user.registers.say({
      connectionId,
      status: box.presence.status,
      matchId: box.presence.matchId,
      setAt,
      epoch: user.registers.epochOf(connectionId),
      // The server may set the status of somebody who is away.
      handoffUntil: user.registers.ownEntry(connectionId)?.handoffUntil,
    });
    this.#deps.memory.forget(user.userId);
    this.#deps.cluster().announce(user.userId);
  }

  /** Hides a connection that lives here. */
  hide(user: User, connectionId: string, ended: Ended): void {
    if (user.registers.unsay(connectionId)) {
      this.#settle(user, connectionId, ended);
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
    const until = user.registers.winner(connectionId)?.entry.handoffUntil;
    return until !== undefined && until > this.#deps.now();
  }

  /** Makes a connection that was handed off one of this process. */
  takeOver(user: User, connectionId: string, username?: string): void {
    this.#rename(user, username);
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

  #rename(user: User, username: string | undefined): void {
    if (username !== undefined && user.username !== username) {
      this.#deps.outbox.touchUser(user);
      user.username = username;
    }
  }

  /** Applies a register of another process if it is newer. */
  applyRegister(userId: string, incarnation: string, register: Register): void {
    const user = this.byId.get(userId);
    const merged = user?.registers.merge(incarnation, register);
    if (user === undefined || merged === undefined) {
      return;
    }
    this.#link(user, incarnation);
    if (merged.forgotten !== undefined) {
      this.#unlink(user, merged.forgotten);
    }
    if (register.entries.length > 0) {
      this.#rename(user, register.username);
    }
    for (const connectionId of merged.changed) {
      this.#settle(user, connectionId, register.last ?? 'offline');
    }
    if (register.entries.length === 0 && user.visible.size === 0 && register.last !== undefined) {
      this.#end(user, register.last);
    }
  }

  /** The registers of the other processes about `userId`, by incarnation. */
  heardOf(userId: string): ReadonlyMap<string, Register> {
    return this.byId.get(userId)?.registers.others ?? NOTHING_SAID;
  }

  /** See `ClusterHost.retractedFrom`. */
  retractedFrom(incarnation: string): string[] {
    return [...(this.#byIncarnation.get(incarnation) ?? [])]
      .filter(({ registers }) => registers.isRetracted(incarnation))
      .map(({ userId }) => userId);
  }

  /** See `ClusterHost.takeRetracted`. */
  takeRetracted(userId: string, isDue: (incarnation: string) => boolean): Array<[string, Register]> {
    return this.byId.get(userId)?.registers.takeRetracted(isDue) ?? [];
  }

  applyRemembered(userId: string, last: Ended): void {
    const user = this.byId.get(userId);
    if (user !== undefined && user.visible.size === 0) {
      this.#end(user, last);
    }
  }

  dropIncarnation(incarnation: string): void {
    for (const user of this.#byIncarnation.get(incarnation) ?? []) {
      for (const connectionId of user.registers.drop(incarnation)) {
        this.#settle(user, connectionId, 'offline');
      }
    }
    this.#byIncarnation.delete(incarnation);
  }

  /** What this process says about `userId`, which may be that nothing of it is visible here. */
  register(userId: string): Register {
    const user = this.byId.get(userId);
    const entries = [...(user?.registers.own ?? [])];
    return {
      seq: ++this.#seq,
      ...(user?.username !== undefined && { username: user.username }),
      entries,
      ...(entries.length === 0 && { last: user?.last ?? this.remembered(userId) }),
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
  remembered(userId: string): Ended {
    return this.#deps.memory.has(userId, this.#deps.now()) ? 'offline' : 'unlogined';
  }

  general(user: User): GeneralStatus {
    return generalOf(user.visible.size, user.last);
  }

  /** Updates one connection to the best claim. */
  #settle(user: User, connectionId: string, ended: Ended): void {
    const { registers } = user;
    const own = registers.ownEntry(connectionId);
    const winner = registers.winner(connectionId);
    if (own !== undefined && winner?.entry === own) {
      return;
    }
    if (winner !== undefined) {
      this.#applyEntry(user, winner.incarnation, winner.entry);
    } else {
      const gone = user.visible.get(connectionId);
      if (gone !== undefined) {
        this.#remove(user, gone, ended);
      }
    }
    if (own !== undefined) {
      registers.unsay(connectionId);
      this.#deps.cluster().announce(user.userId);
      this.#deps.onTaken(connectionId);
    }
  }

  #applyEntry(user: User, incarnation: string, entry: RegisterEntry): void {
    const { connectionId, setAt, status } = entry;
    const known = user.visible.get(connectionId);
    if (known !== undefined && known.box.presence.status === status && known.box.presence.username === user.username) {
      known.owner = incarnation;
      if (known.setAt !== setAt) {
        known.setAt = setAt;
        sortBySetAt(user);
      }
      return;
    }
    const ref = known?.ref ?? this.#numberOf(user, connectionId);
    this.#deps.outbox.touch(user, connectionId, ref);
    user.visible.delete(connectionId);
    user.visible.set(connectionId, {
      connectionId,
      ref,
      box: makeBox(makePresence(user.userId, connectionId, status, user.username)),
      setAt,
      owner: incarnation,
    });
    sortBySetAt(user);
    this.#deps.memory.forget(user.userId);
  }

  #remove(user: User, visible: Visible, ended: Ended): void {
    this.#deps.outbox.touch(user, visible.connectionId, visible.ref);
    user.visible.delete(visible.connectionId);
    const leaving = this.#leaving.get(user) ?? [];
    leaving.push(visible);
    this.#leaving.set(user, leaving);
    if (user.visible.size === 0) {
      this.#end(user, ended);
    }
  }

  #end(user: User, ended: Ended): void {
    if (user.last !== ended) {
      this.#deps.outbox.touchUser(user);
      user.last = ended;
    }
    if (ended === 'offline') {
      this.#deps.memory.remember(user.userId, this.#deps.now());
    } else {
      this.#deps.memory.forget(user.userId);
    }
  }

  #link(user: User, incarnation: string): void {
    let users = this.#byIncarnation.get(incarnation);
    if (users === undefined) {
      users = new Set();
      this.#byIncarnation.set(incarnation, users);
    }
    users.add(user);
  }

  #unlink(user: User, incarnation: string): void {
    const users = this.#byIncarnation.get(incarnation);
    users?.delete(user);
    if (users?.size === 0) {
      this.#byIncarnation.delete(incarnation);
    }
  }
}

function sortBySetAt(user: User): void {
  if (user.visible.size > 1) {
    user.visible = new Map([...user.visible].sort(([, a], [, b]) => a.setAt - b.setAt));
  }
}
