/** Metrics as text for Prometheus: the names, their types and units, and what they mean. Pure. */
import { BOUNDS_MS } from '../core/histogram.ts';
import type { Durations, PresenceMetrics } from './report-types.ts';

type Value = number | Readonly<Record<string, number>> | Durations;

export interface Metric {
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly help: string;
  readonly unit?: 'seconds';
  /** The name of the label; its values are from a closed list. */
  readonly label?: 'reason' | 'request' | 'code';
  /** `undefined`: this process has none. */
  readonly read: (metrics: PresenceMetrics) => Value | undefined;
}

const SECONDS = 'seconds';

export const METRICS: readonly Metric[] = [
  {
    name: 'presence_processes',
    type: 'gauge',
    help: 'Live processes known to this one, itself included.',
    read: (m) => m.processes,
  },
  {
    name: 'presence_users',
    type: 'gauge',
    help: 'Users with a connection; of one on several processes only one counts it. The sum over all processes is right.',
    read: (m) => m.users,
  },
  { name: 'presence_users_online', type: 'gauge', help: 'Of these, users that appear online.', read: (m) => m.online },
  {
    name: 'presence_records',
    type: 'gauge',
    help: 'Users held in memory: those connected here, and those that somebody here follows.',
    read: (m) => m.records,
  },
  {
    name: 'presence_connections',
    type: 'gauge',
    help: 'Clients in presence-aware rooms of this process.',
    read: (m) => m.connections,
  },
  {
    name: 'presence_connections_visible',
    type: 'gauge',
    help: 'Of these, connections that have set a status.',
    read: (m) => m.visible,
  },
  {
    name: 'presence_connections_stale',
    type: 'gauge',
    help: 'Of these, connections that hear nothing now: in their reconnection grace, or too slow to read.',
    read: (m) => m.stale,
  },
  {
    name: 'presence_follows',
    type: 'gauge',
    help: 'Follows of the connections of this process.',
    read: (m) => m.follows,
  },
  { name: 'presence_joins', type: 'counter', help: 'Connections made.', read: (m) => m.joins },
  {
    name: 'presence_joins_refused',
    type: 'counter',
    label: 'reason',
    help: 'Clients that presence did not let in, by error code.',
    read: (m) => m.joinsRefused,
  },
  {
    name: 'presence_calls',
    type: 'counter',
    label: 'request',
    help: 'Requests of clients, by kind.',
    read: (m) => m.calls,
  },
  {
    name: 'presence_calls_refused',
    type: 'counter',
    label: 'reason',
    help: 'Requests that were answered with an error, by error code.',
    read: (m) => m.callsRefused,
  },
  {
    name: 'presence_clients_closed',
    type: 'counter',
    help: 'Clients closed because they did not read what they were sent.',
    read: (m) => m.closed,
  },
  {
    name: 'presence_updates',
    type: 'counter',
    help: 'Changes of users that were told: one per user and flush.',
    read: (m) => m.updates,
  },
  {
    name: 'presence_deliveries',
    type: 'counter',
    help: 'Updates delivered to followers: one per follower and flush.',
    read: (m) => m.deliveries,
  },
  {
    name: 'presence_resyncs',
    type: 'counter',
    help: 'Snapshots for clients that had missed something.',
    read: (m) => m.resyncs,
  },
  { name: 'presence_flushes', type: 'counter', help: 'Flushes.', read: (m) => m.flushes },
  {
    name: 'presence_flush_busy_seconds',
    type: 'counter',
    unit: SECONDS,
    help: 'Time spent on making and sending flushes.',
    read: (m) => m.flushBusyMs / 1000,
  },
  {
    name: 'presence_flush_latency_seconds',
    type: 'histogram',
    unit: SECONDS,
    help: 'From the first change in a flush until its last follower was told.',
    read: (m) => m.flushLatency,
  },
  {
    name: 'presence_log_lines',
    type: 'counter',
    label: 'code',
    help: 'Lines for the log, those that were not written because they repeat included.',
    read: (m) => m.logLines,
  },
  {
    name: 'presence_redis_up',
    type: 'gauge',
    help: 'Whether the shared store answers: 1 or 0.',
    read: (m) => m.redis && Number(m.redis.up),
  },
  {
    name: 'presence_redis_behind_seconds',
    type: 'gauge',
    unit: SECONDS,
    help: 'Messages of other processes may have been missed for this long; 0 while the own heartbeats come back.',
    read: (m) => m.redis && m.redis.behindMs / 1000,
  },
  {
    name: 'presence_redis_latency_seconds',
    type: 'histogram',
    unit: SECONDS,
    help: 'Time until a command was answered.',
    read: (m) => m.redis?.latency,
  },
  {
    name: 'presence_redis_commands_failed',
    type: 'counter',
    help: 'Commands that failed or were not answered in time.',
    read: (m) => m.redis?.failed,
  },
  {
    name: 'presence_redis_messages_published',
    type: 'counter',
    help: 'Messages to other processes about users, and commands.',
    read: (m) => m.redis?.published,
  },
  {
    name: 'presence_redis_messages_received',
    type: 'counter',
    help: 'Messages of other processes about users, and commands.',
    read: (m) => m.redis?.received,
  },
  {
    name: 'presence_redis_messages_dropped',
    type: 'counter',
    help: 'Messages that could not be read: malformed, foreign, or of another version.',
    read: (m) => m.redis?.dropped,
  },
  {
    name: 'presence_redis_keys_repaired',
    type: 'counter',
    help: 'Keys that held what does not belong there.',
    read: (m) => m.redis?.repaired,
  },
  {
    name: 'presence_redis_connections_renewed',
    type: 'counter',
    help: 'Connections opened because one that counted as open was dead.',
    read: (m) => m.redis?.renewals,
  },
  {
    name: 'presence_redis_watched_users',
    type: 'gauge',
    help: 'Users about whom this process listens to the others.',
    read: (m) => m.redis?.watched,
  },
];

