/** `npm start` and `npm run start:cluster`: when npm is ended, the servers it has started end. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const redis = await startRedis({ own: true });

// Both processes of a cluster open it.
const data = mkdtempSync(join(tmpdir(), 'orbit-rush-'));
afterAll(() => rmSync(data, { recursive: true }));

let npm: ChildProcess | undefined;
afterEach(() => {
  try {
    // The group: what npm has left running, too.
    process.kill(-npm!.pid!, 'SIGKILL');
  } catch {
    // Nothing is left.
  }
});

/** Resolves with the addresses of its servers. The build before it is left out: `npm test` has built. */
async function start(script: string): Promise<string[]> {
  npm = spawn('npm', ['run', '--silent', '--ignore-scripts', script], {
    cwd: ROOT,
    detached: true,
    env: {
      ...process.env,
      PORT: '0',
      FRIENDS_FILE: join(data, 'friends.sqlite'),
      ...(redis !== null && { REDIS_URL: redis.url }),
    },
  });
  let output = '';
  for (const stream of [npm.stdout, npm.stderr]) {
    stream?.on('data', (data: Buffer) => {
      output += data.toString();
    });
  }
  const line = await until(() => /is running: (.+)\n/.exec(output)?.[1], 'the example to start', 20_000).catch(
    (error: unknown) => {
      throw new Error(`${String(error)}\n${output}`);
    },
  );
  return line.split(/\s+/);
}

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    () => true,
    () => false,
  );

describe.each(['start', 'start:cluster'])('npm run %s', (script) => {
  test
    .skipIf(process.platform === 'win32' || (script === 'start:cluster' && redis === null))
    .each(['SIGTERM', 'SIGKILL'] as const)(
    'ended by %s leaves no server running',
    async (signal) => {
      const urls = await start(script);
      expect(urls).toHaveLength(script === 'start' ? 1 : 2);
      await until(async () => !(await Promise.all(urls.map(answers))).includes(false), 'the servers to answer');
      npm?.kill(signal);
      await until(
        async () => (await Promise.all(urls.map(answers))).every((answered) => !answered),
        'the servers to end',
        15_000,
      );
    },
    40_000,
  );
});
