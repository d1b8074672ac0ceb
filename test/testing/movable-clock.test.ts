import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MovableClock } from '../../src/testing/movable-clock.ts';
import { until } from '../../src/testing/until.ts';

let clock: MovableClock;
let uninstall: () => void;

beforeEach(() => {
  clock = new MovableClock();
  uninstall = clock.install();
});
afterEach(() => {
  uninstall();
});

test('all clocks move together, backwards never', () => {
  const [date, now, made] = [Date.now(), performance.now(), new Date().getTime()];
  clock.jump(60_000);
  for (const passed of [Date.now() - date, performance.now() - now, new Date().getTime() - made]) {
    expect(passed).toBeGreaterThanOrEqual(60_000);
    expect(passed).toBeLessThan(65_000);
  }
  expect(new Date()).toBeInstanceOf(Date);
  expect(new Date(5).getTime()).toBe(5);
  expect(Date.UTC(2000, 0)).toBe(946_684_800_000);
});

test('timers that become due run at their times, in their order; the others are so much nearer', async () => {
  const start = performance.now();
  const runs: [string, number][] = [];
  const run = (name: string): void => {
    runs.push([name, Math.round((performance.now() - start) / 100) * 100]);
  };
  setTimeout(run, 3000, 'later');
  setTimeout(run, 1000, 'sooner');
  setTimeout(run, 4050, 'by itself');
  clock.jump(4000);
  expect(runs).toEqual([
    ['sooner', 1000],
    ['later', 3000],
  ]);
  await until(() => runs.length === 3, 'the third timer to end in real time');
});

test('an interval runs once in a jump, and goes on from there', async () => {
  let runs = 0;
  const timer = setInterval(() => runs++, 1000);
  clock.jump(10_000);
  expect(runs).toBe(1);
  clock.jump(900);
  await setImmediate();
  expect(runs).toBe(1);
  clock.jump(200);
  expect(runs).toBe(2);
  clearInterval(timer);
  clock.jump(5000);
  expect(runs).toBe(2);
});

test('a timer that another one clears does not run; one that it makes waits for its time', async () => {
  const runs: string[] = [];
  const late = setTimeout(() => runs.push('late'), 2000);
  setTimeout(() => {
    clearTimeout(late);
    setTimeout(() => runs.push('made'), 100);
  }, 1000);
  clock.jump(3000);
  expect(runs).toEqual([]);
  await until(() => runs.includes('made'), 'the timer that is overdue');
});

test('an error of a timer is thrown when all have run and the time has moved', () => {
  const start = performance.now();
  let ran = false;
  setTimeout(() => {
    throw new Error('of a timer');
  }, 10);
  setTimeout(() => (ran = true), 20);
  expect(() => {
    clock.jump(1000);
  }).toThrow('of a timer');
  expect(ran).toBe(true);
  expect(performance.now() - start).toBeGreaterThanOrEqual(1000);
});

test('timers are those of Node: unref, refresh, promisify', async () => {
  const timer = setTimeout(() => undefined, 5000);
  expect([timer.hasRef(), timer.unref().hasRef()]).toEqual([true, false]);
  clock.jump(4000);
  expect(timer.hasRef()).toBe(false);
  timer.refresh();
  clock.jump(4000);
  expect(clock.armed.size).toBe(1);
  clearTimeout(timer);
  expect(clock.armed.size).toBe(0);
  const waiting = promisify(setTimeout)(60_000, 'done');
  clock.jump(60_000);
  expect(await waiting).toBe('done');
});

test('when it is uninstalled, intervals end, and what still waits keeps no process alive', () => {
  const interval = setInterval(() => undefined, 1000);
  const timer = setTimeout(() => undefined, 1000);
  uninstall();
  expect(clock.armed.size).toBe(1);
  expect(timer.hasRef()).toBe(false);
  clearInterval(interval);
});