/** `openmetrics`: version 1.0.0. `prometheus`: the text format 0.0.4, which older readers and `promtool check metrics` want. */
export type MetricsFormat = 'openmetrics' | 'prometheus';

/** The media type of each format. */
export const METRICS_TYPES: Readonly<Record<MetricsFormat, string>> = Object.freeze({
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
});

export function metricsText(metrics: PresenceMetrics, format: MetricsFormat): string {
  const families = METRICS.map((metric) => familyOf(metric, metric.read(metrics), format === 'openmetrics')).join('');
  return format === 'openmetrics' ? `${families}# EOF\n` : families;
}

/** In OpenMetrics a family has another name than the samples of a counter. */
function familyOf({ name, type, unit, help, label }: Metric, value: Value | undefined, isOpen: boolean): string {
  if (value === undefined) {
    return '';
  }
  const sample = type === 'counter' ? `${name}_total` : name;
  const family = isOpen ? name : sample;
  const samples = isDurations(value)
    ? histogram(name, value)
    : typeof value === 'number'
      ? [`${sample} ${value}`]
      : Object.entries(value).map(
          ([key, count]) => `${sample}{${label ?? 'kind'}="${key.replace('presence:', '')}"} ${count}`,
        );
  return [
    `# TYPE ${family} ${type}`,
    ...(unit !== undefined && isOpen ? [`# UNIT ${family} ${unit}`] : []),
    `# HELP ${family} ${help}`,
    ...samples,
    '',
  ].join('\n');
}

function isDurations(value: Value): value is Durations {
  return typeof value === 'object' && Array.isArray(value['buckets']);
}

function histogram(name: string, { count, sumMs, buckets }: Durations): string[] {
  let below = 0;
  const bounds = [...BOUNDS_MS.map((ms) => floatOf(ms / 1000)), '+Inf'];
  return [
    ...bounds.map((bound, at) => `${name}_bucket{le="${bound}"} ${(below += buckets[at] ?? 0)}`),
    `${name}_count ${count}`,
    `${name}_sum ${sumMs / 1000}`,
  ];
}

/** As OpenMetrics writes bounds: with a point. */
function floatOf(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}
