/**
 * Connects many processes through Colyseus's own `Presence`. This file puts
 * the parts together:
 *
 *   announcements → writer, registrar → store, bus   publishes the users of this process
 *   watches ← reader, asks ← store, bus          receives the users of other processes
 *   peers ← liveness, sweeper                    knows the other processes
 *   heartbeat → control                          proves life, compares, repairs
 *   calls, health, hearing                       tells whether the store answers and messages arrive
 *   pulse                                        tells operators when the store answered last
 *   link                                         replaces a connection that is dead without saying so
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
 * Cost: see `heartbeat.ts`, `registrar.ts` and `watches.ts`.
 */
import { Announcements } from './announcements.ts';
import { Asks } from './asks.ts';
import { Bus } from './bus.ts';
import { Calls } from './calls.ts';
import { Control } from './control.ts';
import { withDefaults, type ClusterDeps } from './deps.ts';
import { sayGoodbye } from './farewell.ts';
import { Formats } from './formats.ts';
import { GuardedHost } from './guarded-host.ts';
import { Health } from './health.ts';
import { Heartbeat } from './heartbeat.ts';
import { StoreLink } from './store-link.ts';
import { Repairs } from './repairs.ts';
import { keysOf, Store } from './store.ts';
import { Peers } from './peers.ts';
import { Pulse } from './pulse.ts';
import type { Cluster, ClusterHost, ClusterStats, PeerFacts, RemoteUser } from '../core/ports.ts';
import { Reader } from './reader.ts';
import { Registrar } from './registrar.ts';
import { ShardProbe } from './shard-probe.ts';
import { onSubscriberReady } from './subscription.ts';
import { Sweeper } from './sweeper.ts';
import { onTick } from './ticks.ts';
import { Watches } from './watches.ts';

/** Maximum of commands of one kind in flight at once. */
const MAX_AT_ONCE = 64;
/** Maximum of milliseconds that `stop()` takes. */
const MAX_STOP_MS = 5000;

export class PresenceCluster implements Cluster {
  readonly incarnation: string;
  readonly #deps: Required<ClusterDeps>;
  readonly #host: GuardedHost;
  readonly #health: Health;
  readonly #store: Store;
  readonly #formats: Formats;
  readonly #bus: Bus;
  readonly #link: StoreLink;
  readonly #pulse: Pulse;
  readonly #repairs: Repairs;
  readonly #sweeper: Sweeper;
  readonly #peers: Peers;
  readonly #reader: Reader;
  readonly #watches: Watches;
  readonly #announcements: Announcements;
  readonly #control: Control;
  readonly #shards: ShardProbe;
  readonly #heartbeat: Heartbeat;

  #stopListening: () => void = () => {};
  #stopped: Promise<void> | undefined;

  constructor(given: ClusterHost, givenDeps: ClusterDeps) {
    const deps = withDefaults(givenDeps);
    const { incarnation, presence, options, clock, log, timeoutMs } = deps;
    const keys = keysOf(options.prefix);
    const rememberSeconds = Math.ceil(deps.rememberOfflineHours * 3600);
    const leaseSeconds = Math.max(1, Math.ceil(options.leaseMs / 1000));
    const announce = (userId: string): void => {
      this.announce(userId);
    };
    const host = new GuardedHost(given, log, clock);
    const health = new Health(log, () => {
      this.#announcements.pause();
    });
    const link = new StoreLink({ presence, log, clock, patienceMs: 2 * timeoutMs });
    const pulse = new Pulse(clock);
    const calls = new Calls(health, clock, timeoutMs, {
      answered: (key, tookMs) => {
        link.answered(key);
        pulse.answered(tookMs);
      },
      unanswered: (key) => {
        link.unanswered(key);
      },
      failed: () => {
        pulse.failed();
      },
    });
    const repairs = new Repairs(log);
    const store = new Store(presence, calls, keys, (key) => {
      repairs.note(key);
    });
    const formats = new Formats(log, deps.formats);
    const subscriptions = { presence, clock, timeoutMs };
    const bus = new Bus({ incarnation, presence, calls, keys, log, formats, subscriptions });
    const sweeper = new Sweeper({ store, claimSeconds: leaseSeconds, rememberSeconds, concurrency: MAX_AT_ONCE });
    const peers = new Peers({
      incarnation,
      leaseMs: options.leaseMs,
      clock,
      store,
      sweeper,
      onGone: (gone) => host.dropIncarnation(gone),
    });
    const registrar = new Registrar({ incarnation, host, store, bus, formats, clock, rememberSeconds });
    const asks = new Asks(peers);
    const reader = new Reader({
      incarnation,
      host,
      store,
      bus,
      formats,
      peers,
      asks,
      written: (userId) => registrar.written(userId),
      said: (userId) => registrar.said(userId),
      onMismatch: announce,
      isWriting: (userId) => this.#announcements.isWriting(userId),
    });
    const isUp = (): boolean => health.state === 'up' && this.#stopped === undefined;
    const watches = new Watches({ host, bus, clock, peers, reader, asks, isUp, epoch: () => health.epoch });
    const announcements = new Announcements({ incarnation, host, store, registrar, peers, maxAtOnce: MAX_AT_ONCE });
    const control = new Control({
      incarnation,
      host,
      bus,
      formats,
      peers,
      link,
      pulse,
      announce,
      onOlder: () => {
        this.#heartbeat.chooseFormat();
      },
      onHearing: () => void watches.resync(),
    });
    const shards = new ShardProbe({ presence, bus, link });
    const parts = { store, health, formats, peers, watches, asks, registrar, announcements, control, shards, pulse };
    this.incarnation = incarnation;
    this.#deps = deps;
    this.#host = host;
    this.#health = health;
    this.#store = store;
    this.#formats = formats;
    this.#bus = bus;
    this.#link = link;
    this.#pulse = pulse;
    this.#repairs = repairs;
    this.#sweeper = sweeper;
    this.#peers = peers;
    this.#reader = reader;
    this.#watches = watches;
    this.#announcements = announcements;
    this.#control = control;
    this.#shards = shards;
    this.#heartbeat = new Heartbeat({ incarnation, options, leaseSeconds, clock, ...parts });
  }

