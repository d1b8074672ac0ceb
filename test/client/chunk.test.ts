import { describe, expect, it } from 'vitest';
import { Packr } from 'msgpackr';
import { chunkIds, fitsFrame } from '../../src/client/chunk.ts';

const packr = new Packr();
/** Protocol byte, request id (at most 9), type with header. */
const frameBytes = (userIds: string[]): number => 1 + 9 + 20 + packr.pack({ userIds }).byteLength;

describe('chunkIds', () => {
  it('keeps order and loses nothing', () => {
    const ids = Array.from({ length: 1000 }, (_, i) => `user-${i}`);
    expect(chunkIds(ids, 100, 3500).flat()).toEqual(ids);
  });

  it('obeys the count', () => {
    const chunks = chunkIds(
      Array.from({ length: 250 }, (_, i) => `${i}`),
      100,
      3500,
    );
    expect(chunks.map((chunk) => chunk.length)).toEqual([100, 100, 50]);
  });

  it.each([
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

  it('does not waste frames on short ids', () => {
    expect(
      chunkIds(
        Array.from({ length: 500 }, (_, i) => `${i}`),
        500,
        3500,
      ),
    ).toHaveLength(1);
  });

  it('gives an id that fits nowhere its own chunk', () => {
    expect(chunkIds(['a', 'x'.repeat(5000), 'b'], 100, 3500).map((chunk) => chunk.length)).toEqual([1, 1, 1]);
  });

  it('makes no chunk of nothing', () => {
    expect(chunkIds([], 100, 3500)).toEqual([]);
  });
});

describe('fitsFrame', () => {
  it('counts UTF-8 bytes, not characters', () => {
    expect(fitsFrame(['x'.repeat(2048)], 3500)).toBe(true);
    expect(fitsFrame(['語'.repeat(2048)], 3500)).toBe(false);
  });
});
