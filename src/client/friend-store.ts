/**
 * What this client knows about its own user and the followed users. Pure:
 * messages and replies go in, transitions come out; no socket, timer or
 * callback. The caller applies everything in the order of the wire: a snapshot or
 * the answer of a follow is newer than all messages before it.
 *
 * A follow has an origin. After a rejoin the client repeats the follows that the
 * client made, and the server repeats or drops those that the server made. Until
 * then a follow is not *confirmed*.
 */
import type { Delta, FollowReply, Presence, Snapshot, Welcome } from '../protocol.ts';
import { knowledge, newEntry, viewOf, type Entry, type Knowledge, type Origin } from './entry.ts';
import { diffPresences, Recorder, type Transition } from './transition.ts';
import type { Friend } from './types.ts';

export class FriendStore {
  #me: Entry | undefined;
  #follows = new Map<string, Entry>();
  #list: readonly Friend[] | null = Object.freeze([]);

  /** The own user; `undefined` before the first welcome. */
  get me(): Friend | undefined {
    return this.#me === undefined ? undefined : viewOf(this.#me);
  }

  /** The followed users in the order of following. The same array while nothing changed. */
  list(): readonly Friend[] {
    return (this.#list ??= Object.freeze([...this.#follows.values()].map(viewOf)));
  }

  isFollowed(userId: string): boolean {
    return this.#follows.has(userId);
  }

  /** Follows of this origin that the server has not confirmed since the last {@link lose}. */
  unconfirmed(origin: Origin): string[] {
    return [...this.#follows.values()]
      .filter((entry) => entry.origin === origin && !entry.confirmed)
      .map((entry) => entry.userId);
  }

  welcome(welcome: Welcome): Transition {
    const step = new Recorder();
    if (this.#me?.userId !== welcome.userId) {
      this.#me = newEntry(welcome.userId, 'server');
      this.#fill(this.#me, welcome.presences, 'offline');
      step.changed = true;
    } else {
      this.#replace(step, this.#me, welcome.presences, 'offline');
    }
    if (welcome.username !== undefined && this.#me.username !== welcome.username) {
      this.#me.username = welcome.username;
      this.#touch(step, this.#me);
    }
    step.addGeneralChanges();
    return this.#finish(step);
  }

  applyDelta(delta: Delta): Transition {
    const step = new Recorder();
    this.#apply(step, delta);
    return this.#finish(step);
  }

  /** Applies the answer of a follow. For users already in the list, the difference is announced. */
  applyFollow(ids: readonly string[], reply: FollowReply): Transition {
    const step = new Recorder();
    this.#adopt(step, ids, reply, 'client');
    this.#drop(step, reply.evicted ?? []);
    return this.#finish(step);
  }

  applySnapshot(snapshot: Snapshot): Transition {
    const step = new Recorder();
    const ids = new Set(snapshot.userIds);
    if (this.#me !== undefined && ids.delete(this.#me.userId)) {
      const { presences, last } = knowledge(snapshot)(this.#me.userId);
      this.#replace(step, this.#me, presences, last);
    }
    this.#adopt(step, ids, snapshot, 'server');
    if (snapshot.complete === true) {
      const gone = [...this.#follows.values()].filter((entry) => entry.confirmed && !ids.has(entry.userId));
      this.#drop(
        step,
        gone.map((entry) => entry.userId),
      );
    }
    return this.#finish(step);
  }

  /** Removes these users from the list; without ids: all users. */
  remove(ids?: readonly string[]): Transition {
    const step = new Recorder();
    this.#drop(step, ids ?? [...this.#follows.keys()]);
    return this.#finish(step);
  }

  /** The connection is lost: the list may be out of date from now on. */
  markStale(): Transition {
    const step = new Recorder();
    for (const entry of [...this.#follows.values(), ...(this.#me === undefined ? [] : [this.#me])]) {
      if (!entry.stale) {
        entry.stale = true;
        this.#touch(step, entry);
      }
    }
    return this.#finish(step);
  }

  /** The seat is lost: the server has dropped all follows of this client. */
  lose(): void {
    for (const entry of this.#follows.values()) {
      entry.confirmed = false;
    }
  }

  #adopt(step: Recorder, ids: Iterable<string>, state: Knowledge, origin: Origin): void {
    const about = knowledge(state);
    for (const id of ids) {
      const { presences, last, username } = about(id);
      let entry = this.#follows.get(id);
      if (entry === undefined) {
        entry = newEntry(id, origin);
        this.#fill(entry, presences, last);
        this.#follows.set(id, entry);
        step.added.push(id);
      } else {
        this.#replace(step, entry, presences, last);
      }
      const name = presences.at(-1)?.username ?? username ?? entry.username;
      if (entry.username !== name) {
        entry.username = name;
        this.#touch(step, entry);
      }
      if (origin === 'client') {
        entry.origin = 'client';
      }
      // A follow by the server does not confirm the client's own follow of the same user.
      entry.confirmed ||= entry.origin === origin;
    }
    step.addGeneralChanges();
  }

  /** Sets the first state of a user. It is not announced as a change. */
  #fill(entry: Entry, presences: readonly Presence[], last: Entry['last']): void {
    entry.connections = new Map(presences.map((presence) => [presence.connectionId, presence]));
    entry.username = presences.at(-1)?.username ?? entry.username;
    entry.last = last;
  }

  /** Sets a newer state of a known user. The difference is announced. */
  #replace(step: Recorder, entry: Entry, presences: readonly Presence[], last: Entry['last']): void {
    const { joins, leaves } = diffPresences([...entry.connections.values()], presences);
    const different = joins.length + leaves.length > 0 || (presences.length === 0 && last !== entry.last);
    if (different) {
      step.watch(entry);
      step.joins.push(...joins);
      step.leaves.push(...leaves);
      this.#fill(entry, presences, last);
    }
    if (different || entry.stale) {
      entry.stale = false;
      this.#touch(step, entry);
    }
  }

  #apply(step: Recorder, delta: Delta): void {
    for (const presence of delta.leaves) {
      this.#change(step, presence.userId, (entry) => {
        step.leaves.push(presence);
        entry.connections.delete(presence.connectionId);
        entry.last = 'offline';
      });
    }
    for (const presence of delta.joins) {
      this.#change(step, presence.userId, (entry) => {
        step.joins.push(presence);
        // Delete it first: a map keeps the old place of a key, but the newest status has to be last.
        entry.connections.delete(presence.connectionId);
        entry.connections.set(presence.connectionId, presence);
        entry.username = presence.username ?? entry.username;
      });
    }
    for (const change of delta.users ?? []) {
      this.#change(step, change.userId, (entry) => {
        step.users.push(change);
        entry.last = change.general === 'online' ? entry.last : change.general;
      });
    }
  }

  /** Changes of users who are not in the list are ignored. */
  #change(step: Recorder, userId: string, change: (entry: Entry) => void): void {
    const entry = userId === this.#me?.userId ? this.#me : this.#follows.get(userId);
    if (entry !== undefined) {
      step.watch(entry);
      change(entry);
      entry.stale = false;
      this.#touch(step, entry);
    }
  }

  #drop(step: Recorder, ids: readonly string[]): void {
    step.removed.push(...ids.filter((id) => this.#follows.delete(id)));
  }

  #touch(step: Recorder, entry: Entry): void {
    entry.friend = null;
    step.changed = true;
    if (entry !== this.#me) {
      this.#list = null;
    }
  }

  #finish(step: Recorder): Transition {
    if (step.added.length + step.removed.length > 0) {
      this.#list = null;
    }
    return step.finish(this.#me?.userId ?? '');
  }
}