  /** Joins the cluster and starts to beat. Resolves when that is done, or when the store cannot be reached (it is tried again). */
  async start(): Promise<void> {
    this.#stopListening = onSubscriberReady(this.#deps.presence, () => {
      this.#reconnected();
    });
    this.#heartbeat.start();
    await this.#control.open();
    await this.#heartbeat.beat();
  }

  get canHandOff(): boolean {
    return this.#health.state === 'up' && this.#peers.live > 0;
  }

  get stats(): ClusterStats {
    return {
      ...this.#bus.counts,
      processes: this.#peers.live,
      watched: this.#watches.size,
      repaired: this.#repairs.count,
      state: this.#health.state,
      format: this.#formats.current,
      link: this.#link.facts,
      pulse: this.#pulse.facts(this.#health.state === 'up'),
    };
  }

  get peers(): PeerFacts[] {
    return this.#peers.facts;
  }

  watch(userId: string, asker?: object): Promise<void> {
    return this.#stopped === undefined ? this.#watches.open(userId, asker) : Promise.resolve();
  }

  retrace(userId: string, asker?: object): Promise<void> {
    return this.#stopped === undefined ? this.#watches.retrace(userId, asker) : Promise.resolve();
  }

  unwatch(userId: string): void {
    this.#watches.close(userId);
  }

  knows(userId: string): boolean {
    return this.#watches.knows(userId);
  }

  announce(userId: string): void {
    if (this.#stopped === undefined) {
      this.#announcements.announce(userId);
    }
  }

  read(...asked: Parameters<Cluster['read']>): Promise<Map<string, RemoteUser>> {
    return this.#reader.read(...asked);
  }

  onTick<T>(work: () => Promise<T>): Promise<T> {
    return onTick(this.#deps.clock, work);
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
    const { clock } = this.#deps;
    this.#heartbeat.stop();
    this.#stopListening();
    const { promise: enough, resolve } = Promise.withResolvers<void>();
    const limit = clock.setTimeout(resolve, MAX_STOP_MS);
    await Promise.race([enough, this.#leave().catch(ignore)]);
    clock.clearTimeout(limit);
    this.#announcements.pause();
    this.#control.close();
    this.#shards.close();
    this.#watches.closeAll();
  }

  async #leave(): Promise<void> {
    const announcements = this.#announcements;
    await announcements.idle();
    await sayGoodbye({
      incarnation: this.incarnation,
      host: this.#host,
      store: this.#store,
      bus: this.#bus,
      sweeper: this.#sweeper,
      clock: this.#deps.clock,
      hasLost: () => announcements.hasLost,
      rewrite: () => {
        announcements.announceAll();
        return announcements.idle();
      },
    });
  }

  /** The subscriber has reconnected: messages were lost, and it may be a different, empty store. */
  #reconnected(): void {
    if (this.#control.hasHeard && this.#health.state === 'up') {
      this.#heartbeat.assertAll();
    }
  }
}

function ignore(): void {
  // `calls` has already recorded the failure.
}
