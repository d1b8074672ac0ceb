/** A server process that is stalled for longer than its lease and continues recovers: for its own players and for all others. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { expectSound, type Person } from '../support/person.ts';
import { startCluster, type ServerProcess, type TestCluster } from '../support/processes.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const redis = await startRedis({ own: true });

const ON_A = Array.from({ length: 50 }, (_, i) => `a-${i}`);
const ON_B = Array.from({ length: 50 }, (_, i) => `b-${i}`);

describe.skipIf(redis === null)('a process stopped past its lease and continued', () => {
  let cluster: TestCluster;
  let a: ServerProcess;
  let b: ServerProcess;

  beforeAll(async () => {
    cluster = await startCluster(redis!, ['a', 'b']);
    [a, b] = [cluster.get('a'), cluster.get('b')];
  });
  afterEach(async () => {
    await cluster.clear();
  });
  afterAll(async () => {
    a.signal('SIGCONT');
    await cluster.stop();
  });

  const join = (process: ServerProcess, userIds: string[]): Promise<Person[]> =>
    Promise.all(userIds.map(async (userId) => cluster.person(process, userId, { status: 'one' })));
  const sees = (follower: Person, userIds: string[], status: string): boolean =>
    userIds.every((userId) => follower.statusesOf(userId).join() === status);

  test('both sides show the right state again within 5 s', async () => {
    const [playersA, playersB] = [await join(a, ON_A), await join(b, ON_B)];
    const [followerA, followerB] = [
      await cluster.person(a, 'follower-a', { status: '' }),
      await cluster.person(b, 'follower-b', { status: '' }),
    ];
    await until(
      async () => (await a.stats())?.processes === 1 && (await b.stats())?.processes === 1,
      'the processes to know each other',
    );
    await followerA.follow(ON_B);
    await followerB.follow(ON_A);
    await until(() => sees(followerA, ON_B, 'one') && sees(followerB, ON_A, 'one'), 'both followers to see all');
    const { incarnation } = (await a.stats())!;
    [followerA, followerB].forEach((follower) => {
      follower.clear();
    });

    a.signal('SIGSTOP');
    await until(() => sees(followerB, ON_A, ''), 'its players to be shown offline', 12_000);
    await until(async () => !(await cluster.keys()).some((key) => key.includes(incarnation)), 'it to be swept', 5000);
    // Meanwhile life goes on: one leaves, one goes invisible, the others change.
    const [leaver, hider, ...others] = playersB;
    await leaver!.leave();
    await hider!.setStatus(null);
    for (const other of others) {
      await other.setStatus('two');
    }
    // To be read by it when it wakes: one of its players has something new to say, one leaves.
    const asked = [playersA[0]!.setStatus('two'), playersA[1]!.leave()];

    const woken = performance.now();
    a.signal('SIGCONT');
    const left = (): number => 5000 - (performance.now() - woken);
    await until(
      () => sees(followerA, ON_B.slice(2), 'two') && sees(followerA, ON_B.slice(0, 2), ''),
      'its own players to see what they missed',
      left(),
    );
    const here = performance.now() - woken;
    await until(
      () =>
        sees(followerB, ON_A.slice(2), 'one') && sees(followerB, [ON_A[0]!], 'two') && sees(followerB, [ON_A[1]!], ''),
      'everybody else to see its players again',
      left(),
    );
    const there = performance.now() - woken;
    console.info(
      `SIGSTOP past the lease: after SIGCONT its own side was right after ${(here / 1000).toFixed(2)} s, the other after ${(there / 1000).toFixed(2)} s.`,
    );
    await Promise.all(asked);

    // Nobody on the other side was gone for its followers, but who really went.
    const offline = followerA.deltas
      .flatMap(({ users = [] }) => users)
      .map(({ userId, general }) => `${userId} ${general}`);
    expect(offline.sort()).toEqual([`${ON_B[0]} unlogined`, `${ON_B[1]} offline`]);
    // One end and one return for each.
    for (const userId of ON_A.slice(2)) {
      const heard = followerB.deltas.flatMap(({ leaves, joins }) => [
        ...leaves.map((one) => ['-', one] as const),
        ...joins.map((one) => ['+', one] as const),
      ]);
      expect(
        heard
          .filter(([, one]) => one.userId === userId)
          .map(([sign]) => sign)
          .join(''),
      ).toBe('-+');
    }
    const registered = (await cluster.redis.cli('SMEMBERS', `presence:pu:${incarnation}`)).split('\n');
    expect(registered).toEqual(expect.arrayContaining([...ON_A.slice(2), ON_A[0], 'follower-a']));
    expect(await cluster.redis.cli('SMEMBERS', 'presence:p')).toContain(incarnation);

    await playersA[10]!.setStatus('three');
    await playersB[10]!.setStatus('three');
    await until(
      () => sees(followerB, [ON_A[10]!], 'three') && sees(followerA, [ON_B[10]!], 'three'),
      'news to pass both ways',
    );
    expect([...a.log, ...b.log]).toEqual([]);
    expectSound(followerA, followerB);
  }, 60_000);
});
