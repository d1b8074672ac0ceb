/** A client that sends requests and never reads the answers: the memory for it is bounded, and no other client notices. */
import type { Socket } from 'node:net';
import { CloseCode, Protocol } from '@colyseus/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { currentRuntime } from '../../src/server/runtime.ts';
import { person } from '../support/person.ts';
import { rawJoin, rawOpen, type RawClient } from '../support/raw.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

const WebSocketOpen = 1;
const MAX_BUFFERED = 32 * 1024;
let server: TestServer;
beforeEach(async () => {
  server = await startServer({ floodLimit: 1_000_000, maxBufferedBytes: MAX_BUFFERED }, {}, 20_000);
});
afterEach(async () => {
  await server.stop();
});

function askAboutOneself(client: RawClient, userId: string, times: number): void {
  client.burst(Array.from({ length: times }, (_, cid) => ['presence:query', { userIds: [userId], cid }] as const));
}

test('a client that never acknowledges its join cannot accumulate answers', async () => {
  const honest = await person(server, 'honest', 'presence', { status: 'here' });
  const silent = await rawOpen(server, 'silent', 'presence', { status: 'x'.repeat(2000) });
  await until(() => silent.frames.some((frame) => frame[0] === Protocol.JOIN_ROOM), 'the join to be offered');
  await until(() => {
    askAboutOneself(silent, 'silent', 100);
    return silent.closeCode;
  }, 'the connection to be closed');
  expect(silent.closeCode).toBe(CloseCode.WITH_ERROR);
  expect(await honest.ask('presence:query', { userIds: ['honest'] })).toMatchObject({ users: [{ general: 'online' }] });
});

test('a client that does not read cannot accumulate answers', async () => {
  const silent = await rawJoin(server, 'silent', 'presence', { status: 'x'.repeat(2000) });
  const [connection] = currentRuntime('presence')!.tracker.users.get('silent')!.own;
  const { client } = connection!.sink as unknown as { client: { readyState: number; ref: { bufferedAmount: number } } };
  const { _socket: tcp } = silent.socket as unknown as { _socket: Socket };
  tcp.pause();
  let most = 0;
  await until(() => {
    askAboutOneself(silent, 'silent', 200);
    most = Math.max(most, client.ref.bufferedAmount);
    return client.readyState !== WebSocketOpen;
  }, 'the connection to be closed');
  expect(most).toBeLessThan(MAX_BUFFERED * 16 * 2);
  silent.socket.terminate();
}, 20_000);

test('a user that reads on none of many connections cannot accumulate more than on one; a device that reads is still served', async () => {
  const options = { status: 'x'.repeat(2000) };
  const reader = await person(server, 'silent', 'presence', options);
  const silentClients = await Promise.all(
    Array.from({ length: 15 }, () => rawJoin(server, 'silent', 'presence', options)),
  );
  const clients = [...currentRuntime('presence')!.tracker.users.get('silent')!.own].map(
    ({ sink }) => (sink as unknown as { client: { readyState: number; ref: { bufferedAmount: number } } }).client,
  );
  const waiting = (): number =>
    clients.reduce((sum, { readyState, ref }) => sum + (readyState === WebSocketOpen ? ref.bufferedAmount : 0), 0);
  for (const { socket } of silentClients) {
    (socket as unknown as { _socket: Socket })._socket.pause();
  }
  let most = 0;
  await until(() => {
    for (const silent of silentClients) {
      askAboutOneself(silent, 'silent', 1);
    }
    most = Math.max(most, waiting());
    return clients.filter(({ readyState }) => readyState === WebSocketOpen).length === 1;
  }, 'the connections that do not read to be closed');
  // The answers of a turn may pass the limit of one connection, but not those of all connections together.
  expect(most).toBeLessThan(MAX_BUFFERED * 4 * 4);
  expect(await reader.ask('presence:query', { userIds: ['silent'] })).toMatchObject({
    users: [{ general: 'online' }],
  });
  for (const { socket } of silentClients) {
    socket.terminate();
  }
}, 20_000);

test('a client that has not read for 10 s is disconnected, even if it sends no more requests', async () => {
  const sleeper = await rawJoin(server, 'sleeper', 'presence', { status: 'x'.repeat(2000) });
  const [connection] = currentRuntime('presence')!.tracker.users.get('sleeper')!.own;
  const { client } = connection!.sink as unknown as { client: { readyState: number; ref: { bufferedAmount: number } } };
  const { _socket: tcp } = sleeper.socket as unknown as { _socket: Socket };
  tcp.pause();
  await until(() => {
    askAboutOneself(sleeper, 'sleeper', 20);
    return client.ref.bufferedAmount > MAX_BUFFERED;
  }, 'the buffer to fill');
  await until(() => client.readyState !== WebSocketOpen, 'the connection to be closed', 15_000);
  sleeper.socket.terminate();
}, 20_000);

test('an honest burst before the join is acknowledged is answered completely', async () => {
  const eager = await rawOpen(server, 'eager', 'presence', { status: '' });
  await until(() => eager.frames.some((frame) => frame[0] === Protocol.JOIN_ROOM), 'the join to be offered');
  askAboutOneself(eager, 'eager', 100);
  eager.acknowledge();
  await until(() => eager.of('presence:reply').length === 100, 'every reply');
});
