/** What a process counts and holds, as one object. Cost of a call: one step per connection and per user known here. */
import { Histogram } from '../core/histogram.ts';
import { countShare } from './census.ts';
import { Meters } from './meters.ts';
import type { Tracker } from '../core/tracker.ts';
import type { PresenceMetrics } from './report-types.ts';
import type { LogCode } from '../log-codes.ts';

export interface MetricsSource {
  readonly tracker: Tracker;
  readonly meters: Meters;
  readonly log: { readonly counts: Readonly<Record<LogCode, number>> };
  /** Whether there is a shared store. */
  readonly isShared: boolean;
}

/** Of a process on which presence does not run. */
export function noMetrics(): PresenceMetrics {
  const { calls, refused, joinsRefused } = new Meters();
  return {
    processes: 1,
    users: 0,
    online: 0,
    connections: 0,
    visible: 0,
    stale: 0,
    follows: 0,
    records: 0,
    joins: 0,
    joinsRefused,
    calls,
    callsRefused: refused,
    closed: 0,
    flushes: 0,
    deliveries: 0,
    updates: 0,
    resyncs: 0,
    flushBusyMs: 0,
    flushLatency: new Histogram().facts,
    logLines: {},
  };
}

export function metricsOf({ tracker, meters, log, isShared }: MetricsSource): PresenceMetrics {
  const { outbox, cluster, connections, users } = tracker;
  const { flushes, delivered, updates, resyncs, busyMs } = outbox.stats;
  const { processes, watched, published, received, dropped, repaired, state, link, pulse } = cluster.stats;
  const { users: known, online } = countShare(tracker);
  let [follows, stale, visible] = [0, 0, 0];
  for (const connection of connections.values()) {
    follows += connection.follows.size;
    stale += connection.delivery === 'live' ? 0 : 1;
    visible += connection.user.visible.has(connection.connectionId) ? 1 : 0;
  }
  return {
    processes: processes + 1,
    users: known,
    online,
    connections: connections.size,
    visible,
    stale,
    follows,
    records: users.byId.size,
    joins: meters.joins,
    joinsRefused: { ...meters.joinsRefused },
    calls: { ...meters.calls },
    callsRefused: { ...meters.refused },
    closed: meters.closed,
    flushes,
    deliveries: delivered,
    updates,
    resyncs,
    flushBusyMs: busyMs,
    flushLatency: outbox.latency.facts,
    logLines: { ...log.counts },
    ...(isShared && {
      redis: {
        up: state === 'up',
        behindMs: pulse.behindMs,
        latency: pulse.latency,
        failed: pulse.failed,
        published,
        received,
        dropped,
        repaired,
        renewals: link.renewals,
        watched,
      },
    }),
  };
}
