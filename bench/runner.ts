/**
 * Runs the cases of each scenario in turns (A B C A B C), because the speed of a
 * shared machine drifts: a ratio is only taken within one round. Every run has
 * fresh processes.
 */
import { readFileSync } from 'node:fs';
import { cpus, platform, release } from 'node:os';
import type { CaseResult, Results, ScenarioResult } from './results.ts';
import { type Case, caseLabel, caseName, type Metrics, type Scenario } from './scenarios.ts';
import { describeErrors } from './session.ts';
import { judge } from './targets.ts';

type Running = CaseResult & Case;

/** Runs every case `rounds` times and judges the targets. `say` gets the progress. */
export async function runAll(
  scenarios: readonly Scenario[],
  { quick, rounds }: { quick: boolean; rounds: number },
  say: (text: string) => void,
): Promise<Results> {
  const total = rounds * scenarios.reduce((sum, { cases }) => sum + cases.length, 0);
  const start = performance.now();
  let done = 0;
  const results: ScenarioResult[] = [];
  for (const { name, title, reference, cases } of scenarios) {
    say(`\n${title}\n`);
    const outcomes = cases.map((one): Running => ({ ...one, name: caseName(one), rounds: [], problems: [] }));
    for (let round = 1; round <= rounds; round++) {
      for (const outcome of outcomes) {
        say(`  [${++done}/${total}] ${caseLabel(outcome)}, round ${round}/${rounds} … `);
        await runCase(outcome, say);
        const left = (((performance.now() - start) / done) * (total - done)) / 1000;
        say(
          `${summary(outcome.rounds.at(-1) ?? null)}${outcome.problems.length > 0 ? ` FAILED: ${outcome.problems.at(-1)}` : ''}  (${Math.ceil(left)} s left)\n`,
        );
      }
    }
    results.push({ name, title, reference, cases: outcomes.map(({ run: _run, ...result }) => result) });
  }
  return {
    date: new Date().toISOString(),
    quick,
    rounds,
    machine: machine(),
    versions: versions(),
    scenarios: results,
    targets: judge(results),
  };
}

/** Never throws: a run that fails is a result too. */
async function runCase(outcome: Running, say: (text: string) => void): Promise<void> {
  try {
    const { metrics, errors } = await outcome.run();
    const broken = describeErrors(errors);
    outcome.rounds.push(metrics);
    if (broken !== '') {
      outcome.problems.push(broken);
    }
  } catch (error) {
    outcome.rounds.push(null);
    const text = error instanceof Error ? error.message : String(error);
    say(`\n${text}\n`);
    outcome.problems.push(text.split('\n', 1)[0] ?? '');
  }
}

function summary(metrics: Metrics | null): string {
  const [first] = Object.entries(metrics ?? {});
  return first ? `${first[0]} ${first[1].toFixed(2)}` : 'no result';
}

function machine(): Results['machine'] {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
    cores: cpus().length,
    node: process.versions.node,
    os: `${platform()} ${release()}`,
  };
}

function versions(): Record<string, string> {
  return Object.fromEntries(
    ['@colyseus/core', '@colyseus/schema', 'ws', 'socket.io'].map((name) => {
      const manifest = JSON.parse(
        readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8'),
      ) as { version: string };
      return [name, manifest.version];
    }),
  );
}
