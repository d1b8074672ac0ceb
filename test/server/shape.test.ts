import { expect, test } from 'vitest';
import { anything, fields, flag, list, maybe, number, oneOf, text } from '../../src/server/shape.ts';

interface Thing {
  name: string;
  size: number;
  kind: 'a' | 'b';
  isBig: boolean;
  tags: string[];
  note?: string;
  more: unknown;
}
const isThing = fields<Thing>({
  name: text(3),
  size: number,
  kind: oneOf('a', 'b'),
  isBig: flag,
  tags: list(text(3), 2),
  note: maybe(text(3)),
  more: anything,
});
const THING = { name: 'abc', size: 1, kind: 'a', isBig: false, tags: ['x'], more: null };

test.each([THING, { ...THING, note: 'x' }, { ...THING, other: 1 }])('%j has the shape', (value) => {
  expect(isThing(value)).toBe(true);
});

test.each([
  null,
  undefined,
  7,
  'x',
  [],
  {},
  { ...THING, name: 'abcd' },
  { ...THING, size: Infinity },
  { ...THING, size: '1' },
  { ...THING, kind: 'toString' },
  { ...THING, isBig: 1 },
  { ...THING, tags: ['x', 'x', 'x'] },
  { ...THING, tags: [1] },
  { ...THING, tags: { length: 0 } },
  { ...THING, note: null },
  Object.create(THING),
])('%j has not', (value: unknown) => {
  expect(isThing(value)).toBe(false);
});
