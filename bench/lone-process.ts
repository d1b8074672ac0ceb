/** A tracker with its cluster over Redis, without rooms and sockets: what remains is what the cluster costs. */
import { RedisPresence } from '@colyseus/redis-presence';
import { newIncarnation } from '../src/cluster/clock.ts';
import { PresenceCluster } from '../src/cluster/presence-cluster.ts';
import { CLUSTER_DEFAULTS } from '../src/options.ts';
import { Refs } from '../src/core/refs.ts';
import { Tracker } from '../src/core/tracker.ts';
import { keyedHash } from '../src/wire/keyed-hash.ts';
import type { Sink } from '../src/core/model.ts';

export const STATUS = '{"text":"Capture the flag","matchId":"Yx3kP0aQz","players":3,"max":8}';

export const SILENT: Sink = {
  welcome: () => {},
  ready: () => true,
  deliver: () => {},
  snapshot: () => {},
  unfollowed: () => {},
  followsChanged: () => {},
  close: () => {},
  invites: () => true,
  party: () => true,
};

export interface Process {
  tracker: Tracker;
  cluster: PresenceCluster;
}

/** Without anti-entropy: only the measured operations run. */
export async function startProcess(redisUrl: string): Promise<Process> {
  let cluster: PresenceCluster | undefined;
  let made = 0;
  const presence = new RedisPresence(redisUrl);
  const incarnation = newIncarnation('bench');
  const tracker = new Tracker({
    cluster: (host) => {
      cluster = new PresenceCluster(host, {
        presence,
        incarnation,
        rememberOfflineHours: 24,
        timeoutMs: 60_000,
        options: { ...CLUSTER_DEFAULTS, heartbeatMs: 600_000, leaseMs: 1_200_000, antiEntropyBatch: 0 },
      });
      return cluster;
    },
    timing: {
      now: () => performance.now(),
      defer: (flush) => {
        setImmediate(flush);
      },
      later: (check, ms) => {
        setTimeout(check, ms).unref();
      },
    },
    now: () => Date.now(),
    newId: () => `${incarnation.slice(-8)}${String(++made).padStart(8, '0')}`,
    refs: new Refs(keyedHash()),
    rememberOfflineMs: 0,
    rememberOfflineUsers: 0,
    handoffMs: 15_000,
  });
  await cluster!.start();
  return { tracker, cluster: cluster! };
}
