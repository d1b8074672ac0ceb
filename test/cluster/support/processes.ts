/** Processes of one test: made over one store, ended after it. */
import type { Presence } from '@colyseus/core';
import { PresenceCluster } from '../../../src/cluster/presence-cluster.ts';
import type { ClusterDeps } from '../../../src/cluster/deps.ts';
import type { Log } from '../../../src/log-codes.ts';
import type { RegisterEntry } from '../../../src/core/registers.ts';
import { CLUSTER_DEFAULTS, type ClusterOptions } from '../../../src/options.ts';
import { FakeHost } from './fake-host.ts';
import { flaky, type FlakyPresence } from './flaky-presence.ts';
import type { Store } from './backends.ts';

/** Short, so that a crash is noticed in a second or two; a lease is whole seconds. */
const QUICK: Partial<ClusterOptions> = { heartbeatMs: 100, leaseMs: 1000 };

export class Process {
  readonly host = new FakeHost();
  readonly log: Array<[level: keyof Log, message: string]> = [];
  readonly line: FlakyPresence;
  readonly cluster: PresenceCluster;
  readonly store: Presence;

  constructor(incarnation: string, store: Presence, options: Partial<ClusterOptions>, more: Partial<ClusterDeps> = {}) {
    this.store = store;
    this.line = flaky(store);
    const note =
      (level: keyof Log) =>
      (message: string): void => {
        this.log.push([level, message]);
      };
    this.cluster = new PresenceCluster(this.host, {
      presence: this.line.presence,
      incarnation,
      options: { ...CLUSTER_DEFAULTS, ...QUICK, ...options },
      rememberOfflineHours: 24,
      log: { info: note('info'), warn: note('warn'), error: note('error') },
      ...more,
    });
  }

  show(userId: string, status: string, more: Partial<RegisterEntry> = {}): void {
    const { incarnation } = this.cluster;
    const entry = { connectionId: `${userId}@${incarnation}`, status, setAt: Date.now(), ...more };
    this.host.own.set(userId, { entries: [entry] });
    this.cluster.announce(userId);
  }

  hide(userId: string, last: 'offline' | 'unlogined'): void {
    this.host.own.set(userId, { entries: [], last });
    this.cluster.announce(userId);
  }
}

let cases = 0;

export class Processes {
  readonly prefix = `t${process.pid}-${++cases}`;
  readonly all: Process[] = [];
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** A process that has not started yet. */
  make(incarnation: string, options: Partial<ClusterOptions> = {}, more: Partial<ClusterDeps> = {}): Process {
    const made = new Process(incarnation, this.#store.connect(), { prefix: this.prefix, ...options }, more);
    this.all.push(made);
    return made;
  }

  async start(
    incarnation: string,
    options: Partial<ClusterOptions> = {},
    more: Partial<ClusterDeps> = {},
  ): Promise<Process> {
    const made = this.make(incarnation, options, more);
    await made.cluster.start();
    return made;
  }

  keys(): Promise<string[]> {
    return this.#store.keys(this.prefix);
  }

  topics(): Promise<string[]> {
    return this.#store.topics(this.prefix);
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map(({ cluster }) => cluster.stop()));
    await Promise.all(this.all.map(({ store }) => this.#store.disconnect(store)));
  }
}
