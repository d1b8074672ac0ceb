import type { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { isOwnAction, requireAuth } from '../../src/monitor/access.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const request = (headers: Record<string, string>, remoteAddress = '127.0.0.1'): IncomingMessage =>
  ({ headers: { host: 'localhost:2567', ...headers }, socket: { remoteAddress } }) as unknown as IncomingMessage;

describe('without auth', () => {
  test('production refuses it in one sentence', () => {
    vi.stubEnv('NODE_ENV', 'production');
    expect(() => requireAuth(undefined)).toThrow(/^presenceMonitor shows every player [^.]*"auth"[^.]*\.$/);
    expect(requireAuth(() => true)).toBeTypeOf('function');
  });

  test.each<[string, boolean, IncomingMessage]>([
    ['a browser of this machine', true, request({})],
    ['by IPv6', true, request({ host: '[::1]:1' }, '::1')],
    ['another machine', false, request({}, '10.0.0.7')],
    ['a proxy on this machine', false, request({ 'x-forwarded-for': '10.0.0.7' })],
    ['another proxy', false, request({ forwarded: 'for=10.0.0.7' })],
    ['a name of another site that leads here', false, request({ host: 'evil.example' })],
  ])('%s: %s', async (_, isIn, from) => {
    expect(await requireAuth(undefined)(from)).toBe(isIn);
  });

  test('what is no function is refused', () => {
    expect(() => requireAuth(true)).toThrow(TypeError);
    expect(() => requireAuth({ user: 'x' })).toThrow(/"auth"/);
  });
});

describe('an action', () => {
  const own = { 'x-presence-monitor': '1', 'content-type': 'application/json' };

  test.each<[string, boolean, Record<string, string>]>([
    ['of the page', true, { ...own, 'sec-fetch-site': 'same-origin' }],
    ['of the page in an older browser', true, { ...own, origin: 'http://localhost:2567' }],
    ['of another site', false, { ...own, 'sec-fetch-site': 'cross-site', origin: 'http://localhost:2567' }],
    ['of a neighbour', false, { ...own, 'sec-fetch-site': 'same-site' }],
    ['of another origin', false, { ...own, origin: 'http://localhost:9999' }],
    ['of nobody', false, own],
    ['with an origin that is none', false, { ...own, origin: 'null' }],
    ['without the header', false, { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }],
    ['of a form', false, { ...own, 'content-type': 'text/plain', 'sec-fetch-site': 'same-origin' }],
  ])('%s: %s', (_, isTaken, headers) => {
    expect(isOwnAction(request(headers))).toBe(isTaken);
  });
});
