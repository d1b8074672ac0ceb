/**
 * The users this process knows, and what is said about each: by its own
 * connections and by other processes. A user is known while somebody here is
 * that user, follows it, or an operation under way pins it.
 *
 * Every change goes through here, so that the outbox sees what was before.
 */
import { bestClaim, outranks } from './claims.ts';
import { generalOf, makePresence } from '../status.ts';
import { makeBox } from './view.ts';
import { Refs } from './refs.ts';
import type { Cluster, Register, RegisterEntry } from './ports.ts';
import type { GeneralStatus } from '../protocol.ts';
import type { OfflineMemory } from './offline-memory.ts';
import type { Outbox } from './outbox.ts';
import type { User, Visible } from './model.ts';

type Ended = Exclude<GeneralStatus, 'online'>;

export interface UsersDeps {
  outbox: Outbox;
  cluster: () => Cluster;
  memory: OfflineMemory;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Makes the numbers of the schema state unpredictable. */
  secret: string;
  /** Another process has taken over this connection of ours. */
  onTaken: (connectionId: string) => void;
}

export class Users {
  readonly byId = new Map<string, User>();
  readonly #deps: UsersDeps;
  readonly #refs: Refs;
  /** Connections that were taken over from elsewhere and live here, seen or not: how often they were. */
  readonly #held = new Map<string, number>();
  /** Users that have something from this incarnation. */
  readonly #byIncarnation = new Map<string, Set<User>>();
  #lastSetAt = 0;
  #seq = 0;

  constructor(deps: UsersDeps) {
    this.#deps = deps;
    this.#refs = new Refs(deps.secret);
    deps.outbox.onFlushed = (user) => {
      this.release(user);
    };
  }

  get(userId: string): User | undefined {
    const user = this.byId.get(userId);
    if (user !== undefined && user.visible.size === 0 && user.followers.size === 0) {
      this.#forgetInTime(user);
    }
    return user;
  }

