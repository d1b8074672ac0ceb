/** The hooks on a page of a Vite dev server, in a real browser: a friend looks on, and must not see the page blink. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { definePlugins, Room } from '@colyseus/core';
import type { Browser, Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MatchPlugin } from '../../src/index.ts';
import { PresenceClient, type Delta } from '../../src/client/index.ts';
import { findChromium, launch } from '../support/browser.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

const root = resolve(import.meta.dirname, '../..');
const executable = findChromium();

class ArenaRoom extends Room {
  override plugins = definePlugins([new MatchPlugin()]);
}

describe.skipIf(executable === undefined)('React in Chromium', () => {
  let folder: string;
  let vite: ViteDevServer;
  let server: TestServer;
  let browser: Browser;
  let page: Page;
  let bob: PresenceClient;
  let deltas: Delta[];
  const problems: string[] = [];

  beforeAll(async () => {
    mkdirSync(join(root, 'test-results'), { recursive: true });
    folder = mkdtempSync(join(root, 'test-results/react-'));
    cpSync(join(import.meta.dirname, 'react-page'), folder, { recursive: true });
    [server, browser, vite] = await Promise.all([
      startServer({}, { arena: ArenaRoom }),
      launch(executable!),
      createServer({
        root: folder,
        configFile: false,
        logLevel: 'error',
        cacheDir: join(folder, '.vite'),
        resolve: { alias: { 'colyseus-presence/react': join(root, 'src/react/index.ts') } },
        optimizeDeps: { include: ['react', 'react-dom/client', '@colyseus/sdk'] },
        server: { host: '127.0.0.1', port: 0, fs: { allow: [root] } },
      }).then((made) => made.listen()),
    ]);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await vite?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    bob = await PresenceClient.join(server.client('bob'), 'presence', { status: 'hello' });
    deltas = [];
    bob.onDelta((delta) => deltas.push(delta));
    page = await browser.newPage();
    page.setDefaultTimeout(15_000);
    page.on('pageerror', (error) => problems.push(String(error)));
  });
  afterEach(async () => {
    await page.close();
    await bob.leave();
    expect(problems.splice(0)).toEqual([]);
  });

  async function open(user: string): Promise<void> {
    const at = vite.resolvedUrls!.local[0]!;
    await page.goto(`${at}?user=${user}&server=${encodeURIComponent(server.url)}`);
  }
  const says = (testId: string, words: string): Promise<void> =>
    page.locator(`[data-testid="${testId}"]`, { hasText: words }).waitFor();
  const run = <T>(code: string): Promise<T> => page.evaluate<T>(code);
  const shown = () => bob.getSnapshot()[0]!;
  const leaves = () => deltas.flatMap((delta) => delta.leaves);
  const enter = async (user: string): Promise<void> => {
    await bob.follow([user]);
    await open(user);
    await says('friend-bob', 'online hello');
    await until(() => shown().online, 'bob to see the page');
  };

  test('StrictMode mounts twice and joins once; friends, own status and invites are live', async () => {
    await enter('ann');
    expect(shown().connections.map(({ status }) => status)).toEqual(['In lobby']);
    expect(deltas.flatMap((delta) => delta.joins).length).toBe(1);
    expect(leaves()).toEqual([]);
    await says('phase', 'online');
    await says('mine', '"In lobby"');
    await says('count', '2');
    await says('friend-zoe', 'unlogined');

    await bob.setStatus('Playing');
    await says('friend-bob', 'online Playing');
    await page.getByTestId('go').click();
    await says('page', 'match');
    await run('window.setStatus({ in: "match" })');
    await says('mine', 'match');
    await until(() => shown().details?.['in'] === 'match', 'bob to see the status');

    const match = await server.client('bob').create('arena');
    await until(() => bob.me?.match !== undefined, 'the match of bob');
    await bob.invite('ann', { match });
    await says('invites', 'from bob');
    await match.leave();
  });

  test('code that is replaced while the page runs (HMR) and a reload: the friend sees nothing', async () => {
    await enter('cat');
    const id = await run<string>('window.connectionId');
    const file = join(folder, 'app.js');
    const code = readFileSync(file, 'utf8');
    try {
      writeFileSync(file, code.replace('version 1', 'version 2'));
      // Vite does not watch folders of this name.
      vite.watcher.emit('change', file);
      await says('version', 'version 2');
      await says('phase', 'online');
      await page.reload();
      await says('phase', 'online');
      await says('friend-bob', 'online hello');
    } finally {
      writeFileSync(file, code);
    }
    expect(await run('window.connectionId')).toBe(id);
    // What was said to bob before has arrived with it.
    await bob.getUserStatus(['cat']);
    expect(leaves()).toEqual([]);
    expect(shown().connections.map(({ connectionId }) => connectionId)).toEqual([id]);
  });

  test('whoever unmounts leaves at once, and is not resumed later', async () => {
    await enter('dan');
    await run('window.signOut()');
    await until(() => !shown().online, 'bob to see the page go');
    expect(shown().general).toBe('unlogined');
    expect(await run('sessionStorage.getItem("presence")')).toBeNull();
  });

  test('a join that fails is told', async () => {
    await open('');
    await says('phase', 'closed unauthenticated');
    expect(await run('window.setStatus("x").catch((error) => error.code)')).toBe('unauthenticated');
  });
});
