/**
 * What happens in a run, derived from the seed. Each run has only some kinds of
 * faults, because one kind of fault can hide the effect of another.
 */
import { CLUSTER_DEFAULTS, type ClusterOptions } from '../../src/options.ts';
import { Random } from './random.ts';

export const FAULTS = [
  'crash',
  'restart',
  'stall',
  'wipe',
  'outage',
  'outage with loss',
  'partition',
  'subscriber loss',
  'slow network',
  'lossy network',
  'slow client',
  'lost keys',
  'older data',
  'half-open',
] as const;
export type Fault = (typeof FAULTS)[number];

export interface Profile {
  seed: number;
  nodes: number;
  users: number;
  clients: number;
  /** Mean milliseconds between two operations. */
  gapMs: number;
  /** Mean milliseconds between two faults. */
  faultMs: number;
  faults: Fault[];
  /** How far the clock of a process may be wrong, either way. */
  skewMs: number;
  options: ClusterOptions;
}

/** Only graceful restarts, and nothing to heal: the strictest checks apply. */
export function isCalm({ faults }: Profile): boolean {
  return faults.every((fault) => fault === 'restart');
}

export function profileOf(seed: number): Profile {
  const random = new Random(seed ^ 0x5eed);
  const calm = random.chance(0.15);
  const faults = calm
    ? (['restart'] as const).filter(() => random.chance(0.8))
    : FAULTS.filter(() => random.chance(0.5));
  const heartbeatMs = random.pick([300, 500, 1000, 2000]);
  return {
    seed,
    nodes: 2 + random.below(4),
    users: random.pick([8, 25, 60]),
    clients: random.pick([20, 50]),
    gapMs: random.pick([5, 20, 50]),
    faultMs: random.pick([150, 600, 2500]),
    faults: [...faults],
    skewMs: random.pick([0, 0, 200, 300_000]),
    options: {
      ...CLUSTER_DEFAULTS,
      heartbeatMs,
      leaseMs: heartbeatMs * random.pick([2, 3, 4]),
      handoffMs: random.pick([2000, 5000]),
      antiEntropyBatch: random.pick([2, 10, 100]),
    },
  };
}
