/** The lock file has the packages of every platform, and the check for that notices what is missing. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'presence-lock-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

type Lock = { packages: Record<string, { version?: string; integrity?: string }> };

/** The exit code of the check and what it complains about, after a change of the lock. */
function check(change: (lock: Lock) => void): { status: number | null; stderr: string } {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lock;
  change(lock);
  const file = join(folder, 'package-lock.json');
  writeFileSync(file, JSON.stringify(lock));
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'scripts/check-lock.mjs'), file], {
    encoding: 'utf8',
  });
  return { status, stderr };
}

test('the lock is complete for every platform', () => {
  expect(check(() => undefined)).toEqual({ status: 0, stderr: '' });
});

const WINDOWS = 'node_modules/@oxlint/binding-win32-x64-msvc';

test.each<[string, (lock: Lock) => void, RegExp]>([
  [
    'left out',
    ({ packages }) => delete packages[WINDOWS],
    /oxlint names @oxlint\/binding-win32-x64-msvc@.*not in the lock/,
  ],
  ['without integrity', ({ packages }) => delete packages[WINDOWS]?.integrity, /no integrity/],
  [
    'of another version',
    ({ packages }) => Object.assign(packages[WINDOWS]!, { version: '0.0.1' }),
    /the lock has 0\.0\.1/,
  ],
])('a platform package %s is noticed', (_, change, complaint) => {
  const { status, stderr } = check(change);
  expect(status).toBe(1);
  expect(stderr).toMatch(complaint);
});
