/** The monitor over HTTP, without express: who is let in, what it answers to nonsense, and what it does. */
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { presenceMonitor, type MonitorOptions } from '../../src/monitor/index.ts';
import type { StreamMessage } from '../../src/monitor/types.ts';
import { person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

let game: TestServer;
let http: Server | undefined;
beforeEach(async () => {
  game = await startServer();
});
afterEach(async () => {
  http?.closeAllConnections();
  http?.close();
  await game.stop();
});

async function serve(options: MonitorOptions = { auth: () => true }): Promise<string> {
  http = createServer(presenceMonitor(options)).listen(0, '127.0.0.1');
  await once(http, 'listening');
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

const OWN = { 'content-type': 'application/json', 'x-presence-monitor': '1', 'sec-fetch-site': 'same-origin' };

interface Raw {
  status: number;
  text: string;
}

/** `fetch` writes some headers itself. */
async function post(url: string, body: string, headers: Record<string, string> = OWN): Promise<Raw> {
  const sent = httpRequest(`${url}/act`, { method: 'POST', headers }).end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks = await response.toArray();
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks as Buffer[]).toString() };
}

describe('who is not let in', () => {
  test.each<[string, MonitorOptions['auth'] & {}]>([
    ['by false', () => false],
    ['by a later false', () => Promise.resolve(false)],
    ['by something that is not true', () => 1 as never],
    [
      'by a check that throws',
      () => {
        throw new Error('the secret of the check');
      },
    ],
    ['by a check that rejects', () => Promise.reject(new Error('the secret of the check'))],
  ])('%s gets nothing, on any path', async (_, auth) => {
    const url = await serve({ auth });
    await person(game, 'ann', 'presence', { status: 'here' });
    for (const path of ['/', '/stream', '/user?id=ann', '/explain?viewer=ann&user=ann', '/page/main.js', '/nothing']) {
      const response = await fetch(url + path);
      expect([path, response.status]).toEqual([path, 403]);
      expect(await response.text()).toBe('{"error":"Not allowed."}');
    }
    expect((await post(url, '{"action":"disconnect","userId":"ann"}')).status).toBe(403);
  });
});

test('the page comes with a policy that runs no script but its own, and all that it names is there', async () => {
  const url = await serve();
  const page = await fetch(`${url}/`);
  const html = await page.text();
  expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'self';/);
  expect(html).not.toMatch(/<script>|style=|onclick/);
  const scripts = ['page/main.js', 'page/dom.ts', 'page/chart.ts', 'page/render.ts', 'page/user.ts'];
  for (const path of ['style.css', ...scripts]) {
    const response = await fetch(`${url}/${path}`);
    expect([path, response.status]).toEqual([path, 200]);
    const text = await response.text();
    expect(text).not.toMatch(/innerHTML|insertAdjacentHTML|document\.write|: string\)/);
  }
  for (const path of [
    '/page/../presence-monitor.ts',
    '/page/..%2findex.ts',
    '/page/nothing.js',
    '/nothing',
    '//',
    '/%00',
  ]) {
    expect([path, (await fetch(url + path)).status]).toEqual([path, 404]);
  }
});

test('a user that makes no sense is refused in one sentence, and markup is an id like any other', async () => {
  const url = await serve();
  const status = async (path: string): Promise<[number, string]> => {
    const response = await fetch(url + path);
    return [response.status, await response.text()];
  };
  for (const path of [
    `/user?id=${'x'.repeat(10_240)}`,
    '/user',
    '/user?id=',
    `/explain?viewer=a&user=${'y'.repeat(10_240)}`,
  ]) {
    const [code, text] = await status(path);
    expect(code).toBe(400);
    expect(text.length).toBeLessThan(300);
    expect(text).toContain('user id');
  }
  const [code, text] = await status(`/user?id=${encodeURIComponent('<img src=x onerror=alert(1)>')}`);
  expect(code).toBe(200);
  expect(JSON.parse(text)).toMatchObject({ userId: '<img src=x onerror=alert(1)>', general: 'unlogined' });
});

