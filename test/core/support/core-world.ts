/** A tracker whose time, cluster and clients are in the hands of the test. */
import { NullCluster } from '../../../src/cluster/null-cluster.ts';
import { PAUSE_MS } from '../../../src/core/pace.ts';
import { Refs } from '../../../src/core/refs.ts';
import { Tracker } from '../../../src/core/tracker.ts';
import type { Joining } from '../../../src/core/connection.ts';
import { shownOf } from '../../../src/core/view.ts';
import { resolveOptions, type PresenceOptions } from '../../../src/options.ts';
import type { Batch } from '../../../src/core/batch.ts';
import type { Connection, Sink, SnapshotScope, Update, User } from '../../../src/core/model.ts';
import type { Timing } from '../../../src/core/flush-timer.ts';
import type { Cluster, ClusterHost, ClusterStats, RemoteUser } from '../../../src/core/ports.ts';

/** Runs nothing on its own: `turn` ends the event-loop turn, `pass` lets time pass. */
export class ManualTiming implements Timing {
  ms = 0;
  readonly #deferred: Array<() => void> = [];
  #later: Array<{ at: number; check: () => void }> = [];

  now(): number {
    return this.ms;
  }

  defer(flush: () => void): void {
    this.#deferred.push(flush);
  }

  later(check: () => void, ms: number): void {
    this.#later.push({ at: this.ms + ms, check });
  }

  turn(): void {
    this.#deferred.splice(0).forEach((flush) => {
      flush();
    });
  }

  pass(ms: number, step = PAUSE_MS): void {
    for (const until = this.ms + ms; this.ms < until;) {
      this.ms = Math.min(this.ms + step, until);
      const due = this.#later.filter(({ at }) => at <= this.ms);
      this.#later = this.#later.filter(({ at }) => at > this.ms);
      for (const { check } of due) {
        check();
      }
      this.turn();
    }
  }
}

/** Notes as one line each what a client is told. */
export class RecordingSink implements Sink {
  invites(): boolean {
    return true;
  }

  party(): boolean {
    return true;
  }

  readonly heard: string[] = [];
  isReady = true;
  onDeliver: (() => void) | undefined;

  welcome(): void {
    this.heard.push('welcome');
  }

  ready(): boolean {
    return this.isReady;
  }

  deliver(batch: Batch<Update>): void {
    this.heard.push(...batch.updates().map(lineOf));
    this.onDeliver?.();
  }

  snapshot(users: readonly User[], scope: SnapshotScope): void {
    this.heard.push(`snapshot ${scope}: ${users.map(({ userId }) => userId).join(' ')}`);
  }

  unfollowed(users: readonly User[]): void {
    this.heard.push(`unfollowed: ${users.map(({ userId }) => userId).join(' ')}`);
  }

  followsChanged(added: readonly User[], removed: readonly User[]): void {
    const ids = [...added.map(({ userId }) => `+${userId}`), ...removed.map(({ userId }) => `-${userId}`)];
    if (ids.length > 0) {
      this.heard.push(`follows ${ids.join(' ')}`);
    }
  }

  close(rejoins?: boolean): void {
    this.heard.push(`closed${rejoins === true ? ', may rejoin' : ''}`);
  }

  /** What it was told since it was last asked. */
  take(): string[] {
    return this.heard.splice(0);
  }
}

/** `ann: a>b` = from status a to b; `-` = not visible; then the general status and the name, if they changed. */
function lineOf({ user, changes, general, username }: Update): string {
  const parts = changes.map(
    ({ before, after }) => `${before?.presence.status ?? '-'}>${after?.presence.status ?? '-'}`,
  );
  return [
    `${user.userId}:`,
    ...parts,
    ...(general === undefined ? [] : [general]),
    ...(username === undefined ? [] : [`"${username}"`]),
  ]
    .join(' ')
    .trim();
}

