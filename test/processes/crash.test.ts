/** A server process that is killed leaves nobody online and nothing in Redis. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { expectSound, type Person } from '../support/person.ts';
import { startCluster, type ServerProcess, type TestCluster } from '../support/processes.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const redis = await startRedis({ own: true });

const USERS = Array.from({ length: 200 }, (_, i) => `user-${i}`);
/** These have a second device, on a process that survives. */
const TWICE = USERS.slice(0, 10);
/** A lease and the time to sweep, by the default options. */
const PROMISE_MS = 10_000;

describe.skipIf(redis === null)('a process killed by SIGKILL', () => {
  let cluster: TestCluster;
  let a: ServerProcess;
  let b: ServerProcess;
  let c: ServerProcess;

  beforeAll(async () => {
    cluster = await startCluster(redis!, ['a', 'b', 'c']);
    [a, b, c] = [cluster.get('a'), cluster.get('b'), cluster.get('c')];
  });
  afterEach(async () => {
    await cluster.clear();
  });
  afterAll(async () => {
    await cluster.stop();
  });

  test(`with ${USERS.length} users: all followers elsewhere are told, and no trace is left, within ${PROMISE_MS / 1000} s`, async () => {
    await Promise.all(USERS.map(async (userId) => cluster.person(a, userId, { status: 'playing' })));
    await Promise.all(TWICE.map(async (userId) => cluster.person(b, userId, { status: 'phone' })));
    const followers: Person[] = await Promise.all(
      [b, b, c, c].map(async (process, i) => cluster.person(process, `follower-${i}`, { status: '' })),
    );
    await until(async () => (await a.stats())?.processes === 2, 'the processes to know each other');
    for (const follower of followers) {
      await follower.follow(USERS.slice(0, 100));
      await follower.follow(USERS.slice(100));
    }
    await until(
      () => followers.every(({ mirror }) => mirror.held.size >= USERS.length + TWICE.length),
      'the followers to see everybody',
    );
    followers.forEach((follower) => {
      follower.clear();
    });
    const dead = (await a.stats())!.incarnation;

    const killed = performance.now();
    await a.end('SIGKILL');
    const after = async (what: string, probe: () => boolean | Promise<boolean>): Promise<number> => {
      await until(probe, what, PROMISE_MS - (performance.now() - killed));
      return performance.now() - killed;
    };
    const told = await after('every follower to be told', () =>
      followers.every((follower) =>
        USERS.every((userId) => follower.statusesOf(userId).join() === (TWICE.includes(userId) ? 'phone' : '')),
      ),
    );
    const swept = await after('the traces to be swept', async () => {
      const keys = await cluster.keys();
      return (
        !keys.some((key) => key.includes(dead)) &&
        keys.filter((key) => key.startsWith('presence:u:user-')).length === TWICE.length
      );
    });
    console.info(
      `SIGKILL with ${USERS.length} users: all followers told after ${(told / 1000).toFixed(2)} s, Redis clean after ${(swept / 1000).toFixed(2)} s.`,
    );

    for (const userId of TWICE) {
      expect(await cluster.redis.cli('HKEYS', `presence:u:${userId}`)).toBe((await b.stats())!.incarnation);
    }
    expect(await cluster.redis.cli('SMEMBERS', 'presence:p')).not.toContain(dead);
    const gone = USERS.filter((userId) => !TWICE.includes(userId));
    for (const follower of followers) {
      // Once each, and only who was there.
      expect(follower.deltas.flatMap(({ leaves }) => leaves.map(({ userId }) => userId)).sort()).toEqual(
        [...USERS].sort(),
      );
      expect(follower.deltas.flatMap(({ joins }) => joins)).toEqual([]);
      expect(
        follower.deltas.flatMap(({ users = [] }) => users).sort((x, y) => x.userId.localeCompare(y.userId)),
      ).toEqual(
        gone.map((userId) => ({ userId, general: 'offline' })).sort((x, y) => x.userId.localeCompare(y.userId)),
      );
      await until(
        () => gone.every((userId) => follower.state.users[userId]?.general === 'offline'),
        'the state to say the same',
      );
    }
    expect([...b.log, ...c.log]).toEqual([]);
    expectSound(...followers);

    // In its place a new one starts, which nobody takes for the old.
    a = await cluster.start('a');
    const back = await cluster.person(a, USERS[50]!, { status: 'back' }, 'lobby');
    await until(
      () => followers.every((follower) => follower.statusesOf(USERS[50]!).join() === 'back'),
      'the followers to see who is back',
      10_000,
    );
    expect((await a.stats())!.incarnation).not.toBe(dead);
    await back.leave();
  }, 60_000);
});
