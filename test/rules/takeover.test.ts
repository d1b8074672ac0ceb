/** A player that comes back as a new client (page reload, lost seat) takes over its connection that is in its grace. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rawJoin, type RawClient } from '../support/raw.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import { currentRuntime } from '../../src/server/runtime.ts';
import type { Delta, Reply, Welcome } from '../../src/index.ts';

let server: TestServer;
let cids = 0;
beforeAll(async () => {
  server = await startServer({ graceSeconds: 30 });
});
afterAll(async () => {
  await server.stop();
});

async function ask(client: RawClient, type: string, payload: object): Promise<Reply> {
  const cid = ++cids;
  client.burst([[type, { ...payload, cid }]]);
  return until(() => client.of<Reply>('presence:reply').find((reply) => reply.cid === cid), `the reply to ${type}`);
}

const idOf = (client: RawClient): string => client.of<Welcome>('presence:welcome')[0]!.connectionId;

async function drop(client: RawClient): Promise<void> {
  client.socket.terminate();
  const { tracker } = currentRuntime('presence')!;
  await until(() => tracker.connections.get(idOf(client))?.delivery === 'away', 'the drop to be noticed');
}

test('with resume, followers hear nothing of a reload, and going invisible afterwards works at once', async () => {
  const fan = await rawJoin(server, 'fan', 'presence', { sync: 'deltas' });
  const first = await rawJoin(server, 'ann', 'presence', { status: 'here' });
  await ask(fan, 'presence:follow', { userIds: ['ann'] });
  await drop(first);

  const second = await rawJoin(server, 'ann', 'presence', { status: 'here', resume: idOf(first) });
  expect(idOf(second)).toBe(idOf(first));
  await ask(second, 'presence:query', { userIds: ['ann'] });
  expect(fan.of<Delta>('presence:delta')).toEqual([]);

  await ask(second, 'presence:status', { status: null });
  const delta = await until(() => fan.of<Delta>('presence:delta')[0], 'the leave');
  expect(delta.leaves.map(({ connectionId }) => connectionId)).toEqual([idOf(first)]);
  expect(delta.users).toEqual([{ userId: 'ann', general: 'offline' }]);
});

test("a connection that is not away cannot be taken over, and neither can another user's", async () => {
  const bob = await rawJoin(server, 'bob', 'presence', { status: 'here' });
  const device = await rawJoin(server, 'bob', 'presence', { status: 'also here', resume: idOf(bob) });
  expect(idOf(device)).not.toBe(idOf(bob));

  await drop(bob);
  const thief = await rawJoin(server, 'eve', 'presence', { status: 'me', resume: idOf(bob) });
  expect(idOf(thief)).not.toBe(idOf(bob));
  const status = await ask(thief, 'presence:query', { userIds: ['bob'] });
  expect(status).toMatchObject({ users: [{ general: 'online', customStatus: 'also here' }] });
});
