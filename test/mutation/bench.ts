/**
 * Runs tests against a copy of the source with one file changed. Forked by
 * `workshop.ts`, because a fault may loop for ever: then the process is ended.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createVitest } from 'vitest/node';

export interface Job {
  /** From the root of the copy. */
  file: string;
  source: string;
  /** One step after the other, until one fails: names as on the command line of vitest. */
  steps: string[][];
}

/** Whether some test failed, and which was the first. */
export type Verdict = { killedBy: string } | { survived: true };

const vitest = await createVitest('test', {
  root: process.cwd(),
  watch: false,
  reporters: [{}],
  pool: 'threads',
  maxWorkers: 1,
  // One worker for all files: a new one for each would take most of the time.
  isolate: false,
});

async function judge({ file, source, steps }: Job): Promise<Verdict> {
  const path = resolve(file);
  const original = readFileSync(path, 'utf8');
  const change = (text: string): void => {
    writeFileSync(path, text);
    vitest.invalidateFile(path);
  };
  change(source);
  try {
    for (const step of steps) {
      const specifications = await vitest.globTestSpecifications(step);
      vitest.state.clearErrors();
      const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications);
      // It lists the modules of all earlier runs, too.
      const now = new Set(specifications.map(({ moduleId }) => moduleId));
      const failed = testModules.find((one) => now.has(one.moduleId) && !one.ok());
      if (failed !== undefined || unhandledErrors.length > 0) {
        const test = failed === undefined ? undefined : [...failed.children.allTests('failed')][0];
        return { killedBy: test?.fullName ?? failed?.relativeModuleId ?? 'an unhandled error' };
      }
    }
    return { survived: true };
  } finally {
    change(original);
  }
}

process.on('message', (job: Job) => {
  void judge(job).then((verdict) => process.send!(verdict));
});
process.on('disconnect', () => process.exit());
process.send!('ready');
