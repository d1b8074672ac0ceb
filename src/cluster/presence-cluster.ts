/**
 * Connects many processes through Colyseus's own `Presence`. This file is the
 * loop; the parts do not know each other:
 *
 *   writer → registrar → store, bus     publishes the users of this process
 *   watches ← store, bus                receives the users of other processes
 *   peers ← liveness, sweeper           knows the other processes
 *   calls, health, hearing              tells whether the store answers and messages arrive
 *
 * Guarantees: once messages arrive again, every watched user converges to the
 * state its processes published, even if messages were lost, duplicated or late.
 * A process that vanishes is dropped at most `leaseMs` + 1.1 heartbeats + one
 * time limit after its last message (about 8 s by default), and its data is
 * removed from the store right after.
 *
 * Failure: while the store is down, only one probe per heartbeat is sent, and
 * one name per changed user is kept. A process writes all its users and reads
 * all watched users again after that, after a reconnection of the subscriber,
 * and when its own lease is missing (the store lost its data, or the process
 * was stalled).
 *
 * Cost: 3 commands per heartbeat, plus up to `antiEntropyBatch` reads; see
 * `registrar.ts` and `watches.ts` for the rest.
 */
import { Bus } from './bus.ts';
import { Calls } from './calls.ts';
import { jittered } from './clock.ts';
import { withDefaults, type ClusterDeps } from './deps.ts';
import { MAX_ASKED_USERS, type ControlMessage } from './envelope.ts';
import { sayGoodbye } from './farewell.ts';
import { GuardedHost } from './guarded-host.ts';
import { Hearing } from './hearing.ts';
import { Health } from './health.ts';
import { keysOf, Store } from './store.ts';
import { Peers } from './peers.ts';
import type { Cluster, ClusterHost, ClusterStats, RemoteUser } from '../core/ports.ts';
import { Registrar } from './registrar.ts';
import { onSubscriberReady, type Subscription } from './subscription.ts';
import { Sweeper } from './sweeper.ts';
import { Watches } from './watches.ts';
import { Writer } from './writer.ts';

/** Stands for the name of this process among the users to be written. No user has this id. */
const OUR_NAME = '';
/** Maximum of commands of one kind in flight at once. */
const MAX_AT_ONCE = 64;
/** Heartbeats between two reads of the list of processes. */
const ROUNDS_PER_SCAN = 10;
/** After so many own beats without an echo the subscription is opened again. */
const MAX_MISSING_BEATS = 3;
/** Maximum of milliseconds that `stop()` takes. */
const MAX_STOP_MS = 5000;

export class PresenceCluster implements Cluster {
  readonly incarnation: string;
  readonly #deps: Required<ClusterDeps>;
  readonly #host: GuardedHost;
  readonly #health: Health;
  readonly #store: Store;
  readonly #bus: Bus;
  readonly #sweeper: Sweeper;
  readonly #peers: Peers;
  readonly #watches: Watches;
  readonly #registrar: Registrar;
  readonly #writer: Writer;
  readonly #control: Subscription;
  readonly #hearing = new Hearing();
  readonly #leaseSeconds: number;

  #timer: unknown;
  #stopListening: () => void = () => {};
  #stopped: Promise<void> | undefined;
  #busy = false;
  /** The store has lost the data of this process, and writing it again has not begun. */
  #lost = false;
  /** All own users are being written; the name of this process is put on the list of processes after them. */
  #enlisting = false;
  #round = 0;
  /** Processes that are gone and that the host could not drop yet. */
  readonly #undropped = new Set<string>();

