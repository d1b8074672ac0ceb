/** Whatever is put into a key of the cluster: it is removed or replaced, and soon everything is as it should be. */
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { redisStore } from './support/backends.ts';
import { Processes, type Process } from './support/processes.ts';

const redis = await startRedis({ own: true });
const TEN_MB = 'x'.repeat(10 * 2 ** 20);

describe.skipIf(redis === null)('a bad value in Redis', () => {
  const server = redis!;
  let processes: Processes;
  let a: Process;
  let b: Process;
  const key = (name: string): string => `${processes.prefix}:${name}`;

  beforeEach(async () => {
    processes = new Processes(redisStore(server));
    [a, b] = [await processes.start('A'), await processes.start('B')];
    await Promise.all(['ann', 'bob', 'cat'].map((userId) => b.cluster.watch(userId)));
    await Promise.all([a.cluster.watch('ann'), a.cluster.watch('bob')]);
    a.show('ann', 'here');
    a.show('bob', 'there');
    await until(() => b.host.statuses('ann')[0] === 'here' && b.host.statuses('bob')[0] === 'there', 'B to hear');
    await until(async () => (await server.cli('SCARD', key('p'))) === '2', 'both to be listed');
  });
  afterEach(async () => {
    await processes.stop();
  });
  afterAll(async () => {
    await server.stop();
  });

  /** Everything in the store is as it should be, and a newcomer sees it. */
  const expectHealed = async (): Promise<void> => {
    const types = { 'u:ann': 'hash', 'pu:A': 'set', p: 'set', 'l:A': 'string', 'l:B': 'string' };
    await until(async () => {
      for (const [name, type] of Object.entries(types)) {
        if ((await server.cli('TYPE', key(name))) !== type) {
          return false;
        }
      }
      return (
        (await server.cli('SMEMBERS', key('p'))).split('\n').sort().join() === 'A,B' &&
        (await server.cli('SMEMBERS', key('pu:A'))).split('\n').sort().join() === 'ann,bob' &&
        (await server.cli('HKEYS', key('u:ann'))) === 'A'
      );
    }, 'the store to be as it should');
    await until(async () => {
      const read = await b.cluster.read(['ann', 'bob', 'cat']);
      return ['ann here', 'bob there', 'cat '].every((wanted) => {
        const [userId = '', status] = wanted.split(' ');
        const said = read.get(userId)?.registers.flatMap(({ register }) => register.entries) ?? [{ status: 'unknown' }];
        return said.map((entry) => entry.status).join() === status;
      });
    }, 'what is stored to be true');
    await until(
      () =>
        ['here', 'there', ''].join() === ['ann', 'bob', 'cat'].map((userId) => b.host.statuses(userId).join()).join(),
      'B to be right',
    );
    a.show('ann', 'on');
    await until(() => b.host.statuses('ann')[0] === 'on', 'B to hear ann again');
    expect([a.cluster.stats.state, b.cluster.stats.state]).toEqual(['up', 'up']);
    expect([...a.host.dropped, ...b.host.dropped]).toEqual([]);
  };

  test.each(['u:ann', 'pu:A', 'p', 'l:A', 'o:cat'])(
    'of another type in %s is removed',
    async (name) => {
      await server.cli('DEL', key(name));
      await server.cli('LPUSH', key(name), 'not what it should be');
      if (name === 'o:cat') {
        await b.cluster.read(['cat']);
        await until(async () => (await server.cli('EXISTS', key(name))) === '0', 'it to be removed');
      }
      await expectHealed();
    },
    20_000,
  );

  test.each([
    ['garbage', 'garbage'],
    ['10 MB', TEN_MB],
    ['10 MB of JSON', JSON.stringify({ v: 1, f: 'A', s: 1e9, e: [{ c: 'c', s: TEN_MB, t: 1 }] })],
    [
      'JSON of 100,000 connections',
      JSON.stringify({ v: 1, f: 'A', s: 1e9, e: Array.from({ length: 100_000 }, () => ({ c: 'c', s: '', t: 1 })) }),
    ],
    ['a deep nest', '['.repeat(100_000)],
  ])(
    'in the field of its owner: %s',
    async (_, value) => {
      await a.store.hset(key('u:ann'), 'A', value);
      await expectHealed();
    },
    20_000,
  );

  test.each([
    ['l:A', 'garbage'],
    ['l:A', TEN_MB],
    ['o:cat', 'garbage'],
    ['o:cat', TEN_MB],
  ])(
    'as the text in %s changes nothing for anybody',
    async (name, text) => {
      await a.store.set(key(name), text);
      await expectHealed();
      expect([...a.log, ...b.log]).toEqual([]);
    },
    20_000,
  );

  test.each<[what: string, spoil: (name: string) => Promise<unknown>]>([
    ['another type', (name) => server.cli('LPUSH', name, 'x')],
    ['no number', (name) => a.store.hset(name, 'n', 'garbage')],
    ['10 MB', (name) => a.store.hset(name, 'n', TEN_MB)],
    ['a number that never ends', (name) => a.store.hset(name, 'n', '9'.repeat(400))],
    ['a claim without an end', (name) => a.store.hset(name, 'n', '1')],
  ])(
    'in the claim of who sweeps a crashed process: %s',
    async (_, spoil) => {
      const c = await processes.start('C');
      c.show('cat', 'soon gone');
      await until(() => b.host.statuses('cat')[0] === 'soon gone', 'B to hear');
      await spoil(key('s:C'));
      c.line.cut();
      await until(() => b.host.statuses('cat').length === 0, 'C to be dropped', 10_000);
      const left = async (): Promise<string[]> => (await processes.keys()).filter((name) => name.endsWith(':C'));
      await until(async () => (await left()).length === 0, 'C to be swept', 10_000);
      expect((await server.cli('SMEMBERS', key('p'))).split('\n').sort()).toEqual(['A', 'B']);
      const lines = [...a.log, ...b.log].map(([, line]) => line);
      expect(lines.filter((line) => !line.includes('store_repaired'))).toEqual([]);
      expect(lines.length).toBeLessThanOrEqual(2); // by each that sees it
    },
    20_000,
  );

  test('under the name of no process, or of one that is gone, is removed', async () => {
    await a.store.hset(key('u:ann'), 'x'.repeat(300), 'garbage');
    await a.store.hset(key('u:ann'), 'gone', 'garbage');
    await expectHealed();
  }, 20_000);

  test('of another user is no news: neither of who is here nor of who is not', async () => {
    const { A: bob = '' } = await a.store.hgetall(key('u:bob'));
    await a.store.hset(key('u:ann'), 'A', bob);
    await a.store.hset(key('u:cat'), 'A', bob);
    await expectHealed();
    expect(
      b.host.applied.filter(({ userId }) => userId === 'cat').every(({ register }) => register.entries.length === 0),
    ).toBe(true);
    await until(async () => (await server.cli('EXISTS', key('u:cat'))) === '0', 'the field of cat to be removed');
  }, 20_000);

  test('among the names of users and processes goes', async () => {
    await server.cli('SADD', key('pu:A'), 'nobody', 'cat');
    await server.cli('SADD', key('p'), 'nowhere');
    await until(async () => (await server.cli('SISMEMBER', key('p'), 'nowhere')) === '0', 'the process to go', 15_000);
  }, 20_000);
});
