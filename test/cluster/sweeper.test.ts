import { beforeEach, describe, expect, test } from 'vitest';
import { makeParts } from './support/parts.ts';

const always = (): boolean => true;

describe('the sweeper', () => {
  let parts: ReturnType<typeof makeParts>;
  beforeEach(async () => {
    parts = makeParts('B');
    const { store } = parts;
    for (const userId of ['ann', 'bob']) {
      await store.list('A', userId);
      await store.put(userId, 'A', 'x');
    }
    await store.put('bob', 'C', 'x');
    await store.enlist('A');
  });

  test('removes all data of a process, and remembers as offline the users that no other process announces', async () => {
    const { store, sweeper } = parts;
    expect(await sweeper.sweep('A', always)).toBe(true);
    expect([await store.fields('ann'), await store.fields('bob')]).toEqual([[], [['C', 'x']]]);
    expect([await store.listed('A'), await store.processes()]).toEqual([[], []]);
    expect([await store.remembered('ann'), await store.remembered('bob')]).toEqual(['offline', 'unlogined']);
    expect(await store.isClaimed('A')).toBe(false);
  });

  test('sweeps a process that is on no list but has users', async () => {
    const { store, sweeper } = parts;
    await store.delist('A');
    expect(await sweeper.sweep('A', always)).toBe(true);
    expect(await store.fields('ann')).toEqual([]);
  });

  test('has nothing to do where nothing is left', async () => {
    expect(await parts.sweeper.sweep('nobody', always)).toBe(true);
  });

  test('leaves a process with a lease alone, and gives the claim back', async () => {
    const { store, sweeper } = parts;
    await store.renew('A', 'up', 60);
    expect(await sweeper.sweep('A', always)).toBe(false);
    expect(await store.fields('ann')).toHaveLength(1);
    expect(await store.isClaimed('A')).toBe(false);
    await store.endLease('A');
  });

  test('does nothing when another process holds the claim', async () => {
    const { store, sweeper } = parts;
    await store.claim('A', 60);
    expect(await sweeper.sweep('A', always)).toBe(false);
    expect(await store.fields('ann')).toHaveLength(1);
  });

  test('takes a claim that does not end for none', async () => {
    const { store, sweeper } = parts;
    await store.claim('A', 3600);
    for (let round = 1; round < 20; round++) {
      expect(await sweeper.sweep('A', always)).toBe(false);
    }
    expect(await store.fields('ann')).toHaveLength(1);
    expect(await sweeper.sweep('A', always)).toBe(true);
    expect(await store.fields('ann')).toEqual([]);
  });

  test('stops when the process is back, and ends its lease so that it writes everything again', async () => {
    const { store, sweeper } = parts;
    await store.renew('A', 'up', 60);
    await sweeper.purge('A', () => false);
    expect(await store.fields('ann')).toHaveLength(1);
    expect(await store.listed('A')).toHaveLength(2);
    expect(await store.lease('A')).toBeNull();
  });
});
