/** Counts what is encoded, flushed and sent in relation to the number of receivers. No test depends on the clock. */
import { matchMaker, Protocol } from '@colyseus/core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { currentRuntime, type Runtime } from '../../src/server/runtime.ts';
import { rawJoin, rawOpen, type RawClient } from '../support/raw.ts';
import type { ClientSink } from '../../src/wire/client-sink.ts';
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

/** Counts from now on the system calls that write to this user's socket. */
function countWrites(userId: string): () => number {
  const [connection] = runtime.tracker.users.get(userId)!.own;
  const { ref } = (connection!.sink as ClientSink).client as unknown as {
    ref: { _socket: { _handle: Record<string, (...args: unknown[]) => unknown> } };
  };
  const { _handle: handle } = ref._socket;
  let count = 0;
  for (const name of ['writev', 'writeBuffer', 'writeLatin1String', 'writeUtf8String']) {
    const write = handle[name]!;
    handle[name] = (...args) => {
      // The transport pings every three seconds.
      count += isPing(args[1]) ? 0 : 1;
      return Reflect.apply(write, handle, args);
    };
  }
  return () => count;
}

/** Of what is handed to `writeBuffer` (a buffer) or `writev` (a list of them). */
function isPing(data: unknown): boolean {
  const first: unknown = Array.isArray(data) ? data[0] : data;
  return first instanceof Uint8Array && first[0] === 0x89;
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

  test('a delivery is one write, whatever channels the follower takes, also when several users have changed', async () => {
    const stars = await joinAll(['sun', 'vega', 'deneb'], { status: 'one' });
    const names = stars.map((_, i) => ['sun', 'vega', 'deneb'][i]!);
    const fans = [
      await rawJoin(server, 'both', 'presence'),
      await rawJoin(server, 'deltas', 'presence', { sync: 'deltas' }),
      await rawJoin(server, 'state', 'presence', { sync: 'state' }),
    ];
    await Promise.all(fans.map((fan, i) => follow(fan, names, `f${i}`)));
    await Promise.all([...stars, ...fans].map(drained));
    const writes = ['both', 'deltas', 'state'].map(countWrites);
    mark();
    // In one step, as one read brings them.
    for (const name of names) {
      const { tracker } = runtime;
      const [connection] = tracker.users.get(name)!.own;
      tracker.setStatus(connection!, 'two');
    }
    await until(() => spent().delivered === 6, 'everybody to be told');
    expect(writes.map((count) => count())).toEqual([1, 1, 1]);
    expect(spent()).toEqual({
      flushes: 1,
      delivered: 6, // three fans, and each star its own
      presences: 3,
      deltaFrames: 4, // of the fans, and of each star
      statePieces: 3,
      stateFrames: 4,
    });
    await Promise.all(fans.map(drained));
    leave([...stars, ...fans]);
  });

  test('the frames of a join leave in one write, and each presence in them is encoded once', async () => {
    await until(() => runtime.tracker.users.byId.size === 1, 'those of other tests to be gone');
    mark();
    const newcomer = await rawOpen(server, 'newcomer', 'presence', { status: 'here' });
    await until(() => newcomer.frames.some((frame) => frame[0] === Protocol.JOIN_ROOM), 'the join to be offered');
    await until(() => spent().delivered === 1, 'its own status to be told');
    const writes = countWrites('newcomer');
    newcomer.acknowledge();
    await until(() => newcomer.of('presence:delta').length > 0, 'the last frame');
    expect(newcomer.frames.map(([code]) => code)).toEqual([
      Protocol.JOIN_ROOM,
      Protocol.ROOM_STATE,
      Protocol.ROOM_DATA, // the welcome
      Protocol.ROOM_DATA, // its own status
    ]);
    expect(writes()).toBe(1);
    expect(spent()).toMatchObject({ flushes: 1, presences: 1, deltaFrames: 1, statePieces: 1 });
    leave([newcomer]);
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
