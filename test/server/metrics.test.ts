/** What a process counts, as its players cause it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { presence, PresenceError, type PresenceMetrics } from '../../src/index.ts';
import { person, settle } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import { captureLog } from '../parity/support/hooks.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startServer({
    maxFollows: 2,
    evict: 'reject',
    maxConnectionsPerUser: 2,
    canFollow: (_, ids) => {
      if (ids.includes('trouble')) {
        throw new Error('no');
      }
      return ids;
    },
  });
});
afterEach(async () => {
  await server.stop();
});

test('all is zero while no room runs', () => {
  expect(presence.metrics()).toMatchObject({ processes: 1, users: 0, joins: 0, flushLatency: { count: 0 } });
});

test('counts what is there, what is told and what is refused', async () => {
  const log = captureLog();
  const ann = await person(server, 'ann');
  const bob = await person(server, 'bob', 'lobby', { status: 'here' });
  await person(server, 'bob');
  await expect(person(server, 'bob')).rejects.toThrow(/too_many_connections/);
  await expect(person(server, '')).rejects.toThrow(/unauthenticated/);
  await ann.follow(['bob', 'cat']);
  await expect(ann.follow(['dan'])).rejects.toThrow(/follows as many/);
  await expect(ann.follow(['trouble'])).rejects.toThrow();
  await expect(ann.ask('presence:status', { status: 7 as never }, 'send')).rejects.toThrow();
  await bob.setStatus('playing');
  await settle(ann, bob);

  const metrics = presence.metrics();
  expect(metrics).toMatchObject({
    processes: 1,
    users: 2,
    online: 1,
    connections: 3,
    visible: 1,
    stale: 0,
    follows: 2,
    joins: 3,
    closed: 0,
    logLines: { hook_failed: 1, request_failed: 0 },
  } satisfies Partial<Record<keyof PresenceMetrics, unknown>>);
  expect(metrics.redis).toBeUndefined();
  expect(metrics.calls).toMatchObject({ 'presence:follow': 3, 'presence:status': 2, 'presence:query': 2 });
  expect(metrics.callsRefused).toMatchObject({ too_many_follows: 1, hook_failed: 1, invalid_payload: 1, internal: 0 });
  expect(metrics.joinsRefused).toMatchObject({ too_many_connections: 1, unauthenticated: 1 });
  expect(metrics.updates).toBeGreaterThanOrEqual(2);
  expect(metrics.deliveries).toBeGreaterThan(0);
  expect(metrics.flushLatency.count).toBe(metrics.flushes);
  expect(metrics.flushBusyMs).toBeGreaterThan(0);
  expect(log.filter((line) => line.startsWith('[presence:hook_failed]'))).toHaveLength(1);
});

test('what a player can choose is in no label', async () => {
  const ann = await person(server, 'ann"} 1\n', 'presence', { status: '<b>"}' });
  await ann.follow(['x"}y', '<script>']);
  ann.rawSend('presence:"} 1');
  await until(() => presence.metrics().callsRefused['unknown_message'] === 1, 'the unknown message');
  const text = presence.metrics('openmetrics');
  expect(text).not.toMatch(/ann|script|x"/);
  expect(text.split('\n').filter((line) => !/^(#.*|presence_\w+(\{\w+="[\w+.]+"\})? [\d.e+-]+)?$/.test(line))).toEqual(
    [],
  );
});

test('another format is refused in one sentence', () => {
  expect(() => presence.metrics('xml' as never)).toThrow(PresenceError);
  expect(() => presence.metrics('toString' as never)).toThrow(/'openmetrics' or 'prometheus'/);
});
