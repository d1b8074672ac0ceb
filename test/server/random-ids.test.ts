import { expect, test } from 'vitest';
import { randomIds } from '../../src/server/random-ids.ts';

test('ids are 96 bits in URL-safe text, and none comes twice, also not from another source', () => {
  const [one, other] = [randomIds(), randomIds()];
  const ids = Array.from({ length: 1000 }, () => [one(), other()]).flat();
  expect(new Set(ids).size).toBe(2000);
  expect(ids.filter((id) => !/^[\w-]{16}$/.test(id))).toEqual([]);
});
