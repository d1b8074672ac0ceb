/** The example game as three players use it, in a real browser. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChromium, launch } from '../support/browser.ts';
import { until } from '../support/until.ts';
import type { GameDebug } from '../../example-game/src/web/game/debug.ts';

const root = resolve(import.meta.dirname, '../..');
// Pictures for the README are renewed on demand only, so that a test run leaves the work tree clean.
const pictures = join(root, process.env['UPDATE_PICTURES'] === '1' ? 'docs/images' : 'test-results/pictures');
const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

const executable = findChromium();
if (executable === undefined) {
  console.log('Browser tests: skipped, no Chromium found (PATH, CHROMIUM_PATH).');
}

const inBrowser = (ask: (game: GameDebug) => unknown): string => `(${ask.toString()})(window.__game)`;

/** The bytes of a delta, in hex, with the 16 characters of each connection id left out. */
function withoutId(bytes: string | undefined): string | undefined {
  const key = Buffer.from('connectionId').toString('hex');
  return bytes?.replaceAll(new RegExp(`(${key}b0)[0-9a-f]{32}`, 'g'), '$1');
}

describe.skipIf(executable === undefined)('the example game in Chromium', () => {
  let server: ChildProcess;
  let browser: Browser;
  let url: string;

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    let output = '';
    server = spawn(process.execPath, ['src/server/main.ts'], {
      cwd: join(root, 'example-game'),
      env: { ...process.env, PORT: '0' },
    });
    server.stdout?.on('data', (data: Buffer) => {
      output += data.toString();
    });
    server.stderr?.on('data', (data: Buffer) => {
      output += data.toString();
    });
    [browser, url] = await Promise.all([
      launch(executable!),
      until(() => /running: (\S+)/.exec(output)?.[1], `the example to start: ${output}`, 20_000),
    ]);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    server?.kill();
  });

  async function enter(name: string, size = DESKTOP): Promise<Page> {
    const context = await browser.newContext({ viewport: size, reducedMotion: 'reduce' });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    await page.goto(url);
    await page.getByTestId('name-input').fill(name);
    await page.getByTestId('name-submit').click();
    await page.getByTestId('play').waitFor();
    return page;
  }

  async function befriend(page: Page, name: string): Promise<void> {
    await page.getByTestId('friend-input').fill(name);
    await page.getByTestId('friend-add').click();
    await page.getByTestId(`friend-${name.toLowerCase()}`).waitFor();
  }

  async function friendIs(page: Page, userId: string, general: string): Promise<void> {
    await page.locator(`[data-testid="friend-${userId}"][data-general="${general}"]`).waitFor();
  }

  /** Every `presence:delta` frame the page receives, as hex. */
  function recordDeltas(page: Page): string[] {
    const deltas: string[] = [];
    page.on('websocket', (socket) => {
      socket.on('framereceived', ({ payload }) => {
        const bytes = Buffer.from(payload);
        if (bytes.includes('presence:delta')) {
          deltas.push(bytes.toString('hex'));
        }
      });
    });
    return deltas;
  }

  test('a friend is seen playing, joined with one click, and both see each other move', async () => {
    const [ann, bob] = await Promise.all([enter('Ann'), enter('Bob')]);
    await befriend(ann, 'Bob');
    await befriend(ann, 'Zoe');
    await friendIs(ann, 'bob', 'online');
    await friendIs(ann, 'zoe', 'unlogined');
    await expect.poll(() => ann.getByTestId('friend-bob-status').textContent()).toContain('In lobby');

    await bob.getByTestId('play').click();
    await bob.getByTestId('in-match').waitFor();
    await expect.poll(() => ann.getByTestId('friend-bob-status').textContent()).toContain('Playing');
    await ann.getByTestId('friend-bob-join').waitFor();
    await ann.screenshot({ path: join(pictures, 'lobby.png') });
    await ann.setViewportSize(PHONE);
    await ann.screenshot({ path: join(pictures, 'lobby-phone.png') });
    await ann.setViewportSize(DESKTOP);

    await ann.getByTestId('friend-bob-join').click();
    await ann.getByTestId('in-match').waitFor();
    const rooms = await Promise.all(
      [ann, bob].map((page) => page.getByTestId('in-match').getAttribute('data-room-id')),
    );
    expect(rooms[0]).toBeTruthy();
    expect(rooms[0]).toBe(rooms[1]);

    const seenBy = async (page: Page, userId: string): Promise<{ x: number; y: number } | undefined> => {
      const players = await page.evaluate<ReturnType<GameDebug['players']>>(inBrowser((game) => game.players()));
      return players.find((player) => player.userId === userId && !player.bot);
    };
    for (const [mover, watcher, userId] of [
      [ann, bob, 'ann'],
      [bob, ann, 'bob'],
    ] as const) {
      const before = await until(() => seenBy(watcher, userId), `${userId} to be seen`);
      await mover.bringToFront();
      await mover.keyboard.down('ArrowUp');
      await until(
        async () => {
          const now = await seenBy(watcher, userId);
          return now !== undefined && Math.hypot(now.x - before.x, now.y - before.y) > 40;
        },
        `${userId} to be seen moving`,
        10_000,
      );
      await mover.keyboard.up('ArrowUp');
    }
    await ann.screenshot({ path: join(pictures, 'match.png') });
    await bob.setViewportSize(PHONE);
    await bob.screenshot({ path: join(pictures, 'match-phone.png') });
    await Promise.all([ann, bob].map((page) => page.context().close()));
  }, 90_000);

  test('a friend who goes invisible looks, to the byte, like one who left', async () => {
    const cid = await browser.newContext({ viewport: DESKTOP }).then((context) => context.newPage());
    const deltas = recordDeltas(cid);
    cid.setDefaultTimeout(20_000);
    await cid.goto(url);
    await cid.getByTestId('name-input').fill('Cid');
    await cid.getByTestId('name-submit').click();
    await cid.getByTestId('play').waitFor();
    const dan = await enter('Dan');
    await befriend(cid, 'Dan');
    await friendIs(cid, 'dan', 'online');

    const row = (): Promise<string> =>
      cid.getByTestId('friend-dan').evaluate((element) => {
        element.classList.remove('arrived');
        return element.outerHTML;
      });
    const vanish = async (how: () => Promise<void>): Promise<{ html: string; bytes: string | undefined }> => {
      const from = deltas.length;
      await how();
      await friendIs(cid, 'dan', 'offline');
      await until(() => deltas.length > from, 'a delta');
      return { html: await row(), bytes: deltas[from] };
    };

    const invisible = await vanish(() => dan.getByTestId('offline-toggle').check());
    await dan.getByTestId('offline-toggle').uncheck();
    await friendIs(cid, 'dan', 'online');
    const left = await vanish(() => dan.context().close());

    expect(left.html).toBe(invisible.html);
    // Whoever was invisible is shown again under another id, of the same length.
    expect(withoutId(left.bytes)).toBe(withoutId(invisible.bytes));
    expect(left.bytes).not.toBe(invisible.bytes);
  }, 90_000);
});
