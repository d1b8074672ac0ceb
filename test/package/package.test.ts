/** What npm would publish, installed in an empty project, running the README's own code. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../support/server.ts';
import { until } from '../support/until.ts';

const root = resolve(import.meta.dirname, '../..');
const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  devDependencies: Record<string, string>;
};
const project = mkdtempSync(join(tmpdir(), 'presence-package-'));
const children: ChildProcess[] = [];

/** A code block of the README by the file name behind its language. */
function readme(file: string, port: number): string {
  const block = new RegExp(`\`\`\`ts ${file.replace('.', '\\.')}\n([\\s\\S]*?)\`\`\``).exec(
    readFileSync(join(root, 'README.md'), 'utf8'),
  );
  if (block?.[1] === undefined) {
    throw new Error(`The README has no block for ${file}.`);
  }
  return block[1].replaceAll('2567', String(port));
}

function start(file: string): { output: () => string } {
  const child = spawn(process.execPath, [file], { cwd: project, env: { ...process.env, NODE_ENV: 'production' } });
  children.push(child);
  let output = '';
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    output += data.toString();
  });
  return { output: () => output };
}

function answers(at: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${at}/`).then(
    () => true,
    () => false,
  );
}

let port: number;

beforeAll(async () => {
  port = await freePort();
  const env = { ...process.env, npm_config_update_notifier: 'false' };
  const tarball = execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', project], {
    cwd: root,
    env,
  })
    .toString()
    .trim();
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
  const peers = [
    '@colyseus/core',
    '@colyseus/schema',
    '@colyseus/ws-transport',
    '@colyseus/sdk',
    'typescript',
    '@types/node',
    'express',
    'zod',
  ].map((name) => `${name}@${devDependencies[name]}`);
  execFileSync(
    'npm',
    ['install', '--silent', '--prefer-offline', '--no-audit', '--no-fund', `./${tarball}`, ...peers],
    { cwd: project, env, stdio: 'pipe' },
  );
  writeFileSync(join(project, 'server.ts'), readme('server.ts', port));
  writeFileSync(join(project, 'client.ts'), readme('client.ts', port));
  writeFileSync(
    join(project, 'bob.ts'),
    readme('client.ts', port).replace("token = 'ann'", "token = 'bob'").replace('In the lobby', 'Here I am'),
  );
}, 180_000);

afterAll(() => {
  for (const child of children) {
    child.kill('SIGKILL');
  }
  rmSync(project, { recursive: true, force: true });
});

test('the published files are the build, its sources, what other engines need and the documents, and nothing else', () => {
  const files = readdirSync(join(project, 'node_modules', 'colyseus-presence'));
  expect(files.toSorted()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'engines', 'package.json', 'src']);
});

test('the package brings no dependency of its own', () => {
  const { dependencies } = JSON.parse(
    readFileSync(join(project, 'node_modules', 'colyseus-presence', 'package.json'), 'utf8'),
  ) as { dependencies?: unknown };
  expect(dependencies).toBeUndefined();
});

test('the quick start of the README has under 20 lines of code', () => {
  const lines = (readme('server.ts', 1) + readme('client.ts', 1))
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.trim().startsWith('//'));
  expect(lines.length).toBeLessThan(20);
});

test("the README's code passes the type checker against the published types", () => {
  const args = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--skipLibCheck',
    '--types',
    'node',
    'server.ts',
    'client.ts',
  ];
  expect(() => {
    try {
      execFileSync(join(project, 'node_modules', '.bin', 'tsc'), args, { cwd: project, stdio: 'pipe' });
    } catch (error) {
      throw new Error((error as { stdout: Buffer }).stdout.toString(), { cause: error });
    }
  }).not.toThrow();
});

test("the README's server and client run, and the friend shows up in the list", async () => {
  const server = start('server.ts');
  await until(() => answers(port), 'the server to listen', 20_000).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${server.output()}`);
  });
  const ann = start('client.ts');
  await until(() => /bob.*unlogined/.test(ann.output()), 'bob to be listed as unlogined', 15_000);
  start('bob.ts');
  await until(() => /bob.*online.*Here I am/.test(ann.output()), 'bob to be listed as online', 15_000);
}, 60_000);

test('the package loads with import and with require, and the client without any server code', () => {
  const check = `
    const server = require('colyseus-presence');
    const client = require('colyseus-presence/client');
    import('colyseus-presence').then((imported) => {
      if (imported.PresenceRoom !== server.PresenceRoom) { throw new Error('two copies'); }
      if (Object.getPrototypeOf(server.PresenceRoom) !== require('@colyseus/core').Room) { throw new Error('another core'); }
      if (typeof client.PresenceClient !== 'function') { throw new Error('no client'); }
      console.log('ok');
    });`;
  writeFileSync(join(project, 'load.cjs'), check);
  expect(execFileSync(process.execPath, ['load.cjs'], { cwd: project }).toString()).toContain('ok');
});
