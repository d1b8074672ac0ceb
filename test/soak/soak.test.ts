import { expect, test } from 'vitest';
import { chart, growth, type Sample } from './chart.ts';

const samples = (heapAt: (minute: number) => number): Sample[] =>
  Array.from({ length: 60 }, (_, minute) => ({
    minute,
    heapMb: heapAt(minute),
    resources: 100,
    listeners: 10,
    users: 50,
    connections: 60,
    keys: 40,
  }));

test('what grows is told from what goes up and down; warming up does not count', () => {
  const grown = (heapAt: (minute: number) => number): string[] =>
    growth(samples(heapAt))
      .filter(({ grew }) => grew)
      .map(({ name }) => name);
  expect(grown((minute) => 20 + (minute % 7))).toEqual([]);
  expect(grown((minute) => (minute < 5 ? 5 : 20))).toEqual([]);
  expect(grown((minute) => 20 + minute / 3)).toEqual(['heapMb']);
});

test('the chart has a line for each series', () => {
  expect(chart(samples(() => 20)).match(/<polyline/g)).toHaveLength(6);
});
