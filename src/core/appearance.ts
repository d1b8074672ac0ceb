/**
 * How users appear: their visible connections, name and general status, and
 * the numbers that stand for the connections in the schema state. Every change
 * goes through here, so that the outbox sees what was before.
 */
import { matchIdOf, sameValue } from '../status.ts';
import { boxOf, type Box } from './box.ts';
import type { EndedStatus } from '../protocol.ts';
import type { User, Visible } from './model.ts';
import type { OfflineMemory } from './offline-memory.ts';
import type { Outbox } from './outbox.ts';
import type { Refs } from './refs.ts';
import { bySetAt, type Claim, type RegisterEntry } from './registers.ts';

export interface AppearanceDeps {
  outbox: Outbox;
  memory: OfflineMemory;
  /** Milliseconds since the epoch. */
  now: () => number;
  refs: Refs;
  /** Another process has taken over this connection of ours. */
  onTaken: (user: User, connectionId: string) => void;
}

export class Appearance {
  readonly #deps: AppearanceDeps;
  /** Connections that are gone, until their followers have been told: their numbers are still in the state of clients. */
  readonly #leaving = new Map<User, Visible[]>();

  constructor(deps: AppearanceDeps) {
    this.#deps = deps;
  }

  rename(user: User, username: string | undefined): void {
    if (username !== undefined && user.username !== username) {
      this.#deps.outbox.touchUser(user);
      user.username = username;
    }
  }

  /** Shows or changes a connection, which lives on `owner`, as the most recently set one. */
  put(user: User, entry: RegisterEntry, owner: string | undefined): void {
    const { connectionId, setAt } = entry;
    const known = user.visible.get(connectionId);
    const ref = known?.ref ?? this.#numberOf(user, connectionId);
    const box = this.#boxOf(user, entry);
    const isForFriends = [box, known?.box].some((one) => one?.other?.standing === 'friend');
    if (isForFriends) {
      // From now on not all followers see the same: each remembers what it was told so far.
      for (const follower of user.followers) {
        this.#deps.outbox.viewOf(follower);
      }
    }
    this.#deps.outbox.touch(user, connectionId, ref);
    user.visible.delete(connectionId);
    user.visible.set(connectionId, { connectionId, ref, box, setAt, owner, entry });
    this.#vouch(user, known?.entry, entry);
    this.#deps.memory.forget(user.userId);
    if (isForFriends) {
      // What friends see may change while the others see the same as before.
      for (const follower of user.followers) {
        this.#deps.outbox.refresh(follower, user);
      }
    }
  }

  #boxOf(user: User, entry: RegisterEntry): Box {
    const all = [...user.visible.values()].map((visible) => visible.entry);
    return boxOf(user.userId, entry, user.username, all);
  }

  /** What rooms say of the user has changed: so have the connections whose status names such a match. */
  #vouch(user: User, before: RegisterEntry | undefined, after?: RegisterEntry): void {
    const rooms = [before?.match?.roomId, after?.match?.roomId].filter((roomId) => roomId !== undefined);
    if (rooms.length === 0) {
      return;
    }
    for (const visible of user.visible.values()) {
      const claimed = visible.entry.match === undefined ? matchIdOf(visible.entry.status) : undefined;
      if (claimed !== undefined && rooms.includes(claimed)) {
        this.#deps.outbox.touch(user, visible.connectionId, visible.ref);
        visible.box = this.#boxOf(user, visible.entry);
      }
    }
  }

  /** Updates one connection to the best claim. */
  settle(user: User, connectionId: string, ended: EndedStatus): void {
    const { registers } = user;
    const own = registers.ownEntry(connectionId);
    const winner = registers.winner(connectionId);
    if (own !== undefined && winner?.entry === own) {
      return;
    }
    if (winner !== undefined) {
      this.#apply(user, winner);
    } else {
      this.#remove(user, connectionId, ended);
    }
    if (own !== undefined) {
      registers.unsay(connectionId);
      this.#deps.onTaken(user, connectionId);
    }
  }

  #apply(user: User, { incarnation, entry }: Claim): void {
    const { connectionId, setAt } = entry;
    const known = user.visible.get(connectionId);
    if (known === undefined || !saysTheSame(known.entry, entry) || known.box.presence.username !== user.username) {
      this.put(user, entry, incarnation);
      sortBySetAt(user);
      return;
    }
    known.owner = incarnation;
    if (known.setAt !== setAt) {
      known.setAt = setAt;
      sortBySetAt(user);
    }
  }

  #remove(user: User, connectionId: string, ended: EndedStatus): void {
    const visible = user.visible.get(connectionId);
    if (visible === undefined) {
      return;
    }
    this.#deps.outbox.touch(user, connectionId, visible.ref);
    user.visible.delete(connectionId);
    this.#vouch(user, visible.entry);
    const leaving = this.#leaving.get(user) ?? [];
    leaving.push(visible);
    this.#leaving.set(user, leaving);
    if (user.visible.size === 0) {
      this.end(user, ended);
    }
  }

  /** The last visible connection of the user has ended in this way. */
  end(user: User, ended: EndedStatus): void {
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

  #numberOf(user: User, connectionId: string): number {
    const ref = this.#deps.refs.ofConnection(connectionId);
    this.#deps.refs.hold(ref, connectionId, user);
    return ref;
  }

  /** No client has the connections in its state any more that have left. */
  releaseLeft(user: User): void {
    for (const { ref, connectionId } of this.#leaving.get(user) ?? []) {
      if (!user.visible.has(connectionId)) {
        this.#deps.refs.release(ref, connectionId);
      }
    }
    this.#leaving.delete(user);
  }

  /** Nobody here needs the user any more. */
  forget(user: User): void {
    this.releaseLeft(user);
    for (const { ref, connectionId } of user.visible.values()) {
      this.#deps.refs.release(ref, connectionId);
    }
  }
}

/** Whether followers are shown the same of both. */
function saysTheSame(a: RegisterEntry, b: RegisterEntry): boolean {
  return (
    a === b ||
    (a.status === b.status &&
      a.matchId === b.matchId &&
      sameValue(a.match, b.match) &&
      sameValue(a.friends, b.friends) &&
      sameValue(a.party, b.party))
  );
}

export function sortBySetAt(user: User): void {
  if (user.visible.size > 1) {
    user.visible = new Map([...user.visible].sort(([, a], [, b]) => bySetAt(a, b)));
  }
}
