/** What a whole run found, as it is written to `latest.json`. */

import type { Metrics } from './scenarios.ts';
import type { SystemName } from './systems.ts';

export interface CaseResult {
  name: string;
  system: SystemName;
  variant?: string;
  /** One entry per round; null when that run failed. */
  rounds: Array<Metrics | null>;
  /** Errors and failures in words; empty when there is none. */
  problems: string[];
}

export interface ScenarioResult {
  name: string;
  title: string;
  reference: string;
  cases: CaseResult[];
}

export interface Results {
  date: string;
  quick: boolean;
  rounds: number;
  machine: { cpu: string; cores: number; node: string; os: string };
  versions: Record<string, string>;
  scenarios: ScenarioResult[];
  targets: TargetResult[];
}

export interface TargetResult {
  id: string;
  what: string;
  limit: number;
  /** How the limit reads: a factor, or a figure with its unit. */
  unit: string;
  /** Over the rounds; null when a case it needs did not run. */
  value: Spread | null;
  /** Whether the median keeps the limit. */
  met: boolean | null;
}

/** Of the rounds. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

export type MetricName = keyof Metrics;

export function spreadOf(values: readonly number[]): Spread | null {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
  return sorted.length === 0 ? null : { median: median!, min: sorted[0]!, max: sorted.at(-1)! };
}

export function metricOf(result: CaseResult | undefined, metric: MetricName): Spread | null {
  return spreadOf((result?.rounds ?? []).flatMap((round) => round?.[metric] ?? []));
}

/** Compares two cases round by round, because the machine's speed drifts between rounds. */
export function compare(
  a: CaseResult | undefined,
  b: CaseResult | undefined,
  metric: MetricName,
  by: (a: number, b: number) => number = (x, y) => x / y,
): Spread | null {
  const values: number[] = [];
  for (let round = 0; round < Math.min(a?.rounds.length ?? 0, b?.rounds.length ?? 0); round++) {
    const left = a?.rounds[round]?.[metric];
    const right = b?.rounds[round]?.[metric];
    if (left !== undefined && right !== undefined) {
      values.push(by(left, right));
    }
  }
  return spreadOf(values);
}
