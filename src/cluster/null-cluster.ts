/** The cluster of a single process: there are no other processes, and nothing waits. */
import { Histogram } from '../core/histogram.ts';
import type { Cluster, ClusterStats, RemoteUser } from '../core/ports.ts';

const DONE = Promise.resolve();

export class NullCluster implements Cluster {
  readonly incarnation: string;
  readonly canHandOff = false;
  readonly stats: ClusterStats = {
    processes: 0,
    watched: 0,
    published: 0,
    received: 0,
    dropped: 0,
    repaired: 0,
    state: 'up',
    format: 1,
    link: { commands: undefined, messages: undefined, renewals: 0 },
    pulse: {
      answeredMs: undefined,
      heardMs: undefined,
      behindMs: 0,
      leaseRenewedMs: undefined,
      leaseHeldMs: undefined,
      failed: 0,
      latency: new Histogram().facts,
    },
  };
  readonly peers = [];

  constructor(incarnation = 'local') {
    this.incarnation = incarnation;
  }

  start(): Promise<void> {
    return DONE;
  }

  watch(): Promise<void> {
    return DONE;
  }

  unwatch(): void {}

  retrace(): Promise<void> {
    return DONE;
  }

  /** At once: there is no store. */
  onTick<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  announce(): void {}

  knows(): boolean {
    return true;
  }

  /** There are no other processes: nobody is elsewhere. */
  read(userIds: readonly string[]): Promise<Map<string, RemoteUser>> {
    return Promise.resolve(new Map(userIds.map((userId) => [userId, { registers: [] }])));
  }

  broadcast(): void {}

  stop(): Promise<void> {
    return DONE;
  }
}
