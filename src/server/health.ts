/** The health of this process, derived from the state of its cluster. Pure. */
import type { ClusterStats } from '../core/ports.ts';
import type { HealthState, PresenceHealth } from './report-types.ts';

const OK: ReadonlySet<HealthState> = new Set(['idle', 'single', 'up']);

/** Of a process whose cluster has a shared store. */
export function healthOf(stats: ClusterStats, leaseMs: number, isStopping: boolean): PresenceHealth {
  const { answeredMs, heardMs, behindMs, leaseRenewedMs, leaseHeldMs } = stats.pulse;
  const held = leaseRenewedMs !== undefined && leaseRenewedMs < leaseMs;
  const state = stateOf(stats, held, leaseMs, isStopping);
  return {
    ...plainHealth(state, stats.processes + 1),
    behindMs,
    redis: {
      reachable: stats.state === 'up' && answeredMs !== undefined,
      ...(answeredMs !== undefined && { lastAnswerMs: answeredMs }),
      ...(heardMs !== undefined && { lastHeardMs: heardMs }),
      renewals: stats.link.renewals,
    },
    lease: {
      held,
      ...(held && { heldForMs: leaseHeldMs ?? 0, expiresInMs: leaseMs - leaseRenewedMs }),
    },
  };
}

/** Of a process without a shared store. */
export function plainHealth(state: HealthState, processes = 1): PresenceHealth {
  return { ok: OK.has(state), state, processes, behindMs: 0 };
}

function stateOf({ state, pulse }: ClusterStats, held: boolean, leaseMs: number, isStopping: boolean): HealthState {
  if (isStopping) {
    return 'stopping';
  }
  if (state === 'down') {
    return 'down';
  }
  if (pulse.leaseRenewedMs === undefined || pulse.heardMs === undefined) {
    return 'starting';
  }
  return held && pulse.behindMs < leaseMs ? 'up' : 'behind';
}
