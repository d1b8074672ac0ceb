/** The monitor, attacked over HTTP: without leave, from other sites, with streams without end, with nonsense. */
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { presenceMonitor, type MonitorOptions } from '../../src/monitor/index.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import { HonestPair } from './support/honest-pair.ts';

let game: TestServer;
let pair: HonestPair;
const servers: Server[] = [];
beforeAll(async () => {
  game = await startServer({}, {}, 60_000);
  pair = await HonestPair.at(game, 'presence');
});
afterAll(async () => {
  servers.forEach((server) => {
    server.closeAllConnections();
    server.close();
  });
  await game.stop();
});

async function serve(options: MonitorOptions): Promise<number> {
  const server = createServer(presenceMonitor(options)).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const isAdmin = ({ headers }: IncomingMessage): boolean => headers.authorization === 'Bearer admin';
const ADMIN = { authorization: 'Bearer admin' };
const OWN = {
  ...ADMIN,
  'content-type': 'application/json',
  'x-presence-monitor': '1',
  'sec-fetch-site': 'same-origin',
};
const DISCONNECT = (userId: string): string => JSON.stringify({ action: 'disconnect', userId });

/** Written by hand: `fetch` refuses some of these. Resolves with the head of the answer. */
async function send(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string>,
  body = '',
): Promise<{ status: number; text: string }> {
  const sent = httpRequest({ port, method, path, headers }).end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  if (response.headers['content-type'] === 'text/event-stream') {
    response.destroy();
    return { status: response.statusCode ?? 0, text: '' };
  }
  const chunks = (await response.toArray()) as Buffer[];
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() };
}

describe('who is not let in', () => {
  let port: number;
  beforeAll(async () => {
    port = await serve({ auth: isAdmin });
  });

  test.each<[what: string, method: string, path: string, headers: Record<string, string>]>([
    ['no credentials', 'GET', '/stream', {}],
    ['other credentials', 'GET', '/stream', { authorization: 'Bearer player' }],
    ['credentials in the address', 'GET', '/stream?authorization=Bearer%20admin', {}],
    ['the method OPTIONS', 'OPTIONS', '/act', {}],
    ['the method HEAD', 'HEAD', '/stream', {}],
    ['a method of another name', 'PROPFIND', '/', {}],
    ['an address with dots', 'GET', '/../user?id=friend', {}],
    ['an address of another host', 'GET', 'http://evil.example/user?id=friend', {}],
    ['a header that names another method', 'POST', '/stream', { 'x-http-method-override': 'GET' }],
    ['the marks of the page, without credentials', 'POST', '/act', { ...OWN, authorization: '' }],
  ])('%s: nothing but that it is not allowed', async (_, method, path, headers) => {
    const { status, text } = await send(port, method, path, headers);
    expect([status, method === 'HEAD' ? '' : text]).toEqual([403, method === 'HEAD' ? '' : '{"error":"Not allowed."}']);
  });

  test('a thousand streams at once: all are refused, and nobody is harmed', async () => {
    const answers = await Promise.all(Array.from({ length: 1000 }, async () => send(port, 'GET', '/stream', {})));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403]));
    await pair.expectUnharmed();
  });
});

