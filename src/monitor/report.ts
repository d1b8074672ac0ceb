/** From what the processes say now, and said before, what the page shows. Pure. */
import { quantile } from '../core/histogram.ts';
import type { ClusterOverview, Durations, ProcessFacts, ProcessReport } from '../server/report-types.ts';
import type { MonitorReport, Point, ProcessRow } from './types.ts';

const MAX_LISTED = 20;
const MAX_LINES = 40;

/** The last answer of each process, which stands until the process is gone. */
export interface Known {
  readonly at: number;
  readonly report: ProcessReport;
  readonly facts: ProcessFacts | undefined;
  readonly answered: boolean;
}
export type KnownProcesses = ReadonlyMap<string, Known>;

/** What is known after this overview. A process that has gone is not in it any more. */
export function learn(before: KnownProcesses, { processes }: ClusterOverview, at: number): KnownProcesses {
  return new Map(
    processes
      .filter(({ state }) => state !== 'gone')
      .map((report) => {
        const last = before.get(report.process);
        const facts = report.facts ?? last?.facts;
        const answered = report.facts !== undefined;
        return [report.process, { at: answered ? at : (last?.at ?? at), report, facts, answered }];
      }),
  );
}

export function reportOf(before: KnownProcesses, now: KnownProcesses, complete: boolean, at: number): MonitorReport {
  const all = [...now.values()].flatMap(({ facts }) => (facts === undefined ? [] : [facts]));
  const totals = { users: 0, online: 0, connections: 0, visible: 0, follows: 0, stale: 0 };
  for (const { metrics } of all) {
    for (const key of Object.keys(totals) as Array<keyof typeof totals>) {
      totals[key] += metrics[key];
    }
  }
  return {
    at,
    complete,
    totals,
    point: pointOf(before, now, totals.online, at),
    processes: [...now.values()].map((known) => rowOf(known, totals.connections)),
    refused: top(all.flatMap(({ metrics }) => Object.entries(metrics.callsRefused))).map(([reason, count]) => ({
      reason,
      count,
    })),
    mostFollowed: top(
      all.flatMap(({ mostFollowed }) => mostFollowed.map(({ userId, followers }) => [userId, followers] as const)),
    ).map(([userId, followers]) => ({ userId, followers })),
    stale: all.flatMap(({ stale }) => stale).slice(0, MAX_LISTED),
    log: [...now.values()]
      .flatMap(({ at: then, report: { process }, facts }) =>
        (facts?.log ?? []).map(({ agoMs, line }) => ({ at: then - agoMs, process, line })),
      )
      .sort((a, b) => a.at - b.at)
      .slice(-MAX_LINES),
  };
}

function rowOf({ report, facts, answered }: Known, connections: number): ProcessRow {
  const own = facts?.metrics.connections ?? 0;
  const expires = facts?.health.lease?.expiresInMs;
  return {
    process: report.process,
    state: report.state,
    answered,
    silentMs: report.silentMs,
    connections: own,
    share: connections === 0 ? 0 : own / connections,
    behindMs: facts?.health.behindMs ?? 0,
    ...(facts !== undefined && { pid: facts.pid, uptimeMs: facts.uptimeMs, health: facts.health.state }),
    ...(answered && expires !== undefined && { leaseExpiresMs: expires }),
  };
}

/** Rates come from processes that have answered both times, each over its own time. */
function pointOf(before: KnownProcesses, now: KnownProcesses, online: number, at: number): Point {
  const point: Point = { at, online, updates: 0, deliveries: 0, calls: 0 };
  const flushes: Durations[] = [];
  const commands: Durations[] = [];
  for (const [process, { at: then, facts, answered }] of now) {
    const last = before.get(process);
    if (facts === undefined || !answered || last?.facts === undefined || then <= last.at) {
      continue;
    }
    const [a, b] = [last.facts.metrics, facts.metrics];
    const perSecond = (from: number, to: number): number => Math.max(0, to - from) / ((then - last.at) / 1000);
    point.updates += perSecond(a.updates, b.updates);
    point.deliveries += perSecond(a.deliveries, b.deliveries);
    point.calls += perSecond(sum(Object.values(a.calls)), sum(Object.values(b.calls)));
    flushes.push(since(a.flushLatency, b.flushLatency));
    if (a.redis !== undefined && b.redis !== undefined) {
      commands.push(since(a.redis.latency, b.redis.latency));
    }
  }
  const [flushP99Ms, redisP99Ms] = [p99(flushes), p99(commands)];
  return { ...point, ...(flushP99Ms !== undefined && { flushP99Ms }), ...(redisP99Ms !== undefined && { redisP99Ms }) };
}

function since(before: Durations, now: Durations): Durations {
  return {
    count: Math.max(0, now.count - before.count),
    sumMs: 0,
    buckets: now.buckets.map((count, at) => Math.max(0, count - (before.buckets[at] ?? 0))),
  };
}

function p99(all: readonly Durations[]): number | undefined {
  const buckets: number[] = [];
  for (const one of all) {
    one.buckets.forEach((count, at) => {
      buckets[at] = (buckets[at] ?? 0) + count;
    });
  }
  const value = quantile({ count: sum(buckets), sumMs: 0, buckets }, 0.99);
  // JSON has no Infinity: above the last bound.
  return value === Infinity ? 9999 : value;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

/** Adds up by name; the largest first, without zeros. */
function top(entries: ReadonlyArray<readonly [string, number]>): Array<[string, number]> {
  const totals = new Map<string, number>();
  for (const [name, count] of entries) {
    totals.set(name, (totals.get(name) ?? 0) + count);
  }
  return [...totals]
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .slice(0, MAX_LISTED);
}