  constructor(host: ClusterHost, given: ClusterDeps) {
    const deps = withDefaults(given);
    const { incarnation, presence, options, clock, log, timeoutMs } = deps;
    const keys = keysOf(options.prefix);
    const rememberSeconds = Math.ceil(deps.rememberOfflineHours * 3600);
    this.incarnation = incarnation;
    this.#deps = deps;
    this.#host = new GuardedHost(host, log, clock);
    this.#leaseSeconds = Math.max(1, Math.ceil(options.leaseMs / 1000));
    this.#health = new Health(log, () => {
      this.#writer.pause();
    });
    const calls = new Calls(this.#health, clock, timeoutMs);
    this.#store = new Store(presence, calls, keys);
    this.#bus = new Bus({ incarnation, presence, calls, keys, log, subscriptions: { presence, clock, timeoutMs } });
    this.#sweeper = new Sweeper({
      store: this.#store,
      claimSeconds: this.#leaseSeconds,
      rememberSeconds,
      concurrency: MAX_AT_ONCE,
    });
    this.#peers = new Peers({
      incarnation,
      leaseMs: options.leaseMs,
      clock,
      store: this.#store,
      sweeper: this.#sweeper,
      onGone: (gone) => {
        this.#drop(gone);
      },
    });
    this.#watches = new Watches({
      incarnation,
      host: this.#host,
      store: this.#store,
      bus: this.#bus,
      peers: this.#peers,
      written: (userId) => this.#registrar.written(userId),
      onMismatch: (userId) => {
        this.announce(userId);
      },
      isUp: () => this.#health.state === 'up' && this.#stopped === undefined,
      epoch: () => this.#health.epoch,
    });
    this.#registrar = new Registrar({
      incarnation,
      host: this.#host,
      store: this.#store,
      bus: this.#bus,
      clock,
      rememberSeconds,
    });
    this.#writer = new Writer((userId) => this.#write(userId), MAX_AT_ONCE, true);
    this.#control = this.#bus.onControl(
      (from, message) => {
        this.#hear(from, message);
      },
      (beat) => {
        this.#hearEcho(beat);
      },
    );
  }

  /** Joins the cluster and starts to beat. Resolves when that is done, or when the store cannot be reached (it is tried again). */
  async start(): Promise<void> {
    const { clock, options, presence } = this.#deps;
    this.#stopListening = onSubscriberReady(presence, () => {
      this.#reconnected();
    });
    const first = clock.random() * options.heartbeatMs;
    this.#timer = clock.setTimeout(() => {
      this.#tick();
    }, first);
    await this.#control.open();
    await this.#pulse();
  }

  get canHandOff(): boolean {
    return this.#health.state === 'up' && this.#peers.live > 0;
  }

  get stats(): ClusterStats {
    return {
      ...this.#bus.counts,
      processes: this.#peers.live,
      watched: this.#watches.size,
      state: this.#health.state,
    };
  }

  watch(userId: string): Promise<void> {
    return this.#stopped === undefined ? this.#watches.open(userId) : Promise.resolve();
  }

  unwatch(userId: string): void {
    this.#watches.close(userId);
  }

  knows(userId: string): boolean {
    return this.#watches.knows(userId);
  }

  announce(userId: string): void {
    if (this.#stopped === undefined) {
      this.#writer.mark(userId);
    }
  }

  read(userIds: readonly string[]): Promise<Map<string, RemoteUser>> {
    return this.#watches.read(userIds);
  }

  /** At most once: lost for a process that does not hear, and for all while the store is down. */
  broadcast(command: unknown): void {
    this.#bus.publishControl({ kind: 'command', command }).catch(ignore);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const { clock, incarnation } = this.#deps;
    clock.clearTimeout(this.#timer);
    this.#stopListening();
    const { promise: enough, resolve } = Promise.withResolvers<void>();
    const limit = clock.setTimeout(resolve, MAX_STOP_MS);
    await Promise.race([
      enough,
      this.#writer
        .idle()
        .then(() =>
          sayGoodbye({
            incarnation,
            host: this.#host,
            store: this.#store,
            bus: this.#bus,
            sweeper: this.#sweeper,
            clock,
            hasLost: () => this.#lost,
            rewrite: () => {
              this.#markAll();
              return this.#writer.idle();
            },
          }),
        )
        .catch(ignore),
    ]);
    clock.clearTimeout(limit);
    this.#writer.pause();
    this.#control.close();
    this.#watches.closeAll();
  }

  #write(userId: string): Promise<void> {
    return userId === OUR_NAME ? this.#enlist() : this.#writeUser(userId);
  }

  async #enlist(): Promise<void> {
    await this.#store.enlist(this.incarnation);
    this.#enlisting = false;
  }

  #writeUser(userId: string): Promise<void> {
    const writing = this.#registrar.write(userId);
    // After the own register: a process that hears that the old connection is gone must already know the new one.
    const retracted = this.#host.takeRetracted(userId, (incarnation) => this.#peers.isLeaving(incarnation));
    for (const [incarnation, register] of retracted) {
      this.#registrar.writeFor(userId, incarnation, register).catch(ignore);
    }
    return writing;
  }

  #tick(): void {
    const { clock, options } = this.#deps;
    this.#timer = clock.setTimeout(
      () => {
        this.#tick();
      },
      jittered(clock, options.heartbeatMs),
    );
    void this.#pulse();
  }

  async #pulse(): Promise<void> {
    if (this.#stopped !== undefined) {
      return;
    }
    if (this.#health.state === 'down') {
      if ((await this.#store.probe(this.incarnation, this.#leaseSeconds)) && this.#health.recovered()) {
        this.#peers.resetSilence();
        this.#assertAll();
      }
      return;
    }
    this.#reopenControl();
    try {
      const [lease] = await Promise.all([
        this.#store.renew(this.incarnation, 'up', this.#leaseSeconds),
        this.#sendBeat(),
      ]);
      if (lease === null) {
        this.#lost = true;
        this.#peers.resetSilence();
        this.#assertAll();
      }
      await this.#chores();
    } catch {
      // The store is down: `calls` has said so, and the next pulse is a probe.
    }
  }

  /** The work of one heartbeat. Skipped while the last round still runs. */
  async #chores(): Promise<void> {
    if (this.#busy || this.#stopped !== undefined) {
      return;
    }
    this.#busy = true;
    try {
      for (const gone of this.#undropped) {
        this.#drop(gone);
      }
      for (const userId of this.#registrar.unread) {
        this.#writer.mark(userId);
      }
      this.#writer.resume();
      await this.#peers.check();
      if (this.#round++ % ROUNDS_PER_SCAN === 0) {
        await this.#scan();
      }
      this.#peers.sweep();
      await this.#watches.antiEntropy(this.#deps.options.antiEntropyBatch);
      await this.#askOthers();
      await this.#registrar.tidy();
    } finally {
      this.#busy = false;
    }
  }

  /** Compares the store's list of processes, and the users of this process in the store, with what is known here. */
  async #scan(): Promise<void> {
    if (!(await this.#peers.scan()) && !this.#enlisting) {
      this.#assertAll();
    }
    for (const userId of await this.#registrar.audit()) {
      this.announce(userId);
    }
  }

  async #askOthers(): Promise<void> {
    for (const [to, { userIds, above }] of this.#watches.takeAsked()) {
      for (const ids of chunks([...userIds], MAX_ASKED_USERS)) {
        await this.#bus.publishControl({ kind: 'ask', to, userIds: ids, above });
      }
    }
  }

  /** Drops all registers of `gone`. Tried again until the host succeeds, unless the process is back. */
  #drop(gone: string): void {
    this.#undropped.delete(gone);
    if (!this.#peers.counts(gone) && !this.#host.dropIncarnation(gone)) {
      this.#undropped.add(gone);
    }
  }

  /** Writes all own users. Reads all watched users as soon as an echo shows that messages arrive. */
  #assertAll(): void {
    if (this.#stopped !== undefined) {
      return;
    }
    this.#markAll();
    this.#hearing.suspectLoss();
    this.#sendBeat().catch(ignore);
  }

  #markAll(): void {
    const announced = this.#host.announcedUsers();
    if (announced === undefined) {
      return; // the name of this process stays off the list, so the next scan calls this again
    }
    this.#lost = false;
    this.#enlisting = true;
    this.#registrar.relist();
    for (const userId of announced) {
      this.#writer.mark(userId);
    }
    this.#writer.mark(OUR_NAME);
    this.#writer.resume();
  }

  #sendBeat(): Promise<void> {
    return this.#bus.publishControl({ kind: 'beat', n: this.#hearing.next() });
  }

  #hearEcho(beat: number): void {
    if (this.#hearing.echo(beat)) {
      void this.#watches.resync();
    }
  }

  #hear(from: string, message: ControlMessage): void {
    if (!this.#peers.heard(from)) {
      return;
    }
    if (message.kind === 'bye') {
      this.#peers.left(from, message.handoffMs);
      for (const userId of this.#host.retractedFrom(from)) {
        this.announce(userId);
      }
    } else if (message.kind === 'ask' && message.to === this.incarnation) {
      this.#host.raiseSeq(message.above);
      for (const userId of message.userIds) {
        this.announce(userId);
      }
    } else if (message.kind === 'command') {
      this.#host.applyCommand(message.command);
    }
  }

  /** Opens the subscription again when no echoes arrive: it may have been refused or lost. */
  #reopenControl(): void {
    const { missing } = this.#hearing;
    if (missing > 0 && (this.#control.failed || missing % MAX_MISSING_BEATS === 0)) {
      void this.#control.open();
    }
  }

  /** The subscriber has reconnected: messages were lost, and it may be a different, empty store. */
  #reconnected(): void {
    if (this.#hearing.hasHeard && this.#health.state === 'up') {
      this.#assertAll();
    }
  }
}

function ignore(): void {
  // `calls` has already recorded the failure.
}

function* chunks<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let i = 0; i < items.length; i += size) {
    yield items.slice(i, i + size);
  }
}
