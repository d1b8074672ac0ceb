/**
 * `npm run sim`: the cluster simulation over many seeds, 1,000,000 operations.
 *
 *   node test/sim/run.ts [--seed N] [--ops N] [--trace]
 *
 * With `--seed` only that one is run, with all operations; what it prints on a
 * failure replays it. `--trace` tells of every operation and fault.
 */
import { parseArgs } from 'node:util';
import { simulate, SimulationFailure, type SimulationResult } from './simulation.ts';
import { progressBar, summary } from './summary.ts';

const OPERATIONS_PER_SEED = 10_000;

const { values } = parseArgs({
  options: { seed: { type: 'string' }, ops: { type: 'string' }, trace: { type: 'boolean' }, from: { type: 'string' } },
});
const total = Number(values.ops ?? 1_000_000);
const first = Number(values.from ?? 1);
if (
  !Number.isSafeInteger(total) ||
  total < 1 ||
  !Number.isSafeInteger(Number(values.seed ?? 1)) ||
  !Number.isSafeInteger(first)
) {
  console.error('Usage: node test/sim/run.ts [--seed N | --from N] [--ops N] [--trace]');
  process.exit(2);
}
const trace =
  values.trace === true
    ? (line: string): void => {
        console.log(line);
      }
    : undefined;
const started = performance.now();
const results: SimulationResult[] = [];
const bar = progressBar(total);
let done = 0;

try {
  for (let seed = Number(values.seed ?? first); done < total; seed++) {
    const operations = values.seed === undefined ? Math.min(OPERATIONS_PER_SEED, total - done) : total;
    const result = await simulate({
      seed,
      operations,
      ...(trace !== undefined && { trace }),
      onProgress: (now) => {
        bar(done + now);
      },
    });
    done += result.operations;
    results.push(result);
  }
} catch (error) {
  console.error(`\n${error instanceof SimulationFailure ? error.message : String((error as Error).stack)}`);
  process.exit(1);
}
console.log(`\n${summary(results, (performance.now() - started) / 1000)}`);
