import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { redisStore } from './support/backends.ts';
import { Processes, type Process } from './support/processes.ts';

const redis = await startRedis({ own: true });

describe.skipIf(redis === null)('the cluster when Redis fails', () => {
  const server = redis!;
  let processes: Processes;
  let a: Process;
  let b: Process;
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown): void => {
    rejections.push(reason);
  };

  beforeAll(() => {
    // RedisPresence logs every attempt to reconnect.
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    process.on('unhandledRejection', onRejection);
  });
  afterAll(async () => {
    process.off('unhandledRejection', onRejection);
    vi.restoreAllMocks();
    await server.stop();
    expect(rejections).toEqual([]);
  });
  beforeEach(() => {
    processes = new Processes(redisStore(server));
  });
  afterEach(async () => {
    await processes.stop();
  });

  const startBoth = async (): Promise<void> => {
    [a, b] = [await processes.start('A'), await processes.start('B')];
    await b.cluster.watch('ann');
    await a.cluster.watch('bob');
    a.show('ann', 'one');
    b.show('bob', 'one');
    await until(() => b.host.statuses('ann')[0] === 'one' && a.host.statuses('bob')[0] === 'one', 'both to hear');
    await until(() => a.cluster.stats.processes === 1 && b.cluster.stats.processes === 1, 'both to know each other');
  };

  test('recovers after Redis was killed and came back empty', async () => {
    await startBoth();
    for (let i = 0; i < 300; i++) {
      a.show(`user${i}`, 'here');
    }
    await server.kill();
    await until(() => a.cluster.stats.state === 'down' && b.cluster.stats.state === 'down', 'both to notice');
    a.show('ann', 'two');
    b.hide('bob', 'offline');
    const watching = b.cluster.watch('user7');
    await watching;
    await server.restart();

    await until(() => b.host.statuses('ann')[0] === 'two', 'B to hear what ann did meanwhile', 10_000);
    await until(() => b.host.statuses('user7')[0] === 'here', 'B to find who it began to watch meanwhile', 10_000);
    await until(() => a.host.statuses('bob').length === 0, 'A to hear that bob went');
    await until(
      async () => Number(await server.cli('SCARD', `${processes.prefix}:pu:A`)) === 301,
      'all to be registered',
    );
    expect(await server.cli('EXISTS', `${processes.prefix}:u:user299`)).toBe('1');
    for (const { log, host } of [a, b]) {
      expect(log.map(([level]) => level)).toEqual(['warn', 'info']);
      expect(host.dropped).toEqual([]);
    }
    a.show('ann', 'three');
    await until(() => b.host.statuses('ann')[0] === 'three', 'messages to pass again');
  }, 30_000);

  test('recovers after Redis was emptied without any notice', async () => {
    await startBoth();
    await server.cli('FLUSHALL');
    await until(
      async () => (await server.cli('HGETALL', `${processes.prefix}:u:ann`)) !== '',
      'ann to be stored again',
    );
    await until(
      async () => Number(await server.cli('SCARD', `${processes.prefix}:p`)) === 2,
      'both to be listed again',
    );
    expect([...a.log, ...b.log]).toEqual([]);
    expect(b.host.statuses('ann')).toEqual(['one']);
    expect(b.host.dropped).toEqual([]);
  });

  test('recovers after CLIENT KILL of every connection', async () => {
    await startBoth();
    for (let round = 0; round < 5; round++) {
      await server.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await server.cli('CLIENT', 'KILL', 'TYPE', 'normal');
      a.show('ann', `round ${round}`);
      b.show('bob', `round ${round}`);
      await until(() => b.host.statuses('ann')[0] === `round ${round}`, 'B to hear ann', 10_000);
      await until(() => a.host.statuses('bob')[0] === `round ${round}`, 'A to hear bob', 10_000);
    }
    expect([...a.host.dropped, ...b.host.dropped]).toEqual([]);
  }, 30_000);

  test('reads what it missed while only its subscriber connection was lost', async () => {
    [a, b] = [await processes.start('A', { antiEntropyBatch: 0 }), await processes.start('B', { antiEntropyBatch: 0 })];
    const watched = Array.from({ length: 50 }, (_, i) => `user${i}`);
    for (const userId of watched) {
      a.show(userId, 'one');
      await b.cluster.watch(userId);
    }
    await until(() => watched.every((userId) => b.host.statuses(userId)[0] === 'one'), 'B to hear all');
    const killing = server.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
    for (const userId of watched) {
      a.show(userId, 'two');
    }
    await killing;
    for (const userId of watched.slice(25)) {
      a.hide(userId, 'offline');
    }
    await until(
      () => watched.every((userId, i) => b.host.statuses(userId)[0] === (i < 25 ? 'two' : undefined)),
      'B to know all',
    );
  });

  test('does not count a slow Redis as down, and catches up', async () => {
    await startBoth();
    await server.cli('CLIENT', 'PAUSE', '800', 'ALL');
    for (let i = 0; i < 200; i++) {
      a.show('ann', `slow ${i}`);
    }
    await until(() => b.host.statuses('ann')[0] === 'slow 199', 'B to hear the last', 10_000);
    await until(() => a.cluster.stats.state === 'up' && b.cluster.stats.state === 'up', 'both to be up');
    // For a connection that is silent for so many beats a new one is opened, and said so.
    const changes = a.log.filter(([, line]) => !line.includes('counts as open'));
    expect(changes.length).toBeLessThanOrEqual(2);
    expect(b.host.applied.filter(({ userId }) => userId === 'ann').length).toBeLessThan(20);
  });

  test('stops within a bounded time while Redis is down, and leaves only keys that expire or are swept', async () => {
    await startBoth();
    await server.cli('CLIENT', 'PAUSE', '1500', 'ALL');
    const started = Date.now();
    await b.cluster.stop();
    expect(Date.now() - started).toBeLessThan(6000);
    await until(() => a.host.dropped.includes('B'), 'A to drop B', 10_000);
    await until(
      async () => !(await processes.keys()).some((key) => key.endsWith(':u:bob') || key.endsWith('B')),
      'B to be swept',
      10_000,
    );
  }, 20_000);

  test('removes a foreign value, writes again what belongs there, and does not count the store as down', async () => {
    await startBoth();
    await server.cli('SET', `${processes.prefix}:u:eve`, 'not a hash');
    a.show('eve', 'blocked');
    await b.cluster.watch('eve');
    a.show('ann', 'fine');
    await until(() => b.host.statuses('ann')[0] === 'fine', 'others to be served');
    await until(() => b.host.statuses('eve')[0] === 'blocked', 'eve to be served, too');
    await until(
      async () => (await server.cli('TYPE', `${processes.prefix}:u:eve`)) === 'hash',
      'her register to be stored',
    );
    const lines = [...a.log, ...b.log].map(([, line]) => line);
    expect(lines.length).toBeGreaterThanOrEqual(1);
    expect(lines.every((line) => line.includes(':u:eve" in the shared store held what does not belong there'))).toBe(
      true,
    );
    expect(a.cluster.stats.repaired + b.cluster.stats.repaired).toBe(lines.length);
  });
});

