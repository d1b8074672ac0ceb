import { describe, expect, test } from 'vitest';
import { keyedHash } from '../../src/wire/keyed-hash.ts';

describe('the keyed hash', () => {
  const IDS = Array.from({ length: 2000 }, (_, i) => `id${i}`);

  test('is 32 bits, and the same for the same key and text', () => {
    const key = Buffer.alloc(16, 1);
    const [one, two] = [keyedHash(key), keyedHash(key)];
    for (const id of IDS) {
      expect(Number.isInteger(one(id)) && one(id) >= 0 && one(id) < 2 ** 32).toBe(true);
      expect(one(id)).toBe(two(id));
    }
  });

  test('is another for another key, and a key of its own unless one is given', () => {
    const [one, two] = [keyedHash(), keyedHash()];
    expect(IDS.filter((id) => one(id) === two(id)).length).toBeLessThan(3);
  });

  test('texts with one prefix, or one length, do not share their bits', () => {
    const hash = keyedHash();
    expect(new Set(IDS.map(hash)).size).toBeGreaterThan(IDS.length - 3);
    const ones = IDS.reduce((sum, id) => sum + (hash(id) & 1), 0);
    expect(Math.abs(ones - IDS.length / 2)).toBeLessThan(200);
  });
});
