/**
 * Collects what changed and tells the followers, once per flush.
 *
 * A flush runs at the end of the event-loop turn that changed something, so no
 * latency is added when it is quiet; under load it waits a little for the rest
 * of the burst (see `pace.ts`). What changed in between is merged: a follower
 * hears the first old and the last new value of a connection, and nothing of a
 * change that cancelled itself out.
 *
 * Bounded: what has changed is kept once per connection that changed, never
 * per follower. A follower that cannot take its frame loses it and is owed a
 * snapshot, which it gets as soon as its socket has drained.
 *
 * Cost: one step per follower that hears it. Nothing is done for others.
 */
import { Batch } from './batch.ts';
import { FlushTimer, type Timing } from './flush-timer.ts';
import { Histogram } from './histogram.ts';
import { Behind } from './behind.ts';
import { makeUpdate, Unsent } from './unsent.ts';
import { hasFriendsOnly } from './derived.ts';
import { newView, note, personalise } from './view.ts';
import type { Connection, Update, User, View } from './model.ts';

export interface OutboxStats {
  flushes: number;
  /** Frames handed to sinks: one per follower per flush. */
  delivered: number;
  /** Updates of one user handed out. */
  updates: number;
  /** Snapshots sent to followers that had fallen behind. */
  resyncs: number;
  /** Milliseconds spent on making and sending flushes. */
  busyMs: number;
}

/** After so many milliseconds of sending, other work gets its turn. */
const SLICE_MS = 10;
/** Followers that are sent to between two looks at the clock. */
const FOLLOWERS_PER_LOOK = 64;

/** A flush on its way to its followers. What each of them has to be told waits in its `batch`. */
interface Sending {
  readonly audience: readonly Connection[];
  readonly updates: readonly Update[];
  readonly users: ReadonlySet<User>;
  readonly unmerged: number;
  /** When the first of the changes was made. */
  readonly since: number;
  next: number;
  tookMs: number;
}

export class Outbox {
  readonly stats: OutboxStats = { flushes: 0, delivered: 0, updates: 0, resyncs: 0, busyMs: 0 };
  /** From the first change in a flush until its last follower was told. */
  readonly latency = new Histogram();
  /** Told of every update after it was handed to the followers. */
  onUpdate: ((update: Update) => void) | undefined;
  /** Told of every user that a flush is done with. */
  onFlushed: ((user: User) => void) | undefined;
  /** Told of every user before all that is known of it is sent again. */
  onResync: ((user: User) => void) | undefined;
  readonly #timing: Timing;
  readonly #unsent = new Unsent();
  readonly #behind: Behind;
  readonly #timer: FlushTimer;
  /** When the first change was made that is unsent. */
  #since = 0;
  #sending: Sending | undefined;

  constructor(timing: Timing) {
    this.#timing = timing;
    this.#timer = new FlushTimer(timing, this.#unsent, () => this.flush());
    this.#behind = new Behind(timing, (followers) => this.#catchUp(followers));
  }

  /** Call before `connectionId` of `user` changes. */
  touch(user: User, connectionId: string, ref: number): void {
    this.#begin();
    this.#unsent.touch(user, connectionId, ref);
    this.#schedule();
  }

  /** Call before anything else of `user` changes. */
  touchUser(user: User): void {
    this.#begin();
    this.#unsent.touchUser(user);
    this.#schedule();
  }

