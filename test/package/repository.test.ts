/** What contributors and workflows are told to run exists. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const { scripts, version: current } = JSON.parse(read('package.json')) as {
  scripts: Record<string, string>;
  version: string;
};
const TOLD = ['CONTRIBUTING.md', ...globSync('.github/**/*.{yml,md}', { cwd: ROOT })];

test('every npm script that is named', () => {
  const named = TOLD.flatMap((path) => [...read(path).matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name));
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

test('every file that is named', () => {
  const named = TOLD.flatMap((path) =>
    [...read(path).matchAll(/\b(?:scripts|docs|docs-site|test|bench)\/[\w/-]+\.(?:mjs|md|ts|json)/g)].map(
      ([name]) => name,
    ),
  );
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((name) => !existsSync(join(ROOT, name)))).toEqual([]);
});

test('a changeset raises the version and reaches the changelog', () => {
  const folder = mkdtempSync(join(tmpdir(), 'presence-release-'));
  try {
    for (const path of [
      'package.json',
      'package-lock.json',
      'example-game/package.json',
      '.changeset',
      'CHANGELOG.md',
    ]) {
      cpSync(join(ROOT, path), join(folder, path), { recursive: true });
    }
    execFileSync('git', ['init', '--quiet', folder]);
    writeFileSync(
      join(folder, '.changeset/a.md'),
      '---\n"colyseus-presence": minor\n---\n\nFriends can be waved at.\n',
    );
    execFileSync(process.execPath, [join(ROOT, 'node_modules/@changesets/cli/bin.js'), 'version'], {
      cwd: folder,
      stdio: 'pipe',
    });
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    expect(version).not.toBe(current);
    const changelog = readFileSync(join(folder, 'CHANGELOG.md'), 'utf8');
    expect(changelog).toMatch(
      new RegExp(`^# Changelog\\s+## ${version.replaceAll('.', '\\.')}\\s+###[^#]+Friends can be waved at`),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
