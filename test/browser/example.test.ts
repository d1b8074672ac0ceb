/** The example game as three players use it, in a real browser. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChromium, launch } from '../support/browser.ts';
import type { Access } from '../../example-game/src/shared/access.ts';
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
      env: { ...process.env, PORT: '0', FRIENDS_FILE: ':memory:' },
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

  async function picture(page: Page, name: string): Promise<void> {
    // The canvas is drawn anew after the size of the window has changed.
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    await page.screenshot({ path: join(pictures, name), style: '.toasts { display: none; }' });
  }

  async function ask(page: Page, name: string): Promise<void> {
    await page.getByTestId('friend-input').fill(name);
    await page.getByTestId('friend-add').click();
    await page.getByTestId(`person-${name.toLowerCase()}`).waitFor();
  }

  /** A request without a page, straight to the API. */
  async function askFromAfar(from: string, to: string): Promise<void> {
    const post = async (path: string, name: string, token = ''): Promise<{ token?: string }> => {
      const headers = { 'content-type': 'application/json', authorization: token };
      const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify({ name }) });
      return (await response.json()) as { token?: string };
    };
    const { token } = await post('/auth/name', from);
    await post('/friends/ask', to, token);
  }

  /** `from` asks, `to` accepts. */
  async function befriend(from: Page, fromName: string, to: Page, toName: string): Promise<void> {
    await ask(from, toName);
    await to.getByTestId(`person-${fromName.toLowerCase()}-accept`).click();
    await Promise.all([friendIs(from, toName.toLowerCase(), 'online'), friendIs(to, fromName.toLowerCase(), 'online')]);
  }

  async function play(page: Page, access: Access): Promise<void> {
    await page.getByTestId(`access-${access}`).click();
    await page.getByTestId('play').click();
    await page.getByTestId('in-match').waitFor();
  }

  /** In a match the friends are behind a button. */
  async function openFriends(page: Page): Promise<void> {
    await page.getByTestId('friends-toggle').click();
  }

  /** The match that all of these are in. */
  async function sameMatch(...pages: Page[]): Promise<string | null> {
    const rooms = await Promise.all(pages.map((page) => page.getByTestId('in-match').getAttribute('data-room-id')));
    expect(new Set(rooms).size).toBe(1);
    await Promise.all(
      pages.map((page) => page.locator(`[data-testid="in-match"][data-players="${pages.length}"]`).waitFor()),
    );
    return rooms[0] ?? null;
  }

  async function backToLobby(...pages: Page[]): Promise<void> {
    for (const page of pages) {
      await page.getByTestId('leave-match').click();
      await page.getByTestId('play').waitFor();
    }
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
    await befriend(ann, 'Ann', bob, 'Bob');
    await ask(ann, 'Zoe');
    await askFromAfar('Mia', 'Ann');
    await ann.getByTestId('person-mia-accept').waitFor();
    await expect.poll(() => ann.getByTestId('friend-bob-status').textContent()).toContain('In lobby');

    await bob.getByTestId('play').click();
    await bob.getByTestId('in-match').waitFor();
    await expect.poll(() => ann.getByTestId('friend-bob-status').textContent()).toContain('Playing');
    await ann.getByTestId('friend-bob-join').waitFor();
    await picture(ann, 'lobby.png');
    await ann.setViewportSize(PHONE);
    await picture(ann, 'lobby-phone.png');
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
    await picture(ann, 'match.png');
    await bob.setViewportSize(PHONE);
    await picture(bob, 'match-phone.png');
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
    await befriend(cid, 'Cid', dan, 'Dan');

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

  test('three friends: invited, asked for and let in, in a party; and one who blocks', async () => {
    const [eve, flo, sam] = await Promise.all([enter('Eve'), enter('Flo'), enter('Sam')]);
    await befriend(eve, 'Eve', flo, 'Flo');
    await befriend(sam, 'Sam', eve, 'Eve');

    // Nobody but who is invited comes in. Sam has to ask.
    await play(eve, 'invite');
    await openFriends(eve);
    await eve.getByTestId('friend-flo-invite').click();
    await flo.getByTestId('invite').waitFor();
    await picture(flo, 'invite.png');
    await flo.getByTestId('invite-accept').click();
    await sameMatch(eve, flo);

    await expect.poll(() => sam.getByTestId('friend-eve-join').isVisible()).toBe(false);
    await sam.getByTestId('friend-eve-ask').click();
    await eve.getByTestId('invite-decline').click();
    await sam.getByText('Your friend does not want company right now.').waitFor();
    await sam.getByTestId('friend-eve-ask').click();
    await eve.getByTestId('invite-accept').click();
    await sam.getByTestId('in-match').waitFor();
    await sameMatch(eve, flo, sam);
    await backToLobby(flo, sam, eve);
    await Promise.all([friendIs(eve, 'flo', 'online'), friendIs(sam, 'eve', 'online')]);
    await expect.poll(() => sam.getByTestId('friend-eve-status').textContent()).toContain('In lobby');

    // The leader plays, and the party is with it.
    await eve.getByTestId('friend-sam-menu').click();
    await eve.getByTestId('friend-sam-party').click();
    await sam.getByTestId('invite-accept').click();
    await eve.locator('[data-testid="party"][data-size="2"]').waitFor();
    await picture(eve, 'party.png');
    await play(eve, 'friends');
    await sam.getByTestId('in-match').waitFor();
    await sameMatch(eve, sam);

    // A friend joins what no list shows.
    expect(await flo.getByTestId('match-list').textContent()).not.toContain('Eve');
    await flo.getByTestId('friend-eve-join').click();
    await flo.getByTestId('in-match').waitFor();
    await sameMatch(eve, sam, flo);
    await backToLobby(eve, sam, flo);
    await sam.locator('[data-testid="party"][data-size="2"]').waitFor();

    // To who is blocked it looks as if the other had left.
    await eve.getByTestId('friend-flo-menu').click();
    await eve.getByTestId('friend-flo-block').click();
    await friendIs(flo, 'eve', 'offline');
    await eve.getByTestId('friend-flo').waitFor({ state: 'detached' });
    await eve.getByTestId('blocked').waitFor();
    await Promise.all([eve, flo, sam].map((page) => page.context().close()));
  }, 90_000);
});
