/** The kit with mocha, in a process of its own. That it ends by itself shows that nothing is left open. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('a game is tested with mocha, and the process ends by itself', async () => {
  const mocha = join(dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'bin/mocha.js');
  const spec = join(import.meta.dirname, 'mocha/game.spec.mjs');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [mocha, '--timeout', '20000', '--reporter', 'json', spec],
    {
      timeout: 25_000,
    },
  );
  const { stats } = JSON.parse(stdout.slice(stdout.indexOf('{\n'))) as { stats: { passes: number; failures: number } };
  expect(stats).toMatchObject({ passes: 1, failures: 0 });
});
