/** How long to wait before the next attempt. Pure, given `random`. */
import type { RejoinOptions } from './types.ts';

export const REJOIN_DEFAULTS: Required<RejoinOptions> = { minMs: 300, maxMs: 15_000, attempts: Infinity };

/**
 * Milliseconds before attempt number `attempt` (from 1): anywhere between
 * `minMs` and a bound that triples with each attempt, up to `maxMs`.
 */
export function backoffMs(
  attempt: number,
  { minMs, maxMs }: { minMs: number; maxMs: number },
  random: () => number = Math.random,
): number {
  const bound = Math.max(minMs, Math.min(maxMs, minMs * 3 ** attempt));
  return minMs + random() * (bound - minMs);
}
