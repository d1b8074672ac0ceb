import { describe, expect, test } from 'vitest';
import { Refs } from '../../src/core/refs.ts';

describe('the numbers of the schema state', () => {
  test('follow from the id: the same again after it was given back, whatever came in between', () => {
    const refs = new Refs('secret');
    const bob = refs.take('bob');
    refs.give(bob);
    for (let i = 0; i < 1000; i++) {
      refs.take(`other ${i}`);
    }
    expect(refs.take('bob')).toBe(bob);
  });

  test('differ by secret', () => {
    const ids = Array.from({ length: 100 }, (_, i) => `id${i}`);
    const [one, two] = [new Refs('one'), new Refs('two')];
    expect(ids.filter((id) => one.take(id) === two.take(id))).toEqual([]);
  });

  test('leave room for the number behind, stay clear of root and users, and fit what every SDK reads', () => {
    const refs = new Refs('secret');
    const numbers = Array.from({ length: 100_000 }, (_, i) => refs.take(`user${i}`));
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(refs.size).toBe(numbers.length);
    expect(numbers.every((ref) => ref >= 2 && ref % 2 === 0 && ref + 1 < 2 ** 31)).toBe(true);
  });

  test("an id whose number is taken gets another, and giving twice frees nobody else's", () => {
    const refs = new Refs('secret');
    const first = refs.take('bob');
    const second = refs.take('bob');
    expect(second).not.toBe(first);
    refs.give(first);
    refs.give(first);
    expect(refs.size).toBe(1);
    expect(refs.take('bob')).toBe(first);
  });
});
