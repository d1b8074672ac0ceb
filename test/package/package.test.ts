/** What npm would publish, installed in the project that `npm init -y` makes, running the README's own code. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findChromium, launch } from '../support/browser.ts';
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

function start(file: string): { output: () => string; end: () => void } {
  const child = spawn(process.execPath, [file], { cwd: project, env: { ...process.env, NODE_ENV: 'production' } });
  children.push(child);
  let output = '';
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    output += data.toString();
  });
  return { output: () => output, end: () => void child.kill('SIGKILL') };
}

function answers(at: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${at}/`).then(
    () => true,
    () => false,
  );
}

let port: number;
let tarball: string;
let pages: Server | undefined;

beforeAll(async () => {
  port = await freePort();
  const env = { ...process.env, npm_config_update_notifier: 'false' };
  tarball = execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', project], {
    cwd: root,
    env,
  })
    .toString()
    .trim();
  execFileSync('npm', ['init', '-y'], { cwd: project, env, stdio: 'pipe' });
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
  writeFileSync(join(project, 'server.mts'), readme('server.mts', port));
  writeFileSync(join(project, 'client.mts'), readme('client.mts', port));
  writeFileSync(
    join(project, 'bob.mts'),
    readme('client.mts', port)
      .replace("token = 'ann'", "token = 'bob'")
      .replace("['bob']", "['ann']")
      .replace('In the lobby', 'Here I am'),
  );
}, 180_000);

afterAll(() => {
  for (const child of children) {
    child.kill('SIGKILL');
  }
  pages?.close();
  rmSync(project, { recursive: true, force: true });
});

test('the published files are the build, its sources, what other engines need and the documents, and nothing else', () => {
  const files = readdirSync(join(project, 'node_modules', 'colyseus-presence'));
  expect(files.toSorted()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'dist',
    'docs',
    'engines',
    'package.json',
    'src',
  ]);
});

test('the package brings no dependency of its own', () => {
  const { dependencies } = JSON.parse(
    readFileSync(join(project, 'node_modules', 'colyseus-presence', 'package.json'), 'utf8'),
  ) as { dependencies?: unknown };
  expect(dependencies).toBeUndefined();
});

test('what the README and the changelog link to, pictures included, is in the package', () => {
  const installed = join(project, 'node_modules', 'colyseus-presence');
  const links = ['README.md', 'CHANGELOG.md'].flatMap((file) =>
    [...readFileSync(join(installed, file), 'utf8').matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map(([, link = '']) => link),
  );
  expect(links.length).toBeGreaterThan(15);
  expect(links.filter((link) => !link.startsWith('https:') && !existsSync(join(installed, link)))).toEqual([]);
});

test('publint and attw find no fault in it', () => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'scripts/check-package.mjs'), join(project, tarball)],
    { cwd: root, encoding: 'utf8' },
  );
  expect(stdout + stderr).toBe('0 problems\n');
});

test('npm publish would take it as it is', () => {
  const { status, stderr } = spawnSync('npm', ['publish', '--dry-run', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
  });
  const warnings = stderr.split('\n').filter((line) => /^npm (?:warn|error)/.test(line));
  // Nobody is logged in where tests run.
  expect(warnings.filter((line) => !line.includes('requires you to be logged in'))).toEqual([]);
  expect(status).toBe(0);
});

test('the quick start of the README has under 20 lines of code', () => {
  const lines = (readme('server.mts', 1) + readme('client.mts', 1))
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
    'server.mts',
    'client.mts',
  ];
  expect(() => {
    try {
      execFileSync(join(project, 'node_modules', '.bin', 'tsc'), args, { cwd: project, stdio: 'pipe' });
    } catch (error) {
      throw new Error((error as { stdout: Buffer }).stdout.toString(), { cause: error });
    }
  }).not.toThrow();
});

test.skipIf(findChromium() === undefined)(
  "the README's client runs in two browsers, which see each other",
  async () => {
    const server = start('server.mts');
    await until(() => answers(port), 'the server to listen', 20_000).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${server.output()}`);
    });
    const scripts = new Map<string, string>();
    for (const who of ['client', 'bob']) {
      const bundle = await rolldown({ input: join(project, `${who}.mts`), cwd: project, platform: 'browser' });
      scripts.set(`/${who}.js`, (await bundle.generate()).output[0].code);
    }
    pages = createServer(({ url = '' }, response) => {
      const script = scripts.get(url);
      response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript');
      response.end(script ?? `<script type="module" src="${url}.js"></script>`);
    }).listen(0, '127.0.0.1');
    await until(() => pages?.listening, 'the pages to be served');
    const browser = await launch(findChromium()!);
    try {
      const seen: Record<string, string> = {};
      for (const who of ['client', 'bob']) {
        const page = await (await browser.newContext()).newPage();
        page.on('pageerror', ({ message }) => {
          seen[who] = message;
        });
        page.on('console', (message) => {
          void message
            .args()[0]
            ?.jsonValue()
            .then((rows: unknown) => {
              seen[who] = JSON.stringify(rows);
            });
        });
        await page.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}/${who}`);
      }
      await until(
        () =>
          /bob.*online.*Here I am/.test(seen['client'] ?? '') && /ann.*online.*In the lobby/.test(seen['bob'] ?? ''),
        'both to see each other',
      ).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${JSON.stringify(seen)}`);
      });
    } finally {
      await browser.close();
      server.end();
      await until(async () => !(await answers(port)), 'the server to end');
    }
  },
  60_000,
);

test("the README's server and client run, and the friend shows up in the list", async () => {
  const server = start('server.mts');
  await until(() => answers(port), 'the server to listen', 20_000).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${server.output()}`);
  });
  const ann = start('client.mts');
  await until(() => /bob.*unlogined/.test(ann.output()), 'bob to be listed as unlogined', 15_000);
  start('bob.mts');
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