describe('another site that an operator visits', () => {
  let port: number;
  beforeAll(async () => {
    port = await serve({ auth: isAdmin });
  });

  test.each<[what: string, headers: Record<string, string>]>([
    ['a form', { ...ADMIN, 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'cross-site' }],
    ['a form of text that is JSON', { ...ADMIN, 'content-type': 'text/plain', 'sec-fetch-site': 'cross-site' }],
    ['a script', { ...OWN, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['a script of a neighbour', { ...OWN, 'sec-fetch-site': 'same-site' }],
    ['a script that says it is none', { ...OWN, 'sec-fetch-site': 'none' }],
    ['an older browser', { ...OWN, 'sec-fetch-site': '', origin: 'http://evil.example' }],
    ['a sandboxed frame', { ...OWN, 'sec-fetch-site': 'cross-site', origin: 'null' }],
    ['no header of the page', { ...ADMIN, 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }],
    ['a type that only begins like JSON', { ...OWN, 'content-type': 'application/jsonx' }],
  ])('cannot act by %s', async (_, headers) => {
    expect((await send(port, 'POST', '/act', headers, DISCONNECT(pair.friendId))).status).toBe(403);
    await pair.expectUnharmed();
  });

  test.each(['cross-site', 'same-site'])('cannot take the streams of the operators (%s)', async (site) => {
    const { status } = await send(port, 'GET', '/stream', { ...ADMIN, 'sec-fetch-site': site });
    expect(status).toBe(403);
  });

  test('cannot read what it is answered, nor show the page in a frame', async () => {
    const response = await fetch(`http://127.0.0.1:${port}/user?id=${pair.friendId}`, {
      headers: { ...ADMIN, origin: 'https://evil.example' },
    });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    expect(response.headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(response.headers.get('x-frame-options')).toBe('DENY');
  });
});

describe('an operator whose browser is out of hand', () => {
  test('a thousand streams: fifty are served, the others are told to wait, and a place is free again when one ends', async () => {
    const port = await serve({ auth: isAdmin });
    const opened = await Promise.all(
      Array.from({ length: 1000 }, async () => {
        const sent = httpRequest({ port, path: '/stream', headers: ADMIN }).end();
        const [response] = (await once(sent, 'response')) as [IncomingMessage];
        response.resume();
        return response;
      }),
    );
    const served = opened.filter(({ statusCode }) => statusCode === 200);
    expect(served).toHaveLength(50);
    expect(opened.filter(({ statusCode }) => statusCode === 503)).toHaveLength(950);
    await pair.expectUnharmed();
    served.forEach((response) => response.destroy());
    await until(async () => (await send(port, 'GET', '/stream', ADMIN)).status === 200, 'a free place');
  }, 30_000);

  test('fifty requests for the head of the stream keep no place', async () => {
    const port = await serve({ auth: isAdmin });
    const heads = await Promise.all(Array.from({ length: 50 }, async () => send(port, 'HEAD', '/stream', ADMIN)));
    expect(new Set(heads.map(({ status }) => status))).toEqual(new Set([405]));
    expect((await send(port, 'GET', '/stream', ADMIN)).status).toBe(200);
  });

  test('a stream that is not read holds little', async () => {
    const port = await serve({ auth: isAdmin, everyMs: 250 });
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /stream HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer admin\r\n\r\n');
    await once(socket, 'readable');
    socket.pause();
    await pair.expectUnharmed();
    socket.destroy();
  });

  test.each<[what: string, body: string, status: number]>([
    ['of 1 MB', `{"action":"status","userId":"x","status":"${'x'.repeat(1_000_000)}"}`, 400],
    ['that is no JSON', '{"action":', 400],
    ['that is null', 'null', 400],
    ['that is a list', '[1]', 400],
    ['with an action of the prototype', '{"action":"__proto__","userId":"x"}', 400],
    ['without a user', '{"action":"disconnect"}', 400],
    ['for all users', '{"action":"disconnect","userId":"*"}', 200],
    ['with a user of 10,000 characters', DISCONNECT('x'.repeat(10_000)), 400],
    ['with a status of 100 KB', `{"action":"status","userId":"x","status":"${'x'.repeat(100_000)}"}`, 400],
    ['with a prototype', '{"__proto__":{"action":"disconnect"},"userId":"x"}', 400],
  ])('a body %s disconnects nobody', async (_, body, status) => {
    const port = await serve({ auth: isAdmin });
    const answer = await send(port, 'POST', '/act', OWN, body).catch(() => ({ status: 400 }));
    expect(answer.status).toBe(status);
    await pair.expectUnharmed();
  });

  test.each(['/user', '/user?id=', '/explain?viewer=a', `/user?id=${'x'.repeat(5000)}`, '/user?id=%00%ff'])(
    'the address %s is answered, without a stack',
    async (path) => {
      const port = await serve({ auth: isAdmin });
      const { status, text } = await send(port, 'GET', path, ADMIN);
      expect([200, 400]).toContain(status);
      expect(text).not.toMatch(/\.ts:|node_modules/);
    },
  );
});

test.each<[what: string, headers: Record<string, string>]>([
  ['a name of another site that leads to this machine', { host: 'evil.example' }],
  ['a proxy', { host: 'localhost', 'x-forwarded-for': '10.0.0.1' }],
  ['another proxy', { host: 'localhost', forwarded: 'for=10.0.0.1' }],
  ['a name that begins like this machine', { host: 'localhost.evil.example' }],
  ['a user in the name', { host: 'localhost@evil.example' }],
])('without `auth`, by %s: not let in', async (_, headers) => {
  const port = await serve({});
  expect((await send(port, 'GET', '/stream', headers)).status).toBe(403);
});
