/** `presence.start()` holds until the process shuts down, and whoever is the last to leave takes everything along. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startCluster, type TestCluster } from '../support/processes.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const NAMES = ['a', 'b', 'c'];

const redis = await startRedis({ own: true });

describe.skipIf(redis === null)('presence.start()', () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await startCluster(redis!, NAMES);
  });
  afterEach(async () => {
    await Promise.all(NAMES.map(async (name) => cluster.get(name).end('SIGTERM')));
    for (const name of NAMES) {
      await cluster.start(name);
    }
  });
  afterAll(async () => {
    await cluster.stop();
  });

  const startAll = async (): Promise<void> => {
    for (const name of NAMES) {
      await cluster.get(name).api('start');
    }
    await until(
      async () => (await Promise.all(NAMES.map((name) => cluster.get(name).stats()))).every((s) => s?.processes === 2),
      'all processes to know each other',
    );
  };

  test('keeps a process in the cluster when its last room has gone', async () => {
    await startAll();
    const [a, b] = [cluster.get('a'), cluster.get('b')];
    const before = (await a.stats())?.incarnation;
    const ann = await cluster.person(a, 'ann', { status: 'here' });
    await ann.room.leave();
    await until(async () => (await a.rooms()).length === 0, 'the room to be gone');
    expect((await a.stats())?.incarnation).toBe(before);
    expect((await b.stats())?.processes).toBe(2);
    // Without the hold this process leaves with its room, as one does that never called `start()`.
    await a.api('close');
    await until(async () => (await b.stats())?.processes === 1, 'the others to hear that it has left');
    expect(await a.stats()).toBeNull();
  });

  test('lets a process without rooms say goodbye when it shuts down', async () => {
    await startAll();
    const incarnation = (await cluster.get('a').stats())?.incarnation;
    expect((await cluster.keys()).filter((key) => key.includes(incarnation!))).not.toEqual([]);
    await cluster.get('a').end('SIGTERM');
    expect((await cluster.keys()).filter((key) => key.includes(incarnation!))).toEqual([]);
    await until(async () => (await cluster.get('b').stats())?.processes === 1, 'the others to hear it', 1000);
  });

  test('leaves nothing when all processes are stopped at once, with players on each', async () => {
    await startAll();
    for (const name of NAMES) {
      for (let i = 0; i < 10; i++) {
        await cluster.person(cluster.get(name), `${name}-${i}`, { status: 'here' });
      }
    }
    await until(async () => (await cluster.keys()).length >= 30, 'all to be announced');
    await Promise.all(NAMES.map(async (name) => cluster.get(name).end('SIGTERM')));
    expect(await cluster.keys()).toEqual([]);
    expect(NAMES.flatMap((name) => cluster.get(name).faults)).toEqual([]);
  });
});
