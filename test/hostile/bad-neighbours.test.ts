/** Hostile clients, together with honest ones that must not notice them. */
import type { Socket } from 'node:net';
import { Protocol } from '@colyseus/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { currentRuntime } from '../../src/server/runtime.ts';
import { rawJoin, type RawClient } from '../support/raw.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import type { Delta, PresenceOptions, Reply, Snapshot } from '../../src/index.ts';

const MAX_BUFFERED = 32 * 1024;
let server: TestServer;
let cids = 0;

async function serve(options: PresenceOptions = {}): Promise<void> {
  server = await startServer({ floodLimit: 1_000_000, maxBufferedBytes: MAX_BUFFERED, ...options }, {}, 20_000);
}

beforeEach(() => {
  cids = 0;
});
afterEach(async () => {
  await server.stop();
});

async function ask(client: RawClient, type: string, payload: object): Promise<Reply> {
  const cid = ++cids;
  client.burst([[type, { ...payload, cid }]]);
  return until(() => client.of<Reply>('presence:reply').find((reply) => reply.cid === cid), `the reply to ${type}`);
}

const lastStatus = (client: RawClient): string | undefined =>
  client.of<Delta>('presence:delta').at(-1)?.joins[0]?.status;

test('a client that stops reading is held back within its limit, costs nobody else anything, and is brought up to date', async () => {
  await serve({ maxStatusBytes: 3500 });
  // Big frames from many, so that the kernel's buffers before the socket are soon full.
  const names = Array.from({ length: 10 }, (_, i) => `star${i}`);
  const stars = await Promise.all(
    names.map((name) => rawJoin(server, name, 'presence', { status: '', sync: 'state' })),
  );
  const honest = await rawJoin(server, 'honest', 'presence', { sync: 'deltas' });
  const slow = await rawJoin(server, 'slow', 'presence');
  await ask(honest, 'presence:follow', { userIds: names });
  await ask(slow, 'presence:follow', { userIds: names });

  const { _socket: tcp } = slow.socket as unknown as { _socket: Socket };
  tcp.pause();
  const { tracker } = currentRuntime('presence')!;
  const held = [...tracker.connections.values()].find(({ user }) => user.userId === 'slow')!;
  const { client } = held.sink as unknown as { client: { ref: { bufferedAmount: number } } };
  const filler = 'x'.repeat(3400);
  let most = 0;
  let round = 0;
  const everyoneChanges = async (): Promise<void> => {
    round++;
    for (const star of stars) {
      star.burst([['presence:status', { status: `${round} ${filler}` }]]);
    }
    await until(() => {
      most = Math.max(most, client.ref.bufferedAmount);
      return names.every((name) =>
        tracker.users.get(name)!.visible.values().next().value!.box.presence.status.startsWith(`${round} `),
      );
    }, 'every change to have arrived');
  };
  while (held.delivery !== 'behind') {
    await everyoneChanges();
    expect(['live', 'behind']).toContain(held.delivery);
    expect(round, 'rounds until it is held back').toBeLessThan(500);
  }
  for (let more = 0; more < 50; more++) {
    await everyoneChanges();
  }
  // What went in at the limit: at most one delivery of everybody's old and new value, by both channels.
  expect(most).toBeLessThan(MAX_BUFFERED + names.length * 3 * 4096);
  const heard = (): Map<string, string> =>
    new Map(
      honest
        .of<Delta>('presence:delta')
        .flatMap(({ joins }) => joins)
        .map(({ userId, status }) => [userId, status.split(' ')[0]!]),
    );
  await until(
    () => names.every((name) => heard().get(name) === String(round)),
    'the honest client to have every last value',
    15_000,
  );

  tcp.resume();
  const snapshot = await until(() => slow.of<Snapshot>('presence:snapshot').at(-1), 'the snapshot', 15_000);
  expect(snapshot.complete).toBe(true);
  expect(snapshot.userIds.toSorted()).toEqual(['slow', ...names]);
  expect(snapshot.presences.map(({ status }) => status.split(' ')[0])).toEqual(names.map(() => String(round)));
  await until(
    () => slow.frames.filter((frame) => frame[0] === Protocol.ROOM_STATE).length === 2,
    'the full state again',
  );

  await ask(stars[0]!, 'presence:status', { status: 'after' });
  await until(() => lastStatus(slow) === 'after', 'deltas to go on');
}, 60_000);

