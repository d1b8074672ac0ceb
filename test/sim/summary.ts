/** How a run of the simulation is shown on a terminal. */
import type { SimulationResult } from './simulation.ts';

const WIDTH = 40;

/** Draws on stderr: on a terminal at most ten times a second, elsewhere a line per tenth. */
export function progressBar(total: number): (done: number) => void {
  let drawnAt = -Infinity;
  let tenths = 0;
  return (done) => {
    const now = performance.now();
    const share = Math.min(1, done / total);
    const filled = Math.round(share * WIDTH);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${(share * 100).toFixed(1).padStart(5)} %  ${done.toLocaleString('en')} operations`;
    if (process.stderr.isTTY && (now - drawnAt > 100 || share === 1)) {
      drawnAt = now;
      process.stderr.write(`\r${bar}${share === 1 ? '\n' : ''}`);
    } else if (!process.stderr.isTTY && Math.floor(share * 10) > tenths) {
      tenths = Math.floor(share * 10);
      process.stderr.write(`${bar}\n`);
    }
  };
}

export function summary(results: readonly SimulationResult[], seconds: number): string {
  const sum = (of: (result: SimulationResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
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
    ...rows.map(
      ([name, value]) =>
        `${name.padEnd(width)}  ${typeof value === 'number' ? value.toLocaleString('en').padStart(12) : value.padStart(12)}`,
    ),
  ].join('\n');
}