/** Notes what is asked of it. `watching` and `reading`: what to wait for. */
export class TestCluster implements Cluster {
  readonly incarnation = 'self';
  canHandOff = false;
  readonly stats: ClusterStats = new NullCluster().stats;
  readonly peers = [];
  readonly watched: string[] = [];
  readonly unwatched: string[] = [];
  readonly retraced: string[] = [];
  readonly announced: string[] = [];
  readonly reads: string[][] = [];
  /** What is elsewhere. Who is not in it is nowhere. */
  readonly remote = new Map<string, RemoteUser>();
  /** Users of whom the store cannot tell. */
  readonly unknown = new Set<string>();
  watching: (userId: string) => Promise<void> = () => Promise.resolve();
  reading: () => Promise<void> = () => Promise.resolve();

  readonly #open = new Map<string, Promise<void>>();

  watch(userId: string): Promise<void> {
    let opened = this.#open.get(userId);
    if (opened === undefined) {
      this.watched.push(userId);
      opened = this.watching(userId);
      this.#open.set(userId, opened);
    }
    return opened;
  }

  unwatch(userId: string): void {
    this.#open.delete(userId);
    this.unwatched.push(userId);
  }

  knows(userId: string): boolean {
    return !this.unknown.has(userId);
  }

  retrace(userId: string): Promise<void> {
    this.retraced.push(userId);
    return this.watching(userId);
  }

  onTick<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  announce(userId: string): void {
    this.announced.push(userId);
  }

  async read(userIds: readonly string[]): Promise<Map<string, RemoteUser>> {
    this.reads.push([...userIds]);
    await this.reading();
    return new Map(
      userIds
        .filter((userId) => this.knows(userId))
        .map((userId) => [userId, this.remote.get(userId) ?? { registers: [] }]),
    );
  }

  broadcast(): void {}

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

export interface Player {
  readonly connection: Connection;
  readonly sink: RecordingSink;
}

/** What is left behind when all has been let go. */
export const NOTHING = { users: [] as string[], connections: [] as string[], numbers: 0, watched: [] as string[] };

export class CoreWorld {
  readonly timing = new ManualTiming();
  readonly cluster = new TestCluster();
  readonly refs: Refs;
  readonly tracker: Tracker;
  host!: ClusterHost;
  #ids = 0;

  constructor() {
    let numbers = 0;
    const known = new Map<string, number>();
    this.refs = new Refs((text) => {
      const number = known.get(text) ?? numbers++;
      known.set(text, number);
      return number;
    });
    this.tracker = new Tracker({
      cluster: (host) => {
        this.host = host;
        return this.cluster;
      },
      timing: this.timing,
      now: () => this.timing.ms,
      newId: () => `c${++this.#ids}`,
      refs: this.refs,
      rememberOfflineMs: 60_000,
      rememberOfflineUsers: 100,
      handoffMs: 1000,
    });
  }

  async join(userId: string, options: PresenceOptions = {}, more: Partial<Joining> = {}): Promise<Player> {
    const sink = new RecordingSink();
    const connection = await this.tracker.connect({
      identity: { userId },
      auth: {},
      options: resolveOptions({ unverifiedMatches: 'show', ...options }),
      sync: 'both',
      sink,
      ...more,
    });
    return { connection, sink };
  }

  async follow({ connection }: Player, ...userIds: string[]): Promise<void> {
    await this.tracker.following.follow(this.tracker.following.begin(connection), userIds, 'client');
  }

  set({ connection }: Player, status: string | null): void {
    this.tracker.setStatus(connection, status);
  }

  flush(): void {
    this.tracker.outbox.flush();
  }

  /** The statuses that `viewer` was told of `userId`, or sees as they are when it has no view. */
  shownTo({ connection }: Player, userId: string): string[] {
    const told = connection.view?.told.get(userId);
    const visible = this.tracker.users.byId.get(userId)?.visible ?? new Map<string, never>();
    const shown = connection.view === undefined ? [...visible.values()] : told === undefined ? [] : shownOf(told);
    return shown.map(({ box }) => box.presence.status);
  }

  /** Every record and index that may be left behind. */
  leftovers(): typeof NOTHING {
    const { watched, unwatched } = this.cluster;
    const count = (list: readonly string[], userId: string): number => list.filter((one) => one === userId).length;
    return {
      users: [...this.tracker.users.byId.keys()],
      connections: [...this.tracker.connections.keys()],
      numbers: this.refs.size,
      watched: [...new Set(watched)].filter((userId) => count(watched, userId) > count(unwatched, userId)),
    };
  }
}
