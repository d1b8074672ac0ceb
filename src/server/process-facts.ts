/** What a process says of itself to the others, and the check of what they say. */
import { metricsOf, type MetricsSource } from './metrics.ts';
import { fields, flag, list, maybe, number, oneOf, record, text } from './shape.ts';
import { MAX_ID_LENGTH } from '../status.ts';
import type { Written } from './quiet-log.ts';
import type { Durations, PresenceHealth, PresenceMetrics, ProcessFacts } from './report-types.ts';
import type { User } from '../core/model.ts';

const MAX_MOST_FOLLOWED = 10;
const MAX_STALE = 20;
const MAX_LINES = 20;
const MAX_LINE_LENGTH = 300;
/** Above the number of codes that a newer version may have. */
const MAX_LABELS = 200;

export interface FactsSource extends MetricsSource {
  readonly health: PresenceHealth;
  readonly log: MetricsSource['log'] & { readonly recent: readonly Written[] };
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

export function processFacts(source: FactsSource, pid: number, now: number): ProcessFacts {
  const { health, tracker, log, startedAt } = source;
  return {
    pid,
    uptimeMs: Math.max(0, now - startedAt),
    health,
    metrics: metricsOf(source),
    mostFollowed: mostFollowed(tracker.users.byId.values()),
    stale: [...tracker.connections.values()]
      .flatMap(({ user: { userId }, connectionId, delivery }) =>
        delivery === 'behind' || delivery === 'away' ? [{ userId, connectionId, delivery }] : [],
      )
      .slice(0, MAX_STALE),
    log: log.recent
      .slice(-MAX_LINES)
      .map(({ at, line }) => ({ agoMs: Math.max(0, now - at), line: line.slice(0, MAX_LINE_LENGTH) })),
  };
}

/** One pass over all users; only the best so far are sorted. */
function mostFollowed(users: Iterable<User>): ProcessFacts['mostFollowed'] {
  const best: ProcessFacts['mostFollowed'] = [];
  for (const { userId, followers } of users) {
    if (followers.size > (best[MAX_MOST_FOLLOWED - 1]?.followers ?? 0)) {
      best.push({ userId, followers: followers.size });
      best.sort((a, b) => b.followers - a.followers);
      best.length = Math.min(best.length, MAX_MOST_FOLLOWED);
    }
  }
  return best;
}

const id = text(MAX_ID_LENGTH);
const labels = record(number, MAX_LABELS);
const durations = fields<Durations>({ count: number, sumMs: number, buckets: list(number, 100) });

const isHealth = fields<PresenceHealth>({
  ok: flag,
  state: oneOf('idle', 'single', 'starting', 'up', 'behind', 'down', 'stopping'),
  processes: number,
  behindMs: number,
  redis: maybe(
    fields<NonNullable<PresenceHealth['redis']>>({
      reachable: flag,
      lastAnswerMs: maybe(number),
      lastHeardMs: maybe(number),
      renewals: number,
    }),
  ),
  lease: maybe(
    fields<NonNullable<PresenceHealth['lease']>>({ held: flag, heldForMs: maybe(number), expiresInMs: maybe(number) }),
  ),
});

const isMetrics = fields<PresenceMetrics>({
  processes: number,
  users: number,
  online: number,
  connections: number,
  visible: number,
  stale: number,
  follows: number,
  records: number,
  joins: number,
  joinsRefused: labels,
  calls: labels,
  callsRefused: labels,
  closed: number,
  flushes: number,
  deliveries: number,
  updates: number,
  resyncs: number,
  flushBusyMs: number,
  flushLatency: durations,
  logLines: labels,
  redis: maybe(
    fields<NonNullable<PresenceMetrics['redis']>>({
      up: flag,
      behindMs: number,
      latency: durations,
      failed: number,
      published: number,
      received: number,
      dropped: number,
      repaired: number,
      renewals: number,
      watched: number,
    }),
  ),
});

export const isProcessFacts = fields<ProcessFacts>({
  pid: number,
  uptimeMs: number,
  health: isHealth,
  metrics: isMetrics,
  mostFollowed: list(
    fields<ProcessFacts['mostFollowed'][number]>({ userId: id, followers: number }),
    MAX_MOST_FOLLOWED,
  ),
  stale: list(
    fields<ProcessFacts['stale'][number]>({ userId: id, connectionId: id, delivery: oneOf('behind', 'away') }),
    MAX_STALE,
  ),
  log: list(fields<ProcessFacts['log'][number]>({ agoMs: number, line: text(MAX_LINE_LENGTH) }), MAX_LINES),
});
