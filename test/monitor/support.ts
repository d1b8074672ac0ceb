import { noMetrics } from '../../src/server/metrics.ts';
import { plainHealth } from '../../src/server/health.ts';
import type { ClusterOverview, PresenceMetrics, ProcessReport } from '../../src/index.ts';

/** A process in few words. */
export interface Sketch {
  process: string;
  state: ProcessReport['state'];
  online: number;
  /** It does not answer. */
  isMute?: boolean;
  health?: 'up' | 'down';
  metrics?: Partial<PresenceMetrics>;
}

export function processReport({
  process,
  state,
  online,
  isMute = false,
  health = 'up',
  metrics,
}: Sketch): ProcessReport {
  const facts = {
    pid: 1,
    uptimeMs: 1000,
    health: plainHealth(health),
    metrics: { ...noMetrics(), online, users: online, connections: online, ...metrics },
    mostFollowed: [{ userId: 'star', followers: online }],
    stale: [],
    log: [{ agoMs: 10, line: `[presence:store_recovered] ${process}` }],
  };
  return { process, state, silentMs: isMute ? 500 : 0, ...(!isMute && { facts }) };
}

export function overview(...sketches: Sketch[]): ClusterOverview {
  return { processes: sketches.map(processReport), complete: !sketches.some(({ isMute }) => isMute) };
}
