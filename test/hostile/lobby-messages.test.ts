/** The lobby's own messages: no message of a client stops the server, and a client that does not read is sent nothing more. */
import { Protocol, Room } from '@colyseus/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PresenceLobbyRoom } from '../../src/index.ts';
import { currentRuntime } from '../../src/server/runtime.ts';
import { dataFrame, rawJoin, rawOpen } from '../support/raw.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

const MAX_BUFFERED = 32 * 1024;

class MatchRoom extends Room {
  override onCreate(): void {
    this.autoDispose = false;
    void this.setMetadata({ text: 'x'.repeat(2000) });
  }
}

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ maxBufferedBytes: MAX_BUFFERED }, { match: MatchRoom }, 20_000);
  for (let i = 0; i < 10; i++) {
    await (await server.client('host').create('match')).leave();
  }
});
afterAll(async () => {
  await server.stop();
});

interface Waiting {
  _enqueuedMessages?: Uint8Array[];
  ref: { bufferedAmount: number };
}

function clientOf(userId: string): Waiting {
  const [connection] = currentRuntime('presence')!.tracker.users.get(userId)!.own;
  return (connection!.sink as unknown as { client: Waiting }).client;
}

test.each([true, 5, 'abc', null, [], [1]].map((body, i) => [JSON.stringify(body), body, i] as const))(
  'joined with the body %s, a filter of any kind is answered',
  async (_, body, i) => {
    const client = await rawJoin(server, `joiner-${i}`, 'lobby', body as never);
    let answers = 1;
    for (const filter of [{ name: 'match' }, true, 5, 'abc', null, [], { metadata: 7 }, undefined]) {
      client.socket.send(dataFrame('filter', filter));
      answers++;
      await until(() => client.of('rooms').length === answers, `the answer to ${JSON.stringify(filter)}`);
    }
    expect(client.of<unknown[]>('rooms').every((rooms) => rooms.length === 10)).toBe(true);
    client.socket.terminate();
  },
);

test('filters of one segment are answered by one list', async () => {
  const client = await rawJoin(server, 'eager', 'lobby');
  client.burst([
    ['filter', { name: 'match' }],
    ['filter', { name: 'other' }],
  ]);
  await until(() => client.of('rooms').length === 2, 'the answer');
  expect(client.of<unknown[]>('rooms').at(-1)).toEqual([]);
  client.socket.terminate();
});

test('a client that changes its filter all the time gets some lists a second, and the one it asked for last', async () => {
  const client = await rawJoin(server, 'restless', 'lobby');
  const started = performance.now();
  for (let cid = 0; cid < 40; cid++) {
    client.burst([
      ['filter', { name: cid === 39 ? 'none' : 'match' }],
      ['presence:query', { userIds: ['restless'], cid }],
    ]);
    await until(() => client.of('presence:reply').length > cid, 'the turn to be over');
  }
  await until(() => client.of<unknown[]>('rooms').at(-1)?.length === 0, 'the last list');
  // With the join, the first filter, and then one per look.
  const looks = (performance.now() - started) / 250;
  expect(client.of('rooms').length).toBeLessThanOrEqual(3 + Math.ceil(looks));
  client.socket.terminate();
});

test('a client that does not read is sent nothing more, and gets one list when it reads again', async () => {
  const client = await rawJoin(server, 'sleeper', 'lobby');
  const { ref } = clientOf('sleeper');
  const before = client.of('rooms').length;
  // What the kernel takes before the socket is full differs from machine to machine.
  Object.defineProperty(ref, 'bufferedAmount', { configurable: true, get: () => MAX_BUFFERED + 1 });
  for (let i = 0; i < 200; i++) {
    client.socket.send(dataFrame('filter', {}));
    await new Promise(setImmediate);
  }
  client.burst([
    ['filter', { name: 'none' }],
    ['presence:query', { userIds: ['sleeper'], cid: 1 }],
  ]);
  await until(() => client.of('presence:reply').length === 1, 'all filters to have arrived');
  expect(client.of('rooms')).toHaveLength(before);
  delete (ref as Partial<typeof ref>).bufferedAmount;
  await until(() => client.of<unknown[]>('rooms').at(-1)?.length === 0, 'the list it is owed');
  expect(client.of('rooms')).toHaveLength(before + 1);
  client.socket.terminate();
});

test('a client that never acknowledges its join does not get an unlimited number of messages', async () => {
  const client = await rawOpen(server, 'silent', 'lobby');
  await until(() => client.frames.some((frame) => frame[0] === Protocol.JOIN_ROOM), 'the join to be offered');
  const waiting = clientOf('silent');
  for (let i = 0; i < 200; i++) {
    client.socket.send(dataFrame('filter', {}));
    await new Promise(setImmediate);
  }
  expect(waiting._enqueuedMessages!.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(MAX_BUFFERED * 3);
  client.socket.terminate();
});

test('the fields of a filter are listed once, however many rooms and changes it is applied to', () => {
  let listed = 0;
  const metadata = new Proxy(
    {},
    {
      ownKeys: () => {
        listed++;
        return [];
      },
    },
  );
  class Lobby extends PresenceLobbyRoom {
    passes(room: unknown): boolean {
      return this.filterItemForClient(room as never, { metadata });
    }
  }
  const lobby = new Lobby();
  expect([{ metadata: {} }, { metadata: { mode: 'duel' } }].map((room) => lobby.passes(room))).toEqual([true, true]);
  expect(listed).toBe(1);
});