describe.skipIf(redis === null)('what the cluster costs in Redis commands', () => {
  test('is two per update, five when a user appears, three when it vanishes', async () => {
    const own = (await startRedis({ own: true }))!;
    const processes = new Processes(redisStore(own));
    // No beat falls into the test: the first is at random within the interval.
    const options = { heartbeatMs: 36_000_000, leaseMs: 72_000_000 };
    const [a, b] = [await processes.start('A', options), await processes.start('B', options)];
    const during = async (work: () => Promise<void>): Promise<Record<string, number>> => {
      await own.cli('CONFIG', 'RESETSTAT');
      await work();
      const lines = (await own.cli('INFO', 'commandstats')).split('\n').filter((line) => line.startsWith('cmdstat_'));
      const counted = lines
        .map((line) => /^cmdstat_([^:]+):calls=(\d+)/.exec(line)!)
        .filter(([, command]) => !['config|resetstat', 'info'].includes(command!));
      return Object.fromEntries(counted.map(([, command, calls]) => [command, Number(calls)]));
    };
    try {
      // Both have asserted themselves: what follows is only what the test does.
      await until(
        () =>
          a.cluster.stats.state === 'up' &&
          (a.line.calls.get('smembers') ?? 0) === 2 &&
          (b.line.calls.get('smembers') ?? 0) === 2,
        'both to have settled',
      );
      await until(async () => Number(await own.cli('SCARD', `${processes.prefix}:p`)) === 2, 'both to be listed');

      expect(await during(() => b.cluster.watch('ann'))).toEqual({ subscribe: 1, hgetall: 1, get: 1 });
      expect(
        await during(async () => {
          a.show('ann', 'first');
          await until(() => b.host.statuses('ann')[0] === 'first', 'B to hear');
        }),
        // The user is put on the list of the process, and the process on the list of processes: the store may have lost that.
        // The list ends by itself should nobody know of the process any more.
      ).toEqual({ sadd: 2, expire: 1, hset: 1, publish: 1 });
      expect(
        await during(async () => {
          for (let i = 0; i < 100; i++) {
            a.show('ann', `update ${i}`);
            await until(() => b.host.statuses('ann')[0] === `update ${i}`, 'B to hear');
          }
        }),
      ).toEqual({ hset: 100, publish: 100 });
      expect(
        await during(async () => {
          a.hide('ann', 'offline');
          await until(() => b.host.said('ann', 'A')?.last === 'offline', 'B to hear');
        }),
      ).toEqual({ hdel: 1, publish: 1, setex: 1 });
      expect(
        await during(async () => {
          a.show('ann', 'again');
          await until(() => b.host.statuses('ann')[0] === 'again', 'B to hear');
          a.hide('ann', 'unlogined');
          await until(() => b.host.said('ann', 'A')?.last === 'unlogined', 'B to hear');
        }),
      ).toEqual({ hset: 1, hdel: 1, publish: 2, del: 1 });
      expect(
        await during(async () => {
          await b.cluster.read(['ann', 'bob']);
        }),
      ).toEqual({ hgetall: 2, get: 2 });
      expect(
        await during(async () => {
          b.cluster.unwatch('ann');
          await until(
            async () => !(await processes.topics()).some((topic) => topic.includes(':u:')),
            'the topic to be left',
          );
        }),
      ).toMatchObject({ unsubscribe: 1 });
    } finally {
      await processes.stop();
      await own.stop();
    }
  });
});
