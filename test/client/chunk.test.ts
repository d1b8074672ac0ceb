import { describe, expect, test } from 'vitest';
import { Packr } from 'msgpackr';
import { chunkIds, fitsFrame } from '../../src/client/chunk.ts';

const packr = new Packr();
/** Protocol byte, type with header, payload. */
const frameBytes = (userIds: string[]): number => 1 + 18 + packr.pack({ userIds, cid: 'client:999999999' }).byteLength;

describe('chunkIds', () => {
  test('keeps order and loses nothing', () => {
    const ids = Array.from({ length: 1000 }, (_, i) => `user-${i}`);
    expect(chunkIds(ids, 100, 3500).flat()).toEqual(ids);
  });

  test('obeys the count', () => {
    const chunks = chunkIds(
      Array.from({ length: 250 }, (_, i) => `${i}`),
      100,
      3500,
    );
    expect(chunks.map((chunk) => chunk.length)).toEqual([100, 100, 50]);
  });

  test.each([
    ['ids of a game', (i: number) => `user-${i}`],
    ['UUIDs', (i: number) => `${String(i).padStart(8, '0')}-0000-4000-8000-000000000000`],
    ['128 ASCII characters', (i: number) => String(i).padEnd(128, 'x')],
    ['128 characters of 3 bytes', (i: number) => String(i).padEnd(128, '語')],
    ['emoji', (i: number) => `${i}${'😀'.repeat(60)}`],
  ])('keeps every frame under the limit: %s', (_, id) => {
    const chunks = chunkIds(
      Array.from({ length: 500 }, (__, i) => id(i)),
      500,
      3500,
    );
    expect(Math.max(...chunks.map(frameBytes))).toBeLessThanOrEqual(3500);
    expect(chunks.flat()).toHaveLength(500);
  });

  test('does not waste frames on short ids', () => {
    expect(
      chunkIds(
        Array.from({ length: 500 }, (_, i) => `${i}`),
        500,
        3500,
      ),
    ).toHaveLength(1);
  });

  test('gives an id that fits nowhere its own chunk', () => {
    expect(chunkIds(['a', 'x'.repeat(5000), 'b'], 100, 3500).map((chunk) => chunk.length)).toEqual([1, 1, 1]);
  });

  test('makes no chunk of nothing', () => {
    expect(chunkIds([], 100, 3500)).toEqual([]);
  });
});

describe('fitsFrame', () => {
  test('counts UTF-8 bytes, not characters', () => {
    expect(fitsFrame(['x'.repeat(2048)], 3500)).toBe(true);
    expect(fitsFrame(['語'.repeat(2048)], 3500)).toBe(false);
  });
});