test('ten thousand updates a second are merged, and the last one counts', async () => {
  await serve();
  const star = await rawJoin(server, 'star', 'presence', { status: '', sync: 'state' });
  const fan = await rawJoin(server, 'fan', 'presence', { sync: 'deltas' });
  const other = await rawJoin(server, 'other', 'presence', { status: '', sync: 'deltas' });
  await ask(fan, 'presence:follow', { userIds: ['star', 'other'] });
  for (let burst = 0; burst < 20; burst++) {
    star.burst(Array.from({ length: 500 }, (_, i) => ['presence:status', { status: `${burst * 500 + i}` }] as const));
  }
  await ask(other, 'presence:status', { status: 'still heard' });
  const all = (): Delta[] => fan.of<Delta>('presence:delta');
  await until(() => all().some(({ joins }) => joins.some(({ status }) => status === '9999')), 'the last update');
  await until(() => all().some(({ joins }) => joins.some(({ status }) => status === 'still heard')), 'the other user');
  expect(all().length).toBeLessThan(2000);
  const values = all()
    .flatMap(({ joins }) => joins)
    .filter(({ userId }) => userId === 'star')
    .map(({ status }) => Number(status));
  expect(values).toEqual(values.toSorted((a, b) => a - b));
}, 30_000);

test('a client that floods past the hard limit is disconnected, and nobody else is', async () => {
  await serve({ floodLimit: 200 });
  const flood = await rawJoin(server, 'flood', 'presence', { status: '' });
  const fan = await rawJoin(server, 'fan', 'presence');
  await ask(fan, 'presence:follow', { userIds: ['flood'] });
  flood.burst(Array.from({ length: 500 }, (_, i) => ['presence:status', { status: `${i}` }] as const));
  expect(await flood.closed()).toBe(4002);
  expect((await ask(fan, 'presence:query', { userIds: ['fan'] })).ok).toBe(true);
  expect(fan.closeCode).toBeUndefined();
}, 30_000);

test('a client that follows and unfollows in a loop leaves nothing behind', async () => {
  await serve({ rateLimit: 1_000_000 });
  const honest = await rawJoin(server, 'honest', 'presence', { status: '' });
  const loop = await rawJoin(server, 'loop', 'presence');
  await ask(honest, 'presence:follow', { userIds: ['friend'] });
  for (let round = 0; round < 100; round++) {
    loop.burst(
      Array.from({ length: 20 }, (_, i) =>
        i % 2 === 0
          ? (['presence:follow', { userIds: [`u${round}`, `v${round}`, 'honest'] }] as const)
          : (['presence:unfollow', {}] as const),
      ),
    );
    if (round % 20 === 0) {
      await ask(loop, 'presence:unfollow', {}); // below the limit of calls that may wait
    }
  }
  await ask(loop, 'presence:unfollow', {});
  const { tracker } = currentRuntime('presence')!;
  await until(
    () => [...tracker.users.byId.keys()].toSorted().join() === 'friend,honest,loop',
    'only the users in use to be known',
  );
  expect([...tracker.connections.values()].find(({ user }) => user.userId === 'loop')!.follows.size).toBe(0);
  expect(tracker.users.get('honest')!.followers.size).toBe(0);
  expect((await ask(honest, 'presence:status', { status: 'fine' })).ok).toBe(true);
}, 30_000);

test('with the default limits such a loop is answered with rate_limited and nothing else', async () => {
  await serve();
  const loop = await rawJoin(server, 'loop', 'presence');
  loop.burst(Array.from({ length: 100 }, (_, i) => ['presence:follow', { userIds: [`u${i}`], cid: `c${i}` }] as const));
  await until(() => loop.of('presence:reply').length === 100, 'all replies');
  const replies = loop.of<Reply>('presence:reply');
  expect(replies.filter(({ ok }) => ok)).toHaveLength(20);
  for (const reply of replies.filter(({ ok }) => !ok)) {
    expect(reply).toMatchObject({ error: { code: 'rate_limited', retryAfterMs: expect.any(Number) as number } });
  }
  expect(loop.closeCode).toBeUndefined();
}, 30_000);
