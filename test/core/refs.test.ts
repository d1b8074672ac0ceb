import { describe, expect, test } from 'vitest';
import { Refs } from '../../src/core/refs.ts';
import { keyedHash } from '../../src/wire/keyed-hash.ts';
import { userOf } from '../support/model.ts';

const IDS = Array.from({ length: 20_000 }, (_, i) => `id${i}`);

describe('the numbers of the schema state', () => {
  test('depend only on the id, not on other users', () => {
    const key = Buffer.alloc(16, 7);
    const [crowded, empty] = [new Refs(keyedHash(key)), new Refs(keyedHash(key))];
    for (const id of IDS) {
      crowded.hold(crowded.ofUser(id), id, userOf(id, crowded.ofUser(id)));
    }
    expect(IDS.map((id) => crowded.ofUser(id))).toEqual(IDS.map((id) => empty.ofUser(id)));
    expect(IDS.map((id) => crowded.ofConnection(id))).toEqual(IDS.map((id) => empty.ofConnection(id)));
  });

  test('stay below 2^24, the number behind a user included, and are the same as 32-bit floats', () => {
    const highest = new Refs(() => 2 ** 32 - 1);
    const hashes = [0, 1, 2 ** 22 - 2, 2 ** 22 - 1, 2 ** 23 - 1, 2 ** 23, 2 ** 32 - 1];
    const numbers = hashes.flatMap((hash) => {
      const refs = new Refs(() => hash);
      return [refs.ofUser('x'), refs.ofUser('x') + 1, refs.ofConnection('x')];
    });
    const random = new Refs(keyedHash());
    const all = [
      ...numbers,
      ...IDS.flatMap((id) => [random.ofUser(id), random.ofUser(id) + 1, random.ofConnection(id)]),
      highest.alias(4, 'x', 1) + 1,
      highest.alias(6, 'x', 1),
    ];
    expect(all.filter((number) => number < 2 || number >= 2 ** 24 || Math.fround(number) !== number)).toEqual([]);
  });

  test('tell a user, the map behind it and a connection apart, aliases included', () => {
    const refs = new Refs(keyedHash());
    for (const id of IDS.slice(0, 1000)) {
      expect(refs.ofUser(id) % 4).toBe(0);
      expect(refs.alias(refs.ofUser(id), id, 1) % 4).toBe(0);
      expect(refs.ofConnection(id) % 4).toBeGreaterThanOrEqual(2);
      expect(refs.alias(refs.ofConnection(id), id, 1) % 4).toBeGreaterThanOrEqual(2);
    }
  });

  test('ids that share a number are known while both are present', () => {
    const refs = new Refs(() => 0);
    const [ann, bob] = [userOf('ann', refs.ofUser('ann')), userOf('bob', refs.ofUser('bob'))];
    refs.hold(ann.ref, 'ann', ann);
    refs.hold(ann.ref, 'ann', ann);
    expect(refs.rivals(ann.ref, 'ann')).toEqual([]);
    refs.hold(bob.ref, 'bob', bob);
    expect(refs.rivals(bob.ref, 'bob')).toEqual([{ id: 'ann', user: ann }]);
    expect(refs.rivals(ann.ref, 'ann')).toEqual([{ id: 'bob', user: bob }]);
    refs.release(bob.ref, 'bob');
    refs.release(bob.ref, 'bob');
    expect(refs.rivals(ann.ref, 'ann')).toEqual([]);
    refs.release(ann.ref, 'ann');
    expect(refs.size).toBe(0);
  });
});
