/** The monitor in a real browser, over two real processes: what it tells when one is killed, and when Redis goes. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChromium, launch } from '../support/browser.ts';
import type { Person } from '../support/person.ts';
import { startCluster, type TestCluster } from '../support/processes.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const root = resolve(import.meta.dirname, '../..');
const pictures = join(root, process.env['UPDATE_PICTURES'] === '1' ? 'docs/images' : 'test-results/pictures');
const DESKTOP = { width: 1200, height: 1100 };
const PHONE = { width: 390, height: 844 };
const PER_PROCESS = 100;
const MARKUP = '<img src=x onerror="document.title=1">';

const executable = findChromium();
const redis = executable === undefined ? null : await startRedis({ own: true });

describe.skipIf(executable === undefined || redis === null)('the monitor in Chromium', () => {
  let cluster: TestCluster;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];
  const people = new Map<string, Person>();

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    [browser, cluster] = await Promise.all([
      launch(executable!),
      startCluster(
        redis!,
        ['a', 'b'],
        { cluster: { heartbeatMs: 500, leaseMs: 3000 }, maxClients: 500, graceSeconds: 0 },
        true,
      ),
    ]);
    for (const name of ['a', 'b']) {
      const ids = Array.from({ length: PER_PROCESS }, (_, i) => `${name}-${i}`);
      for (let i = 0; i < ids.length; i += 20) {
        await Promise.all(
          ids.slice(i, i + 20).map(async (id) => {
            people.set(id, await cluster.person(cluster.get(name), id, { status: 'in the lobby' }));
          }),
        );
      }
    }
    page = await open('light', DESKTOP);
  }, 90_000);

  afterAll(async () => {
    await browser?.close();
    await cluster?.kill();
  });

  async function open(colorScheme: 'light' | 'dark', viewport: typeof DESKTOP): Promise<Page> {
    const context = await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce' });
    const opened = await context.newPage();
    opened.setDefaultTimeout(15_000);
    opened.on('console', (message) => {
      // An id of 10 KB is refused.
      if (message.type() === 'error' && !message.text().includes('status of 400')) {
        problems.push(message.text());
      }
    });
    opened.on('pageerror', (error) => problems.push(String(error)));
    await opened.goto(`${cluster.get('a').url}/presence`);
    await opened.getByTestId('card-online').waitFor();
    return opened;
  }

  const poll = <T>(read: () => T | Promise<T>) => expect.poll(read, { timeout: 15_000 });
  const card = (name: string, at = page): Promise<string | null> => at.getByTestId(`card-${name}`).textContent();
  const kinds = (): Promise<string[]> =>
    page
      .getByTestId('happenings')
      .locator('li[data-kind]')
      .evaluateAll((items) => items.map((item) => item.getAttribute('data-kind') ?? '').toReversed());

  async function look(id: string, viewer = ''): Promise<void> {
    await page.getByTestId('search-id').fill(id);
    await page.getByTestId('search-viewer').fill(viewer);
    await page.getByTestId('search-viewer').press('Enter');
  }

  test('shows both processes and their 200 players, updates and refusals', async () => {
    await poll(() => card('online')).toBe('200');
    await poll(() => page.getByTestId('process').count()).toBe(2);
    await poll(() => page.getByTestId('state').textContent()).toBe('All well: 2 processes.');
    const star = people.get('b-0')!;
    for (let i = 1; i < 30; i++) {
      await people.get(`a-${i}`)!.follow(['b-0', MARKUP]);
    }
    await expect(star.ask('presence:join', { userId: 'nobody' })).rejects.toThrow();
    for (let i = 0; i < 10; i++) {
      await star.setStatus(`playing ${i}`);
    }
    await poll(() => page.getByTestId('followed').textContent()).toContain('b-0');
    await poll(() => page.getByTestId('followed').textContent()).toContain(MARKUP);
    await poll(() => page.getByTestId('refused').textContent()).toContain('not_visible');
    expect(await page.title()).toBe('Presence monitor');
  }, 30_000);

  test('answers why somebody is not seen, and blocks and disconnects', async () => {
    page.on('dialog', (dialog) => void dialog.accept());
    await look('b-0', 'a-1');
    await poll(() => page.getByTestId('reason').textContent()).toBe('visible');
    expect(await page.getByTestId('connection').textContent()).toMatch(/playing 9 in presence-b .* on .*follows 0/);
    await page.getByRole('button', { name: 'Hide from viewer' }).click();
    await poll(() => page.getByTestId('result').textContent()).toBe('Done: 1 connections, 2 processes.');
    await look('b-0', 'a-1');
    await poll(() => page.getByTestId('reason').textContent()).toBe('blocked');
    await look('b-99');
    await poll(() => page.getByTestId('user-general').textContent()).toBe('online');
    await page.getByTestId('new-status').fill('<b>moved</b>');
    await page.getByRole('button', { name: 'Set status' }).click();
    await look('b-99');
    await poll(() => page.getByTestId('connection').textContent()).toContain('<b>moved</b>');
    await page.getByRole('button', { name: 'Disconnect' }).click();
    await poll(() => people.get('b-99')!.room.connection.isOpen).toBe(false);
    await poll(() => card('online')).toBe('199');
    await look('x'.repeat(10_240));
    await poll(() => page.getByTestId('user').textContent()).toMatch(/user id has to be/);
    await look(MARKUP, MARKUP);
    await poll(() => page.getByTestId('user').textContent()).toContain(MARKUP);
    expect(await kinds()).toEqual(['action', 'action', 'action']);
    expect(await page.title()).toBe('Presence monitor');
    await look('b-0', 'a-1');
    await poll(() => page.getByTestId('reason').textContent()).toBe('blocked');
  }, 30_000);

  test.each([
    ['light', DESKTOP, 'monitor'],
    ['dark', DESKTOP, 'monitor-dark'],
    ['light', PHONE, 'monitor-phone'],
    ['dark', PHONE, undefined],
  ] as const)(
    'fits in the %s theme on %o',
    async (theme, viewport, picture) => {
      const other = picture === 'monitor' ? page : await open(theme, viewport);
      await poll(() => card('connections', other)).toBe('199');
      const { width, background, ink, smallest } = await other.evaluate(() => ({
        width: document.documentElement.scrollWidth,
        background: getComputedStyle(document.body).backgroundColor,
        ink: getComputedStyle(document.body).color,
        smallest: Math.min(
          ...[...document.querySelectorAll('#search button')].map((one) => one.getBoundingClientRect().height),
        ),
      }));
      expect(width).toBeLessThanOrEqual(viewport.width);
      expect(smallest).toBeGreaterThanOrEqual(30);
      const lightness = (color: string): number => Math.max(...(color.match(/\d+/g) ?? []).slice(0, 3).map(Number));
      expect(lightness(background) > lightness(ink)).toBe(theme === 'light');
      if (picture !== undefined) {
        await other.screenshot({ path: join(pictures, `${picture}.png`) });
      }
      if (other !== page) {
        await other.context().close();
      }
    },
    30_000,
  );

  test('Redis gone while somebody looks: a clear state, and all is well when it is back', async () => {
    await cluster.redis.kill();
    await poll(() => page.getByTestId('state').textContent()).toMatch(/^Redis does not answer/);
    // What was last seen stays.
    expect(await card('online')).toBe('199');
    await poll(() => page.getByTestId('log').textContent()).toContain('[presence:store_unreachable]');
    await look('a-5');
    await poll(() => page.getByTestId('user').textContent()).toMatch(/not every process has answered/);
    await cluster.redis.restart();
    await poll(() => page.getByTestId('state').textContent()).toBe('All well: 2 processes.');
    const told = (await kinds()).filter((kind) => kind !== 'action');
    expect(told.slice(0, 2)).toEqual(['redis_down', 'process_silent']);
    expect(told.slice(2).toSorted()).toEqual(['process_answers', 'redis_up']);
  }, 60_000);

  test('a process is killed: it does not answer, then it is gone, then its users are, in this order', async () => {
    const before = (await kinds()).length;
    await cluster.get('b').end('SIGKILL');
    await until(async () => (await kinds()).includes('users_lost'), 'the users to be gone', 15_000);
    expect((await kinds()).slice(before)).toEqual(['process_silent', 'process_gone', 'users_lost']);
    const lines = await page.getByTestId('happenings').locator('li[data-kind]').allTextContents();
    expect(lines.slice(0, 3).toReversed()).toEqual([
      expect.stringMatching(/Process \S+ does not answer. Its 99 connections are shown as last seen.$/),
      expect.stringMatching(/Process \S+ is gone: its lease has ended, and its 99 connections with it.$/),
      expect.stringMatching(/99 users went offline at once: 199 before, 100 now.$/),
    ]);
    await poll(() => page.getByTestId('state').textContent()).toBe('All well: 1 process.');
    await poll(() => page.getByTestId('process').count()).toBe(1);
    expect(await card('online')).toBe('100');
    await page.screenshot({ path: join(pictures, 'monitor-crash.png') });
    // Nothing of the page was refused by its own policy, and nothing threw.
    expect(problems).toEqual([]);
  }, 40_000);
});
