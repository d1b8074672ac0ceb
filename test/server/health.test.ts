/** The health of a process, from what its cluster says of itself. */
import { describe, expect, test } from 'vitest';
import { NullCluster } from '../../src/cluster/null-cluster.ts';
import { healthOf, plainHealth } from '../../src/server/health.ts';
import type { ClusterStats, PulseFacts } from '../../src/core/ports.ts';
import type { HealthState } from '../../src/server/report-types.ts';

const LEASE_MS = 6000;
const WELL: Partial<PulseFacts> = { answeredMs: 5, heardMs: 7, behindMs: 0, leaseRenewedMs: 1000, leaseHeldMs: 90_000 };

function stats(pulse: Partial<PulseFacts>, more: Partial<ClusterStats> = {}): ClusterStats {
  const base = new NullCluster().stats;
  return { ...base, processes: 2, ...more, pulse: { ...base.pulse, ...pulse } };
}

describe('with a shared store', () => {
  test.each<[HealthState, boolean, Partial<PulseFacts>, Partial<ClusterStats>]>([
    ['up', true, WELL, {}],
    ['up', true, { ...WELL, behindMs: LEASE_MS - 1 }, {}],
    ['starting', false, {}, {}],
    ['starting', false, { ...WELL, heardMs: undefined }, {}],
    ['behind', false, { ...WELL, behindMs: LEASE_MS }, {}],
    ['behind', false, { ...WELL, leaseRenewedMs: LEASE_MS }, {}],
    ['down', false, WELL, { state: 'down' }],
    ['down', false, {}, { state: 'down' }],
  ])('is %s', (state, ok, pulse, more) => {
    expect(healthOf(stats(pulse, more), LEASE_MS, false)).toMatchObject({ ok, state, processes: 3 });
  });

  test('tells when the store was heard last, and how long the lease lasts', () => {
    expect(healthOf(stats(WELL), LEASE_MS, false)).toEqual({
      ok: true,
      state: 'up',
      processes: 3,
      behindMs: 0,
      redis: { reachable: true, lastAnswerMs: 5, lastHeardMs: 7, renewals: 0 },
      lease: { held: true, heldForMs: 90_000, expiresInMs: 5000 },
    });
    expect(healthOf(stats({}, { state: 'down' }), LEASE_MS, false)).toMatchObject({
      redis: { reachable: false },
      lease: { held: false },
    });
  });

  test('a process that stops is not to be given players', () => {
    expect(healthOf(stats(WELL), LEASE_MS, true)).toMatchObject({ ok: false, state: 'stopping' });
  });
});

test('without a shared store there is nothing to be behind of', () => {
  expect(plainHealth('single')).toEqual({ ok: true, state: 'single', processes: 1, behindMs: 0 });
  expect(plainHealth('stopping')).toMatchObject({ ok: false });
});
