/**
 * What a process does once per heartbeat: it proves that it is alive and looks
 * after what others have left; while the store is down, it only asks whether it
 * is back. Cost: 3 commands, plus up to `antiEntropyBatch` reads.
 */
import type { Announcements } from './announcements.ts';
import type { Asks } from './asks.ts';
import { jittered, type Clock } from './clock.ts';
import type { Control } from './control.ts';
import type { Formats } from './formats.ts';
import type { Health } from './health.ts';
import type { Peers } from './peers.ts';
import type { Pulse } from './pulse.ts';
import type { Registrar } from './registrar.ts';
import type { ShardProbe } from './shard-probe.ts';
import type { Store } from './store.ts';
import type { Watches } from './watches.ts';
import type { ClusterOptions } from '../options.ts';

/** Heartbeats between two reads of the list of processes. */
const ROUNDS_PER_SCAN = 10;

export interface HeartbeatDeps {
  incarnation: string;
  options: ClusterOptions;
  leaseSeconds: number;
  clock: Clock;
  formats: Formats;
  health: Health;
  store: Store;
  peers: Peers;
  watches: Watches;
  asks: Asks;
  registrar: Registrar;
  announcements: Announcements;
  control: Control;
  shards: ShardProbe;
  pulse: Pulse;
}

export class Heartbeat {
  readonly #deps: HeartbeatDeps;
  #timer: unknown;
  #isStopped = false;
  #isBusy = false;
  #round = 0;
  /** Since when it beats. */
  #startedAt = 0;

  constructor(deps: HeartbeatDeps) {
    this.#deps = deps;
  }

  /** The first timer is at random within a heartbeat: processes that started together do not stay in step. */
  start(): void {
    const { clock, options } = this.#deps;
    this.#startedAt = clock.now();
    this.#schedule(clock.random() * options.heartbeatMs);
  }

  stop(): void {
    this.#isStopped = true;
    this.#deps.clock.clearTimeout(this.#timer);
  }

  #schedule(ms: number): void {
    const { clock, options } = this.#deps;
    this.#timer = clock.setTimeout(() => {
      this.#schedule(jittered(clock, options.heartbeatMs));
      void this.beat();
    }, ms);
  }

  /** One heartbeat. Never rejects. */
  async beat(): Promise<void> {
    const { incarnation, health, store, leaseSeconds, peers, control, shards, announcements, pulse } = this.#deps;
    if (this.#isStopped) {
      return;
    }
    if (health.state === 'down') {
      if ((await store.probe(incarnation, leaseSeconds)) && health.recovered()) {
        peers.resetSilence();
        this.assertAll();
      }
      return;
    }
    control.reopen();
    this.chooseFormat();
    void shards.probe();
    try {
      const [lease] = await Promise.all([store.renew(incarnation, 'up', leaseSeconds), control.sendBeat()]);
      pulse.renewed(lease === null);
      if (lease === null) {
        announcements.noteLoss();
        peers.resetSilence();
      }
      if (lease === null || lease === 'older') {
        this.assertAll();
      }
      await this.#chores();
    } catch {
      // The store is down: `calls` has said so, and the next beat is a probe.
    }
  }

  /** Writes all own users. Reads all watched users as soon as an echo shows that messages arrive. */
  assertAll(): void {
    if (this.#isStopped) {
      return;
    }
    this.#deps.announcements.announceAll();
    this.#deps.control.checkHearing().catch(() => {
      // `calls` has already recorded the failure.
    });
  }

  /** The others may have become able to read more, or less: then all is written again. */
  chooseFormat(): void {
    const { clock, options, formats, peers, announcements } = this.#deps;
    if (formats.choose(peers.living, clock.now() - this.#startedAt >= options.leaseMs) && !this.#isStopped) {
      announcements.announceAll();
    }
  }

  /** Skipped while the last round still runs. */
  async #chores(): Promise<void> {
    const { options, peers, watches, asks, registrar, announcements, control } = this.#deps;
    if (this.#isBusy || this.#isStopped) {
      return;
    }
    this.#isBusy = true;
    try {
      announcements.resume();
      await peers.check();
      if (this.#round++ % ROUNDS_PER_SCAN === 0) {
        await this.#scan();
      }
      peers.sweep();
      await watches.antiEntropy(options.antiEntropyBatch);
      await control.ask(asks.take());
      await registrar.tidy();
    } finally {
      this.#isBusy = false;
    }
  }

  /** Compares the store's list of processes, and the users of this process in the store, with what is known here. */
  async #scan(): Promise<void> {
    const { peers, registrar, announcements } = this.#deps;
    if ((!(await peers.scan()) || announcements.hasLost) && !announcements.isEnlisting) {
      this.assertAll();
    }
    for (const userId of await registrar.audit()) {
      announcements.announce(userId);
    }
  }
}
