/** Redis goes down and comes back empty: players of the same process notice nothing, and all others see the right state soon after. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { expectSound, type Person } from '../support/person.ts';
import { startCluster, type ServerProcess, type TestCluster } from '../support/processes.ts';
import { startRedis } from '../support/redis.ts';
import type { UserStatus } from '../../src/protocol.ts';
import { until } from '../support/until.ts';

const redis = await startRedis({ own: true });

describe.skipIf(redis === null)('an outage of Redis', () => {
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
    await cluster.stop();
  });

  const sees = (follower: Person, wanted: Record<string, string>): boolean =>
    Object.entries(wanted).every(([userId, status]) => follower.statusesOf(userId).join() === status);
  const generals = (follower: Person): string[] =>
    follower.deltas
      .flatMap(({ users = [] }) => users)
      .map(({ userId, general }) => `${userId} ${general}`)
      .sort();
  const states = async (): Promise<Array<string | undefined>> => [(await a.stats())?.state, (await b.stats())?.state];

  test('with loss of all its data pauses nobody on the same process, and all is right within 10 s of its return', async () => {
    const people: Record<string, Person> = {};
    for (const [at, name] of [
      [a, 'a'],
      [b, 'b'],
    ] as const) {
      for (const role of ['local', 'changes', 'hides', 'leaves', 'stays', 'stranger']) {
        people[`${name}-${role}`] = await cluster.person(at, `${name}-${role}`, { status: 'one' });
      }
      people[`${name}-follower`] = await cluster.person(at, `${name}-follower`, { status: '' });
    }
    const [followerA, followerB] = [people['a-follower']!, people['b-follower']!];
    const followed = ['changes', 'hides', 'leaves', 'stays'];
    await until(
      async () => (await a.stats())?.processes === 1 && (await b.stats())?.processes === 1,
      'the processes to know each other',
    );
    await followerA.follow(['a-local', ...followed.map((role) => `b-${role}`)]);
    await followerB.follow(['b-local', ...followed.map((role) => `a-${role}`)]);
    await until(() => [followerA, followerB].every(({ mirror }) => mirror.held.size === 6), 'the followers to see all');
    [followerA, followerB].forEach((follower) => {
      follower.clear();
    });

    /** One update after the other on the same process, each awaited by its follower, until told to stop. */
    const load = { going: true };
    const pump = async (name: string): Promise<{ updates: number; slowestMs: number }> => {
      const [local, follower] = [people[`${name}-local`]!, people[`${name}-follower`]!];
      let [updates, slowestMs] = [0, 0];
      while (load.going) {
        const status = `update ${++updates}`;
        const started = performance.now();
        await local.setStatus(status);
        await until(
          () => follower.statusesOf(`${name}-local`)[0] === status,
          `${status} of ${name}-local to arrive`,
          2000,
        );
        slowestMs = Math.max(slowestMs, performance.now() - started);
        delivered[name] = updates;
      }
      return { updates, slowestMs };
    };
    const delivered: Record<string, number> = {};
    const pumps = Promise.all([pump('a'), pump('b')]);
    pumps.catch(() => {
      load.going = false;
    });

    await cluster.redis.kill();
    await until(async () => (await states()).join() === 'down,down', 'both to notice', 10_000);
    const atDown = { ...delivered };
    const leaving: Array<Promise<void>> = [];
    for (const [name, other] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      await people[`${name}-changes`]!.setStatus('two');
      await people[`${name}-hides`]!.setStatus(null);
      // Colyseus closes the socket when its own count of players is stored, which is when Redis is back.
      leaving.push(people[`${name}-leaves`]!.leave());
      // Answered without Redis, with what is known: nothing of somebody elsewhere, or of nobody.
      const strangers = [`${other}-stranger`, 'nobody'];
      const { presences, users } = await people[`${name}-follower`]!.follow(strangers);
      expect([presences, users]).toEqual([[], strangers.map((userId) => ({ userId, general: 'unknown' }))]);
    }
    await until(
      () => ['a', 'b'].every((name) => delivered[name]! >= atDown[name]! + 100),
      '100 more local updates to arrive',
      20_000,
    );
    expect((await states()).join()).toBe('down,down');
    // Whether somebody is online elsewhere is not known: nobody is offline as a guess.
    expect(await a.api('areOnline', ['a-local'])).toEqual(new Map([['a-local', true]]));
    await expect(a.api('areOnline', ['a-local', 'b-stays', 'nobody'])).rejects.toThrow(/2 of 3 users it is not known/);
    const brief = (users: UserStatus[]): string[] => users.map(({ userId, general }) => `${userId} ${general}`);
    expect(brief(await b.api('statuses', ['b-local', 'a-stays', 'nobody']))).toEqual([
      'b-local online',
      'a-stays unknown',
      'nobody unknown',
    ]);
    const asked = await followerA.ask('presence:query', { userIds: ['a-local', 'b-stays', 'b-local', 'nobody'] });
    expect(brief(asked.users)).toEqual(['a-local online', 'b-stays unknown', 'b-local unknown', 'nobody unknown']);
    expect(await a.api('countAll', 10)).toMatchObject({ complete: false });
    const ill = await a.api('health');
    expect(ill).toMatchObject({ ok: false, state: 'down', redis: { reachable: false } });
    expect(ill.behindMs).toBeGreaterThan(0);
    // A follower of somebody elsewhere sees him as last seen; of one who was never heard of nothing is known.
    expect(await a.api('explain', 'a-follower', 'b-stays')).toMatchObject({ reason: 'visible', complete: false });
    expect(await a.api('explain', 'a-follower', 'b-stranger')).toMatchObject({ reason: 'unknown' });
    expect(await a.api('explain', 'b-follower', 'a-stays')).toMatchObject({ reason: 'unknown', complete: false });
    // What is elsewhere is shown as last seen.
    expect(sees(followerA, { 'b-changes': 'one', 'b-stays': 'one', 'b-leaves': 'one' })).toBe(true);

    await cluster.redis.restart();
    const returned = performance.now();
    const wanted = (name: string): Record<string, string> => ({
      [`${name}-changes`]: 'two',
      [`${name}-hides`]: '',
      [`${name}-leaves`]: '',
      [`${name}-stays`]: 'one',
      [`${name}-stranger`]: 'one',
    });
    await until(
      () => sees(followerA, wanted('b')) && sees(followerB, wanted('a')),
      'everybody to be right again',
      10_000,
    );
    const right = performance.now() - returned;
    for (const process of [a, b]) {
      await until(async () => (await process.api('health')).state === 'up', `${process.name} to be well again`);
    }
    load.going = false;
    const local = await pumps;
    await Promise.all(leaving);
    console.info(
      `Redis killed and back, empty: all right ${(right / 1000).toFixed(2)} s after its return. Local updates throughout: ${local
        .map(({ updates, slowestMs }) => `${updates}, the slowest ${slowestMs.toFixed(0)} ms`)
        .join('; ')}.`,
    );

    // Whoever reads the empty store before the other process has written again finds nobody, for a moment.
    const known = (follower: Person, name: string): string[] =>
      generals(follower).filter((line) => line !== `${name}-stranger unlogined`);
    expect(known(followerA, 'b')).toEqual([
      'b-hides offline',
      'b-leaves unlogined',
      'b-stranger online',
      'nobody unlogined',
    ]);
    expect(known(followerB, 'a')).toEqual([
      'a-hides offline',
      'a-leaves unlogined',
      'a-stranger online',
      'nobody unlogined',
    ]);
    for (const process of [a, b]) {
      expect(process.hasEnded).toBe(false);
      expect(process.faults).toEqual([]);
      // A store that stands still while it is ended looks like a dead connection, which is named once.
      const renewed = process.log.filter((line) => line.includes('[presence:connection_renewed]'));
      expect(renewed.length).toBeLessThanOrEqual(1);
      expect(process.log.filter((line) => !renewed.includes(line))).toEqual([
        expect.stringContaining('does not answer'),
        expect.stringContaining('answers again'),
      ]);
      await until(
        async () =>
          Number(await cluster.redis.cli('SCARD', `presence:pu:${(await process.stats())!.incarnation}`)) === 5,
        'all visible users to be registered',
      );
    }
    expect((await cluster.redis.cli('SMEMBERS', 'presence:p')).split('\n')).toHaveLength(2);
    expect((await a.api('areOnline', ['b-stays', 'nobody'])).get('b-stays')).toBe(true);
    // The cluster takes new players.
    const late = await cluster.person(a, 'late', { status: 'hello' });
    await followerB.follow(['late']);
    await until(() => sees(followerB, { late: 'hello' }), 'who came afterwards to be seen');
    expectSound(followerA, followerB, late);
  }, 60_000);

  test('that empties it under a process which cannot notice yet makes nobody blink', async () => {
    const [ann, bob] = [
      await cluster.person(a, 'ann', { status: 'here' }),
      await cluster.person(b, 'bob', { status: 'here' }),
    ];
    await until(
      async () => (await a.stats())?.processes === 1 && (await b.stats())?.processes === 1,
      'the processes to know each other',
    );
    await ann.follow(['bob']);
    await until(() => sees(ann, { bob: 'here' }), 'ann to see bob');
    ann.clear();
    const reads = async (): Promise<number> =>
      Number(/cmdstat_hgetall:calls=(\d+)/.exec(await cluster.redis.cli('INFO', 'commandstats'))?.[1] ?? 0);

    b.signal('SIGSTOP');
    await cluster.redis.cli('FLUSHALL');
    try {
      const before = await reads();
      await until(async () => (await reads()) >= before + 4, 'process a to look for bob, and for ann, twice', 8000);
      expect(sees(ann, { bob: 'here' })).toBe(true);
    } finally {
      b.signal('SIGCONT');
    }
    await until(() => cluster.isAnnounced('bob'), 'bob to be stored again');
    await bob.setStatus('still here');
    await until(() => sees(ann, { bob: 'still here' }), 'ann to hear bob');
    expect(generals(ann)).toEqual([]);
    await bob.leave();
    await until(() => generals(ann).join() === 'bob unlogined', 'ann to hear that he left');
    expectSound(ann);
  }, 30_000);

  test('by CLIENT KILL of every connection, again and again, loses no update and shows nobody as gone', async () => {
    const [ann, bob] = [
      await cluster.person(a, 'ann', { status: 'here' }),
      await cluster.person(b, 'bob', { status: 'here' }),
    ];
    await until(
      async () => (await a.stats())?.processes === 1 && (await b.stats())?.processes === 1,
      'the processes to know each other',
    );
    await ann.follow(['bob']);
    await bob.follow(['ann']);
    await until(() => sees(ann, { bob: 'here' }) && sees(bob, { ann: 'here' }), 'both to see each other');
    [ann, bob].forEach((one) => {
      one.clear();
    });
    for (let round = 0; round < 5; round++) {
      const status = `round ${round}`;
      const killing = cluster.redis
        .cli('CLIENT', 'KILL', 'TYPE', round % 2 === 0 ? 'pubsub' : 'normal')
        // One after the other: the second would kill who sends the first.
        .then(() => cluster.redis.cli('CLIENT', 'KILL', 'TYPE', round % 2 === 0 ? 'normal' : 'pubsub'));
      await ann.setStatus(status);
      await bob.setStatus(status);
      await killing;
      await until(
        () => sees(ann, { bob: status }) && sees(bob, { ann: status }),
        `${status} to arrive on both sides`,
        10_000,
      );
    }
    expect([...generals(ann), ...generals(bob)]).toEqual([]);
    expect([...a.faults, ...b.faults]).toEqual([]);
    expectSound(ann, bob);
  }, 60_000);
});
