/** Counts what is encoded, flushed and sent in relation to the number of receivers. No test depends on the clock. */
import { matchMaker, Protocol } from '@colyseus/core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { currentRuntime, type Runtime } from '../../src/server/runtime.ts';
import { rawJoin, type RawClient } from '../support/raw.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

let server: TestServer;
let runtime: Runtime;
let keeper: RawClient;

beforeAll(async () => {
  server = await startServer({ floodLimit: 1_000_000, rateLimit: 1_000_000 });
  keeper = await rawJoin(server, 'keeper', 'presence');
  runtime = currentRuntime('presence')!;
});
afterAll(async () => {
  await server.stop();
});

/** Everything the server has sent to this client so far has arrived. */
async function drained(client: RawClient): Promise<void> {
  const pongs = (): number => client.frames.filter((frame) => frame[0] === Protocol.PING).length;
  const before = pongs();
  client.socket.send(Uint8Array.of(Protocol.PING));
  await until(() => pongs() > before, 'the answer to a ping');
}

async function joinAll(names: readonly string[], options: Parameters<typeof rawJoin>[3] = {}): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  for (let i = 0; i < names.length; i += 50) {
    clients.push(
      ...(await Promise.all(names.slice(i, i + 50).map((name) => rawJoin(server, name, 'presence', options)))),
    );
  }
  return clients;
}

async function follow(client: RawClient, userIds: string[], cid: string): Promise<void> {
  client.burst([['presence:follow', { userIds, cid }]]);
  await until(
    () => client.of<{ cid: unknown }>('presence:reply').some((reply) => reply.cid === cid),
    'the reply to the follow',
  );
}

async function setStatus(client: RawClient, status: string, cid: string): Promise<void> {
  client.burst([['presence:status', { status, cid }]]);
  await until(
    () => client.of<{ cid: unknown }>('presence:reply').some((reply) => reply.cid === cid),
    'the reply to the status',
  );
  await drained(client);
}

function leave(clients: readonly RawClient[]): void {
  for (const client of clients) {
    client.socket.send(Uint8Array.of(Protocol.LEAVE_ROOM));
  }
}

describe('work follows the followers', () => {
  let base: {
    flushes: number;
    delivered: number;
    presences: number;
    deltaFrames: number;
    statePieces: number;
    stateFrames: number;
  };
  const spent = (): typeof base => {
    const { flushes, delivered } = runtime.tracker.outbox.stats;
    const now = { flushes, delivered, ...runtime.codec.stats };
    return Object.fromEntries(
      Object.entries(now).map(([key, value]) => [key, value - base[key as keyof typeof base]]),
    ) as typeof base;
  };
  const mark = (): void => {
    const { flushes, delivered } = runtime.tracker.outbox.stats;
    base = { flushes, delivered, ...runtime.codec.stats };
  };
  beforeEach(mark);

  test('one change is encoded once per channel and sent as one delivery per follower, however many follow', async () => {
    const star = await rawJoin(server, 'star', 'presence', { status: 'one' });
    const fans = await joinAll(Array.from({ length: 200 }, (_, i) => `fan${i}`));
    await Promise.all(fans.map((fan, i) => follow(fan, ['star'], `f${i}`)));
    await drained(star);
    mark();
    await setStatus(star, 'two', 'a');
    await Promise.all(fans.map(drained));

    const { flushes, delivered, presences, deltaFrames, statePieces, stateFrames } = spent();
    expect({ flushes, delivered, deltaFrames, statePieces, stateFrames }).toEqual({
      flushes: 1,
      delivered: 201,
      deltaFrames: 1,
      statePieces: 1,
      stateFrames: 1,
    });
    expect(presences).toBe(1); // 'one' was encoded when it was set
    for (const fan of fans) {
      expect(fan.of('presence:delta')).toHaveLength(1);
      expect(fan.frames.filter((frame) => frame[0] === Protocol.ROOM_STATE_PATCH)).toHaveLength(2); // the follow, the change
    }
    leave([star, ...fans]);
  }, 40_000);

  test('a thousand connections that follow nobody involved receive not one frame', async () => {
    const crowd = await joinAll(
      Array.from({ length: 1000 }, (_, i) => `idle${i}`),
      { status: '' },
    );
    const actors = await joinAll(['ada', 'ben', 'cleo'], { status: '' });
    await follow(actors[0]!, ['ben', 'cleo'], 'x');
    await Promise.all(crowd.map(drained));
    const before = crowd.map((client) => client.frames.length);
    mark();
    for (let i = 0; i < 20; i++) {
      await Promise.all(actors.map((actor, a) => setStatus(actor, `${a}:${i}`, `${i}`)));
    }
    await Promise.all(crowd.map(drained));
    // One more each: the pong that shows that nothing else is under way.
    expect(crowd.map((client) => client.frames.length)).toEqual(before.map((count) => count + 1));
    // ada hears three users, ben and cleo themselves.
    expect(spent().delivered).toBeLessThanOrEqual(20 * 5);
    expect(actors[0]!.of('presence:delta').length).toBeGreaterThan(0);
    leave([...crowd, ...actors]);
  }, 60_000);

  test('a room in which nothing changes flushes, encodes and sends nothing', async () => {
    await drained(keeper);
    const [listing] = await matchMaker.query({ name: 'presence' });
    const { clock } = matchMaker.getLocalRoomById(listing!.roomId);
    const frames = keeper.frames.length;
    mark();
    const from = clock.elapsedTime;
    await until(() => clock.elapsedTime > from + 300, 'six patch intervals');
    expect(spent()).toEqual({ flushes: 0, delivered: 0, presences: 0, deltaFrames: 0, statePieces: 0, stateFrames: 0 });
    expect(keeper.frames).toHaveLength(frames);
  });

  test('five hundred updates that arrive together are one flush and one frame', async () => {
    const star = await rawJoin(server, 'burster', 'presence', { status: 'begin' });
    const fan = await rawJoin(server, 'burstfan', 'presence', { sync: 'deltas' });
    await follow(fan, ['burster'], 'x');
    mark();
    star.burst(Array.from({ length: 500 }, (_, i) => ['presence:status', { status: `s${i}` }] as const));
    await until(
      () =>
        fan.of<{ joins: Array<{ status: string }> }>('presence:delta').some(({ joins }) => joins[0]?.status === 's499'),
      'the last value',
    );
    await drained(fan);
    // The kernel may cut the burst into a few reads; never one flush per update.
    expect(spent().flushes).toBeLessThan(20);
    expect(fan.of('presence:delta').length).toBe(spent().flushes);
    leave([star, fan]);
  });

  test('when everybody is gone, no user, follow or connection is left', async () => {
    const { tracker } = runtime;
    await until(() => tracker.connections.size === 1, 'everybody but the keeper to be gone', 15_000);
    await until(() => tracker.users.byId.size === 1, 'their records to be gone');
    expect([...tracker.users.byId.keys()]).toEqual(['keeper']);
  }, 20_000);
});
