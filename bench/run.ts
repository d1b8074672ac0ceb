/**
 * `npm run bench`: measures the plugin and what could be used instead.
 * Exits with 1 when a check failed (not when a target is missed), with 2 when it
 * could not run.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { type Arguments, parseArguments, USAGE } from './arguments.ts';
import { catalog } from './catalog.ts';
import { renderMarkdown } from './report/table.ts';
import { renderSvg } from './report/svg.ts';
import { runAll } from './runner.ts';
import type { Scenario } from './scenarios.ts';
import { SYSTEM_NAMES } from './systems.ts';

/** Sockets of the largest crowd, with room for everything else a process opens. */
const FILES_NEEDED = { quick: 2000, full: 8500 };

const say = (text: string) => process.stderr.write(text);

async function main(argv: string[]): Promise<number> {
  if (argv.includes('--help')) {
    say(`${USAGE}\n`);
    return 0;
  }
  const names = catalog(false).map(({ name }) => name);
  const args = parseArguments(argv, names);
  requireOpenFiles(args.quick ? FILES_NEEDED.quick : FILES_NEEDED.full);

  const results = await runAll(choose(catalog(args.quick), args), args, say);
  const directory = new URL('./results/', import.meta.url);
  const markdown = renderMarkdown(results);
  mkdirSync(directory, { recursive: true });
  writeFileSync(new URL('latest.json', directory), `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(new URL('latest.md', directory), markdown);
  writeFileSync(new URL('latest.svg', directory), renderSvg(results));
  process.stdout.write(`\n${markdown}\nWritten: bench/results/latest.json, latest.md, latest.svg\n`);
  return results.scenarios.some(({ cases }) => cases.some(({ problems }) => problems.length > 0)) ? 1 : 0;
}

/** What remains after the filters. */
function choose(scenarios: Scenario[], { quick, only, systems, cluster }: Arguments): Scenario[] {
  return scenarios
    .filter(({ name }) => (only ? only.includes(name) : name !== 'cluster' || cluster))
    .map((scenario) => {
      const wanted = systems ?? (quick ? scenario.quickly : SYSTEM_NAMES);
      return { ...scenario, cases: scenario.cases.filter(({ system }) => wanted.includes(system)) };
    })
    .filter(({ cases }) => cases.length > 0);
}

function requireOpenFiles(needed: number): void {
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } };
  const limit = Number(report.userLimits?.open_files?.soft ?? Infinity);
  if (limit < needed) {
    throw new Error(
      `The largest crowd needs ${needed} open files in one process, but the limit is ${limit}. Run "ulimit -n ${needed}" first.`,
    );
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  say(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
