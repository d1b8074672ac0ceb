/** The store loses data or returns old data while the processes live: each process writes its own data again, and no user looks offline. */
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { startStores } from './support/backends.ts';
import { Processes, type Process } from './support/processes.ts';

describe.each(await startStores())('a store that loses single values: %s', (_name, store) => {
  let processes: Processes;
  let a: Process;
  let b: Process;
  const field = (userId: string): string => `${processes.prefix}:u:${userId}`;
  const stored = async (userId: string, reader = b): Promise<string[]> =>
    ((await reader.cluster.read([userId])).get(userId)?.registers ?? []).flatMap(({ register }) =>
      register.entries.map(({ status }) => status),
    );

  beforeEach(async () => {
    processes = new Processes(store);
    a = await processes.start('A');
    b = await processes.start('B');
  });
  afterEach(async () => {
    await processes.stop();
  });
  afterAll(async () => {
    await store.stop();
  });

  test('a lost field does not mean that the user is gone: a reader asks for it, and the owner writes it again', async () => {
    await b.cluster.watch('ann');
    a.show('ann', 'here');
    await until(() => b.host.statuses('ann')[0] === 'here', 'B to hear ann');
    await a.store.hdel(field('ann'), 'A');
    await until(async () => (await stored('ann'))[0] === 'here', 'A to write ann again');
    expect(b.host.applied.every(({ register }) => register.entries.length > 0)).toBe(true);
    expect(b.host.remembered.length).toBeLessThanOrEqual(1);
  });

  test('the owner notices the loss of its field by itself when no other process reads it', async () => {
    await a.cluster.watch('ann');
    a.show('ann', 'here');
    await until(async () => (await stored('ann'))[0] === 'here', 'ann to be stored');
    await a.store.hdel(field('ann'), 'A');
    await until(async () => (await stored('ann'))[0] === 'here', 'A to write ann again');
  });

  test.each([
    ['garbage', () => 'garbage'],
    ['what it said before', (earlier: string) => earlier],
  ])('the owner replaces %s in its field', async (_what, replace) => {
    await a.cluster.watch('ann');
    a.show('ann', 'before');
    await until(async () => (await stored('ann'))[0] === 'before', 'ann to be stored');
    const earlier = (await a.store.hgetall(field('ann')))['A']!;
    a.show('ann', 'now');
    await until(async () => (await stored('ann'))[0] === 'now', 'ann to be stored');
    await a.store.hset(field('ann'), 'A', replace(earlier));
    await until(async () => (await stored('ann'))[0] === 'now', 'A to write ann again');
  });

  test('old data of a restored store about a user that left is erased, also for new processes', async () => {
    a.show('ann', 'here');
    await until(async () => (await stored('ann'))[0] === 'here', 'ann to be stored');
    const earlier = (await a.store.hgetall(field('ann')))['A']!;
    a.hide('ann', 'offline');
    await until(async () => (await stored('ann')).length === 0, 'ann to be gone');
    const c = await processes.start('C');
    // Bob left so long ago that A has forgotten him.
    await a.store.hset(field('bob'), 'A', earlier.replace('"u":"ann"', '"u":"bob"'));
    await a.store.sadd(`${processes.prefix}:pu:A`, 'bob');
    await c.cluster.watch('bob');
    expect(c.host.statuses('bob')).toEqual(['here']);
    await until(() => c.host.statuses('bob').length === 0, 'A to erase what it does not say');
    await until(async () => (await stored('bob')).length === 0, 'the field to go');
  });

  test('a forged register with a high number does not silence the user, in the store or on its topic', async () => {
    const forged = { v: 1, f: 'A', s: 1_000_000_000, e: [{ c: 'c', s: 'forged', t: 1 }] };
    await b.cluster.watch('ann');
    a.show('ann', 'here');
    await until(() => b.host.statuses('ann')[0] === 'here', 'B to hear ann');
    await a.store.publish(field('ann'), forged);
    await until(() => b.host.statuses('ann')[0] === 'forged', 'B to be deceived');
    await until(() => b.host.statuses('ann')[0] === 'here', 'A to say it again');
    await a.cluster.watch('ann');
    await a.store.hset(field('ann'), 'A', JSON.stringify({ ...forged, s: 2_000_000_000 }));
    await until(async () => (await stored('ann'))[0] === 'here', 'A to write it again');
    a.show('ann', 'next');
    await until(() => b.host.statuses('ann')[0] === 'next', 'B to hear ann');
  });

  test('a lost list of users is written again, so that a sweeper finds every user', async () => {
    a.show('ann', 'here');
    await until(async () => (await stored('ann'))[0] === 'here', 'ann to be stored');
    a.store.del(`${processes.prefix}:pu:A`);
    await until(async () => (await a.store.smembers(`${processes.prefix}:pu:A`)).includes('ann'), 'ann to be listed');
  });
});
