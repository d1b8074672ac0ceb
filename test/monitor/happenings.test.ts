/** What the timeline says of a cluster, look after look. */
import { expect, test } from 'vitest';
import { happenings, shortName, type Look } from '../../src/monitor/happenings.ts';
import { learn, reportOf } from '../../src/monitor/report.ts';
import { overview, processReport, type Sketch } from './support.ts';

/** The kinds of lines between one look and the next. */
function story(...sketches: Sketch[][]): string[][] {
  let before: Look | undefined;
  return sketches.map((sketch, at) => {
    const known = learn(before?.known ?? new Map(), overview(...sketch), at * 1000);
    const now = { known, report: reportOf(before?.known ?? new Map(), known, true, at * 1000) };
    const news = before === undefined ? [] : happenings(before, now);
    before = now;
    return news.map(({ kind }) => kind);
  });
}

const a: Sketch = { process: 'a.1', state: 'self', online: 100 };
const b: Sketch = { process: 'b.1', state: 'up', online: 100 };

test('a crash: it does not answer, then it is gone, then its users are', () => {
  expect(
    story(
      [a, b],
      [a, { ...b, isMute: true }],
      [a, { ...b, isMute: true, state: 'silent' }],
      [a, { ...b, isMute: true, state: 'gone' }],
      [a],
    ),
  ).toEqual([[], ['process_silent'], [], ['process_gone', 'users_lost'], []]);
});

test('a stall: it does not answer, then it does; nobody has gone', () => {
  expect(story([a, b], [a, { ...b, isMute: true }], [a, b])).toEqual([[], ['process_silent'], ['process_answers']]);
});

test('a rolling restart: it leaves, another one joins', () => {
  const next: Sketch = { process: 'b.2', state: 'up', online: 0 };
  expect(story([a, b], [a, { ...b, state: 'leaving' }], [a, { ...next, online: 100 }])).toEqual([
    [],
    ['process_leaving'],
    ['process_joined', 'process_gone'],
  ]);
});

test('Redis goes and comes: first the cause, then what follows from it', () => {
  const ill: Sketch = { ...a, health: 'down' };
  expect(story([a, b], [ill, { ...b, isMute: true }], [a, b])).toEqual([
    [],
    ['redis_down', 'process_silent'],
    ['redis_up', 'process_answers'],
  ]);
});

test('a few users who come and go are no news', () => {
  expect(story([a], [{ ...a, online: 96 }], [{ ...a, online: 80 }], [{ ...a, online: 99 }])).toEqual([
    [],
    [],
    ['users_lost'],
    ['users_came'],
  ]);
});

test('a process is named by its id of Colyseus', () => {
  expect(shortName('xYz12.lq3abc')).toBe('xYz12');
  expect(shortName('local')).toBe('local');
  expect(processReport(a).process).toBe('a.1');
});
