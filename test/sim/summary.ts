/** How a run of the simulation is shown on a terminal. */
import type { SimulationResult } from './simulation.ts';

const WIDTH = 40;

/** Draws on stderr, at most ten times a second; only on a terminal. */
export function progressBar(total: number): (done: number) => void {
  let drawn = -Infinity;
  return (done) => {
    const now = performance.now();
    if (process.stderr.isTTY && (now - drawn > 100 || done >= total)) {
      drawn = now;
      const share = Math.min(1, done / total);
      const filled = Math.round(share * WIDTH);
      process.stderr.write(`\r${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${(share * 100).toFixed(1)} %  ${done.toLocaleString('en')} operations`);
    }
  };
}

export function summary(results: readonly SimulationResult[], seconds: number): string {
  const sum = (of: (result: SimulationResult) => number): number => results.reduce((total, result) => total + of(result), 0);
  const merged = (of: (result: SimulationResult) => Map<string, number>): Array<[string, number]> => {
    const totals = new Map<string, number>();
    for (const result of results) {
      for (const [name, count] of of(result)) {
        totals.set(name, (totals.get(name) ?? 0) + count);
      }
    }
    return [...totals].sort(([, a], [, b]) => b - a);
  };
  const rows: Array<[string, number | string]> = [
    ['seeds', `${results[0]?.profile.seed} to ${results.at(-1)?.profile.seed}`],
    ['operations', sum(({ operations }) => operations)],
    ['checks after quiescence', sum(({ checks }) => checks)],
    ['simulated hours', (sum(({ simulatedMs }) => simulatedMs) / 3_600_000).toFixed(1)],
    ['events', sum(({ turns }) => turns)],
    ['deliveries to followers', sum(({ delivered }) => delivered)],
    ['seconds', seconds.toFixed(1)],
    ...merged(({ faults }) => faults).map(([name, count]): [string, number] => [`fault: ${name}`, count]),
    ...merged(({ commands }) => commands).map(([name, count]): [string, number] => [`Redis: ${name}`, count]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    'Every view equal to the truth, nothing leaked.',
    ...rows.map(([name, value]) => `${name.padEnd(width)}  ${typeof value === 'number' ? value.toLocaleString('en').padStart(12) : value.padStart(12)}`),
  ].join('\n');
}
