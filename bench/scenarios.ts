/** What is measured, on whom, and how large. The order is the order of the report. */
import type { Errors, Tally } from './load/checker.ts';
import type { Graph } from './load/graph.ts';
import { type Measured, type Session, withSession } from './session.ts';
import type { Fault } from './server/running.ts';
import { type SystemName, SYSTEMS } from './systems.ts';

/** One run's numbers. Units are in the names; what a scenario does not measure is absent. */
export interface Metrics {
  /** Microseconds of server CPU per delivery. */
  cpuPerDelivery?: number;
  /** The same without what the idle connections cost. */
  cpuPerDeliveryNet?: number;
  deliveriesPerSecond?: number;
  p50Ms?: number;
  p99Ms?: number;
  bytesPerDelivery?: number;
  framesPerDelivery?: number;
  /** Share of deliveries that arrived inside a later one. */
  merged?: number;
  /** Share of one core that the servers, and the load generator, used. */
  serverLoad?: number;
  generatorLoad?: number;
  /** Cores that processes outside the bench used meanwhile. */
  othersCores?: number;
  rssKbPerConnection?: number;
  heapKbPerConnection?: number;
  cpuMsPerJoin?: number;
  cpuMsPerFollow?: number;
  /** Percent of a core that the idle connections cost. */
  idlePercent?: number;
  redisCommandsPerUpdate?: number;
  /** Longest time for which the server's event loop was blocked. */
  blockedMs?: number;
}

export interface Outcome {
  metrics: Metrics;
  errors: Errors;
  tally?: Tally;
}

export interface Case {
  system: SystemName;
  /** Tells cases of the same system apart. */
  variant?: string;
  run: () => Promise<Outcome>;
}

export interface Scenario {
  name: string;
  title: string;
  /** The case that ratios refer to. */
  reference: string;
  /** Systems that a quick run takes, unless it is told which. */
  quickly: readonly SystemName[];
  cases: Case[];
}

type CaseId = Pick<Case, 'system' | 'variant'>;

/** How the targets refer to a case. */
export function caseName({ system, variant }: CaseId): string {
  return variant === undefined ? system : `${system} ${variant}`;
}

/** Its title in the report. */
export function caseLabel({ system, variant }: CaseId): string {
  return variant === undefined ? SYSTEMS[system].label : `${SYSTEMS[system].label}, ${variant}`;
}

/** A scenario in which a crowd gets ready, warms up, and is measured under the same load. */
export async function underLoad(
  plan: { system: SystemName; graph: Graph; fault?: Fault },
  warmUp: (session: Session) => Promise<unknown>,
  load: (session: Session) => Promise<unknown>,
): Promise<Outcome> {
  return withSession(plan, async (session) => {
    await ready(session);
    await warmUp(session);
    const measured = await session.measure(() => load(session));
    return { metrics: deliveryMetrics(measured), errors: measured.errors, tally: measured };
  });
}

/** Everyone connects, then everyone follows. */
export async function ready({ load, users }: Session): Promise<void> {
  await load.connect({ from: 0, to: users });
  await load.follow({ from: 0, to: users });
}

export function deliveryMetrics(measured: Measured): Metrics {
  const { deliveries, merged, frames, bytes, seconds, serverCpu, othersCores, p50, p99, cpu } = measured;
  const each = Math.max(1, deliveries);
  return {
    cpuPerDelivery: serverCpu / each,
    deliveriesPerSecond: deliveries / seconds,
    p50Ms: p50 / 1000,
    p99Ms: p99 / 1000,
    bytesPerDelivery: bytes / each,
    framesPerDelivery: frames / each,
    merged: merged / each,
    serverLoad: serverCpu / seconds / 1e6,
    generatorLoad: cpu / seconds / 1e6,
    othersCores,
  };
}