  /** Being here unseen must not keep `offline` alive longer than it is remembered of somebody who is gone. */
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
        ref: this.#refs.take(userId),
        username: undefined,
        visible: new Map(),
        followers: new Set(),
        own: new Set(),
        last: this.remembered(userId),
        registers: new Map(),
        pins: 0,
        known: undefined,
        stateBytes: undefined,
      };
      this.byId.set(userId, user);
      user.known = this.#deps.cluster().watch(userId);
    }
    return user;
  }

  /** Forgets the user if nobody here needs it any more. One who is only here unseen looks as if forgotten. */
  release(user: User): void {
    if (
      user.followers.size > 0 ||
      user.pins > 0 ||
      this.#hasLocal(user) ||
      this.#deps.outbox.has(user) ||
      this.byId.get(user.userId) !== user
    ) {
      return;
    }
    if (user.own.size > 0) {
      if (user.visible.size === 0) {
        user.username = undefined;
        user.stateBytes = undefined;
      }
      return;
    }
    this.byId.delete(user.userId);
    this.#refs.give(user.ref);
    for (const { ref } of user.visible.values()) {
      this.#refs.give(ref);
    }
    for (const incarnation of user.registers.keys()) {
      this.#unlink(user, incarnation);
    }
    this.#deps.cluster().unwatch(user.userId);
  }

  /** Shows or changes a connection that lives here. Only now is its username told: an invisible player's name is no sign of life. */
  show(user: User, connectionId: string, status: string, username?: string): void {
    this.#rename(user, username);
    const known = user.visible.get(connectionId);
    const ref = known?.ref ?? this.#refs.take(connectionId);
    this.#deps.outbox.touch(user, connectionId, ref);
    this.#lastSetAt = Math.max(this.#deps.now(), this.#lastSetAt + 1);
    user.visible.delete(connectionId);
    user.visible.set(connectionId, {
      connectionId,
      ref,
      box: makeBox(makePresence(user.userId, connectionId, status, user.username)),
      setAt: this.#lastSetAt,
      owner: undefined,
      takeovers: this.#held.get(connectionId) ?? 0,
      // The server may set the status of somebody who is away.
      handoverUntil: known?.handoverUntil,
    });
    this.#deps.memory.forget(user.userId);
    this.#deps.cluster().announce(user.userId);
  }

  /** Hides a connection that lives here. */
  hide(user: User, connectionId: string, ended: Ended): void {
    const visible = user.visible.get(connectionId);
    if (visible !== undefined && visible.owner === undefined) {
      this.#settle(user, connectionId, undefined, ended);
      this.#deps.cluster().announce(user.userId);
    }
  }

  /** The client is gone but may be back, here or elsewhere: until then the connection stays visible and can be taken over. */
  handOver(user: User, connectionId: string, until: number): void {
    const visible = user.visible.get(connectionId);
    if (visible !== undefined && visible.owner === undefined) {
      visible.handoverUntil = until;
      this.#deps.cluster().announce(user.userId);
    }
  }

  /** Whether `connectionId` waits to be taken over. */
  canTakeOver(user: User, connectionId: string): boolean {
    const until = user.visible.get(connectionId)?.handoverUntil;
    return until !== undefined && until > this.#deps.now();
  }

  /** The client is back after all: its connection is not to be taken over any more. */
  reclaim(user: User, connectionId: string): void {
    const visible = user.visible.get(connectionId);
    if (visible?.owner === undefined && visible?.handoverUntil !== undefined) {
      visible.handoverUntil = undefined;
      this.#deps.cluster().announce(user.userId);
    }
  }

  /** Makes a connection that was handed over one of this process. */
  takeOver(user: User, connectionId: string, username?: string): void {
    this.#rename(user, username);
    const visible = user.visible.get(connectionId)!;
    visible.owner = undefined;
    visible.takeovers++;
    visible.handoverUntil = undefined;
    this.#held.set(connectionId, visible.takeovers);
    const cluster = this.#deps.cluster();
    cluster.announce(user.userId);
    for (const [incarnation, { entries, seq, ...rest }] of user.registers) {
      const left = entries.filter((entry) => entry.connectionId !== connectionId);
      if (left.length < entries.length) {
        // Newer than its last word, older than its next, and than what `Watches` makes of its silence.
        const register = { ...rest, seq: seq + 0.25, entries: left };
        user.registers.set(incarnation, register);
        cluster.supersede(user.userId, incarnation, register);
      }
    }
  }

  /** The connection does not live here any more. */
  letGo(connectionId: string): void {
    this.#held.delete(connectionId);
  }

  #rename(user: User, username: string | undefined): void {
    if (username !== undefined && user.username !== username) {
      this.#deps.outbox.touchUser(user);
      user.username = username;
    }
  }

  /** What another process says. Only newer is applied. */
  applyRegister(userId: string, incarnation: string, register: Register): void {
    const user = this.byId.get(userId);
    const before = user?.registers.get(incarnation);
    if (user === undefined || register.seq <= (before?.seq ?? -1)) {
      return;
    }
    this.#keep(user, incarnation, register);
    if (register.entries.length > 0) {
      this.#rename(user, register.username);
    }
    // What is there before what is gone: a user with one connection for another was never offline.
    for (const { connectionId } of [...register.entries, ...(before?.entries ?? [])]) {
      this.#settle(user, connectionId, user.visible.get(connectionId), register.last ?? 'offline');
    }
    if (register.entries.length === 0 && user.visible.size === 0 && register.last !== undefined) {
      this.#end(user, register.last);
    }
  }

  applyRemembered(userId: string, last: Ended): void {
    const user = this.byId.get(userId);
    if (user !== undefined && user.visible.size === 0) {
      this.#end(user, last);
    }
  }

  dropIncarnation(incarnation: string): void {
    for (const user of this.#byIncarnation.get(incarnation) ?? []) {
      const { seq, entries } = user.registers.get(incarnation) ?? { seq: -1, entries: [] };
      // The sequence number stays: a late message of the dead must not raise it.
      user.registers.set(incarnation, { seq, entries: [] });
      for (const { connectionId } of entries) {
        this.#settle(user, connectionId, user.visible.get(connectionId), 'offline');
      }
    }
    this.#byIncarnation.delete(incarnation);
  }

  /** What this process says about `userId`, which may be that nothing of it is visible here. */
  register(userId: string): Register {
    const user = this.byId.get(userId);
    const entries: RegisterEntry[] = [];
    for (const { connectionId, box, setAt, owner, takeovers, handoverUntil } of user?.visible.values() ?? []) {
      if (owner === undefined) {
        const { status, matchId } = box.presence;
        entries.push({
          connectionId,
          status,
          setAt,
          ...(matchId !== undefined && { matchId }),
          ...(takeovers > 0 && { takeovers }),
          ...(handoverUntil !== undefined && { handoverUntil }),
        });
      }
    }
    const last = user?.last ?? this.remembered(userId);
    return {
      seq: ++this.#seq,
      ...(user?.username !== undefined && { username: user.username }),
      entries,
      ...(entries.length === 0 && { last }),
    };
  }

  *announcedUsers(): Generator<string> {
    for (const user of this.byId.values()) {
      if (this.#hasLocal(user)) {
        yield user.userId;
      }
    }
  }

  /** How a user of whom nothing else is known was last gone. */
  remembered(userId: string): Ended {
    return this.#deps.memory.has(userId, this.#deps.now()) ? 'offline' : 'unlogined';
  }

  general(user: User): GeneralStatus {
    return generalOf(user.visible.size, user.last);
  }

  /** Brings one connection in line with what is claimed of it. `standing`: what counts unless another process has the better claim. */
  #settle(user: User, connectionId: string, standing: Visible | undefined, ended: Ended): void {
    const isOurs = standing !== undefined && standing.owner === undefined;
    const best = bestClaim(user.registers, connectionId);
    // A process we took it over from may not have heard of that: unseen here is not there again.
    const isOutdated = !isOurs && (best?.entry.takeovers ?? 0) < (this.#held.get(connectionId) ?? 0);
    const claim = isOutdated ? undefined : best;
    if (
      isOurs &&
      (claim === undefined || !outranks(claim, { incarnation: this.#deps.cluster().incarnation, entry: standing }))
    ) {
      return;
    }
    if (claim !== undefined) {
      this.#applyEntry(user, claim.incarnation, claim.entry);
    } else {
      const gone = user.visible.get(connectionId);
      if (gone !== undefined) {
        this.#remove(user, gone, ended);
      }
    }
    if (isOurs) {
      this.#deps.cluster().announce(user.userId);
      this.#deps.onTaken(connectionId);
    }
  }

  #applyEntry(user: User, incarnation: string, entry: RegisterEntry): void {
    const { connectionId, setAt, status, takeovers = 0, handoverUntil } = entry;
    const known = user.visible.get(connectionId);
    if (known !== undefined && known.box.presence.status === status && known.box.presence.username === user.username) {
      known.owner = incarnation;
      known.takeovers = takeovers;
      known.handoverUntil = handoverUntil;
      if (known.setAt !== setAt) {
        known.setAt = setAt;
        sortBySetAt(user);
      }
      return;
    }
    const ref = known?.ref ?? this.#refs.take(connectionId);
    this.#deps.outbox.touch(user, connectionId, ref);
    user.visible.delete(connectionId);
    user.visible.set(connectionId, {
      connectionId,
      ref,
      box: makeBox(makePresence(user.userId, connectionId, status, user.username)),
      setAt,
      owner: incarnation,
      takeovers,
      handoverUntil,
    });
    sortBySetAt(user);
    this.#deps.memory.forget(user.userId);
  }

  #remove(user: User, visible: Visible, ended: Ended): void {
    this.#deps.outbox.touch(user, visible.connectionId, visible.ref);
    user.visible.delete(visible.connectionId);
    this.#refs.give(visible.ref);
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

  #hasLocal(user: User): boolean {
    for (const { owner } of user.visible.values()) {
      if (owner === undefined) {
        return true;
      }
    }
    return false;
  }

  #keep(user: User, incarnation: string, register: Register): void {
    user.registers.delete(incarnation);
    user.registers.set(incarnation, register);
    const silent =
      user.registers.size <= MOST_REGISTERS
        ? undefined
        : [...user.registers].find(([, { entries }]) => entries.length === 0)?.[0];
    if (silent !== undefined) {
      user.registers.delete(silent);
      this.#unlink(user, silent);
    }
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

/** Past so many processes, one that has nothing to say of the user any more is forgotten. */
const MOST_REGISTERS = 16;

function sortBySetAt(user: User): void {
  if (user.visible.size > 1) {
    user.visible = new Map([...user.visible].sort(([, a], [, b]) => a.setAt - b.setAt));
  }
}