  #begin(): void {
    if (this.#unsent.empty) {
      this.#since = this.#timing.now();
    }
  }

  #schedule(): void {
    if (this.#sending === undefined && !this.#unsent.empty) {
      this.#timer.set();
    }
  }

  /** Whether a change of that connection waits to be told. */
  waits(user: User, connectionId: string): boolean {
    return this.#unsent.waits(user, connectionId);
  }

  /** Whether something of `user` waits to be told to somebody. */
  has(user: User): boolean {
    return this.#unsent.has(user) || this.#sending?.users.has(user) === true;
  }

  /**
   * Tells everything now. A large audience is told in slices, between which
   * other work gets its turn; the next flush begins when all have been told.
   */
  flush(): void {
    this.#sendSlice(Infinity);
    this.#timer.cancel();
    if (this.#unsent.empty) {
      return;
    }
    const from = this.#timing.now();
    const touched = this.#unsent.take();
    this.stats.flushes++;

    const root = Batch.root<Update>();
    const audience: Connection[] = [];
    const updates: Update[] = [];
    let unmerged = 0;
    for (const [user, before] of touched) {
      unmerged += before.count * (user.followers.size + user.own.size);
      const update = makeUpdate(user, before);
      if (update !== null) {
        updates.push(update);
        spread(user.followers, update, root, audience);
        spread(user.own, update, root, audience);
      }
    }
    this.stats.updates += updates.length;
    const users = new Set(touched.keys());
    this.#sending = {
      audience,
      updates,
      users,
      unmerged,
      since: this.#since,
      next: 0,
      tookMs: this.#timing.now() - from,
    };
    // The numbers of what comes new into a state depend on all that the viewer holds at this moment.
    const isNew = updates.some(({ changes }) => changes.some(({ before }) => before === null));
    this.#sendSlice(isNew ? Infinity : SLICE_MS);
  }

  #sendSlice(forMs: number): void {
    const sending = this.#sending;
    if (sending === undefined) {
      return;
    }
    const { audience, updates, users, unmerged } = sending;
    const from = this.#timing.now();
    while (sending.next < audience.length) {
      this.settle(audience[sending.next++]!);
      if (sending.next % FOLLOWERS_PER_LOOK === 0 && this.#timing.now() - from >= forMs) {
        this.#sendRestLater(sending, from);
        return;
      }
    }
    if (this.#sending !== sending) {
      return; // Somebody who was told has caused the rest to be sent.
    }
    this.#sending = undefined;
    const now = this.#timing.now();
    const tookMs = sending.tookMs + now - from;
    this.stats.busyMs += tookMs;
    this.latency.note(now - sending.since);
    this.#timer.flushed({ at: now, tookMs, frames: audience.length, unmerged });
    for (const update of updates) {
      this.onUpdate?.(update);
    }
    for (const user of users) {
      this.onFlushed?.(user);
    }
    this.#schedule();
  }

  #sendRestLater(sending: Sending, from: number): void {
    sending.tookMs += this.#timing.now() - from;
    this.#timing.defer(() => {
      if (this.#sending === sending) {
        this.#sendSlice(SLICE_MS);
      }
    });
  }

  /** Sends what a flush under way still has for this follower: before anything else that tells it of others, or ends a follow. */
  settle(follower: Connection): void {
    const { batch } = follower;
    if (batch !== undefined) {
      follower.batch = undefined;
      this.#deliver(follower, batch);
    }
  }

  #deliver(follower: Connection, batch: Batch<Update>): void {
    if (follower.delivery !== 'live') {
      return;
    }
    if (!follower.replying && follower.sink.ready()) {
      this.stats.delivered++;
      follower.sink.deliver(batch);
    } else {
      this.owe(follower);
    }
  }

  /** The follower has missed something: it gets a snapshot as soon as it can take one. */
  owe(follower: Connection): void {
    follower.delivery = 'behind';
    this.#behind.add(follower);
  }

  #catchUp(followers: Iterable<Connection>): void {
    // What waits for its flush is already in the snapshot: tell the others first.
    this.flush();
    for (const follower of followers) {
      if (follower.delivery === 'behind' && follower.sink.ready()) {
        this.resync(follower, 'everything');
      }
    }
  }

  /**
   * Before `viewer` is given a snapshot of `users`: what waits to be told of
   * them is told to the others first, so that no delta repeats the snapshot.
   */
  introduce(viewer: Connection, users: readonly User[]): void {
    if (users.some((user) => this.#unsent.has(user))) {
      this.flush();
    }
    this.settle(viewer);
    for (const user of users) {
      note(viewer, user);
    }
  }

  /** The view of its own of `viewer`, which begins with all that it was told so far. */
  viewOf(viewer: Connection): View {
    if (viewer.view === undefined) {
      this.flush();
      this.settle(viewer);
      viewer.view = newView();
      this.introduce(viewer, [...viewer.follows.keys(), viewer.user]);
    }
    return viewer.view;
  }

  /** Ends the view of its own of a viewer that sees everything as it is: without one its updates cost nothing. */
  dropView(viewer: Connection): void {
    const { view, options, follows } = viewer;
    const isNeeded =
      view === undefined ||
      options.redact !== undefined ||
      view.refused.size + view.blocked.size + view.unread.size > 0 ||
      [...follows.keys()].some(hasFriendsOnly);
    if (!isNeeded) {
      this.flush();
      this.settle(viewer);
      viewer.view = undefined;
    }
  }

  /** Tells one viewer what it sees otherwise of `user` since a rule of visibility changed. `again`: `redact` may answer otherwise. */
  refresh(viewer: Connection, user: User, again = false): void {
    if (viewer.view === undefined || viewer.delivery !== 'live') {
      return;
    }
    this.settle(viewer);
    const heard = personalise(viewer, viewer.view, user, [], again);
    if (heard !== null) {
      this.#deliver(viewer, Batch.root<Update>().with(heard));
    }
  }

  /** Sends the present state of everybody the connection follows. */
  resync(follower: Connection, scope: 'messages' | 'everything'): void {
    this.stats.resyncs++;
    follower.delivery = 'behind'; // what the others are told now is in its snapshot
    follower.batch = undefined;
    follower.view?.told.clear();
    const users = [...follower.follows.keys(), follower.user];
    for (const user of users) {
      this.onResync?.(user);
    }
    this.introduce(follower, users);
    follower.delivery = 'live';
    follower.sink.snapshot(users, scope);
  }
}

function spread(followers: Iterable<Connection>, update: Update, root: Batch<Update>, audience: Connection[]): void {
  for (const follower of followers) {
    if (follower.delivery !== 'live') {
      continue;
    }
    // The own user looks to everybody as it is.
    const heard =
      follower.view === undefined || follower.user === update.user
        ? update
        : personalise(follower, follower.view, update.user, update.changes);
    if (heard === null) {
      continue;
    }
    if (follower.batch === undefined) {
      follower.batch = root;
      audience.push(follower);
    }
    follower.batch = follower.batch.with(heard);
  }
}
