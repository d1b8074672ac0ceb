import { LocalPresence } from '@colyseus/core';
import { describe, expect, test } from 'vitest';
import { Claims } from '../../src/server/claims.ts';

describe.each([
  [
    'one process',
    () => {
      const claims = new Claims();
      return [claims, claims];
    },
  ],
  [
    'two processes',
    () => {
      const store = new LocalPresence();
      return [new Claims({ store, prefix: 'p' }), new Claims({ store, prefix: 'p' })];
    },
  ],
])('%s', (_, make) => {
  test('of several who claim at once, one gets the claim', async () => {
    const [a, b] = make();
    const taken = await Promise.all([a!.take('i', 1), b!.take('i', 1), a!.take('i', 1), b!.take('i', 1)]);
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await b!.take('other', 1)).toBe(true);
  });

  test('a claim that is given back is free', async () => {
    const [a, b] = make();
    expect(await a!.take('i', 1)).toBe(true);
    expect(await b!.take('i', 1)).toBe(false);
    await a!.giveBack('i');
    expect(await b!.take('i', 1)).toBe(true);
  });
});

test('nothing is held of a claim that could not be made', async () => {
  const store = { hincrbyex: () => Promise.reject(new Error('down')), hdel: async () => true };
  const claims = new Claims({ store, prefix: 'p' });
  await expect(claims.take('i', 1)).rejects.toThrow('down');
  expect(claims.size).toBe(0);
  store.hincrbyex = () => Promise.resolve(1) as Promise<never>;
  expect(await claims.take('i', 1)).toBe(true);
  claims.forget('i');
  expect(claims.size).toBe(0);
});