test('an action that is forged, or makes no sense, does nothing', async () => {
  const url = await serve();
  const ann = await person(game, 'ann', 'presence', { status: 'here' });
  const wanted = JSON.stringify({ action: 'disconnect', userId: 'ann' });
  expect((await post(url, wanted, { 'content-type': 'application/json' })).status).toBe(403);
  expect((await post(url, wanted, { ...OWN, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  expect((await fetch(`${url}/act?action=disconnect&userId=ann`)).status).toBe(404);
  expect((await fetch(`${url}/act`, { method: 'DELETE' })).status).toBe(405);
  for (const body of [
    '',
    'no json',
    'null',
    '{"action":"shutdown","userId":"ann"}',
    '{"action":"disconnect"}',
    `{"action":"disconnect","userId":"${'x'.repeat(10_240)}"}`,
    '{"action":"status","userId":"ann"}',
    '{"action":"lock","userId":"ann"}',
    '{"action":"block","userId":"ann"}',
    `{"action":"status","userId":"ann","status":"${'x'.repeat(70_000)}"}`,
    `"${'x'.repeat(200_000)}"`,
  ]) {
    const { status, text } = await post(url, body);
    expect([body.slice(0, 40), status]).toEqual([body.slice(0, 40), 400]);
    expect(text.length).toBeLessThan(300);
  }
  expect(ann.room.connection.isOpen).toBe(true);
});

test('an action of the page is done, and told in the timeline', async () => {
  const url = await serve({ auth: () => true, everyMs: 250 });
  const ann = await person(game, 'ann');
  const messages: StreamMessage[] = [];
  const stream = await fetch(`${url}/stream`);
  void readEvents(stream, messages);
  await until(() => messages.length > 0, 'the first look');
  expect(messages[0]?.report).toMatchObject({ complete: true, totals: { users: 1, online: 0, connections: 1 } });

  expect((await post(url, '{"action":"status","userId":"ann","status":"set by an operator"}')).status).toBe(200);
  await until(() => messages.at(-1)?.report.totals.online === 1, 'ann to be online');
  expect((await post(url, '{"action":"lock","userId":"ann","status":"Banned"}')).status).toBe(200);
  expect((await ann.refusal('presence:status', { status: 'not me' }, 'request')).code).toBe('status_locked');
  expect((await post(url, '{"action":"unlock","userId":"ann"}')).status).toBe(200);
  await ann.setStatus('me');
  expect((await post(url, '{"action":"block","userId":"ann","blockedId":"<b>troll</b>"}')).status).toBe(200);
  expect((await post(url, '{"action":"disconnect","userId":"ann"}')).status).toBe(200);
  await until(() => !ann.room.connection.isOpen, 'her end');
  await until(() => messages.at(-1)?.report.totals.connections === 0, 'nobody to be connected');
  expect(messages.flatMap(({ happenings }) => happenings).map(({ text }) => text)).toEqual([
    'An operator has set the status of user "ann" (1 connections).',
    'An operator has locked the status of user "ann" (1 connections).',
    'An operator has ended the lock of the status of user "ann" (1 connections).',
    'An operator has made user "ann" block "<b>troll</b>".',
    'An operator has disconnected user "ann" (1 connections).',
  ]);
});

test('options that make no sense are refused in one sentence', () => {
  expect(() => presenceMonitor({ everyMs: 10 })).toThrow(/"everyMs"/);
  expect(() => presenceMonitor({ everyMs: '1' as never })).toThrow(TypeError);
});

async function readEvents(response: Response, messages: StreamMessage[]): Promise<void> {
  let text = '';
  try {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      messages.push(
        ...events
          .filter((event) => event.startsWith('data: '))
          .map((event) => JSON.parse(event.slice(6)) as StreamMessage),
      );
    }
  } catch {
    // The test has ended.
  }
}
