import { expect, test } from 'vitest';
import { Histogram } from '../../src/core/histogram.ts';
import { learn, reportOf, type KnownProcesses } from '../../src/monitor/report.ts';
import { overview, type Sketch } from './support.ts';

const NOBODY: KnownProcesses = new Map();
const a: Sketch = { process: 'a.1', state: 'self', online: 30 };
const b: Sketch = { process: 'b.1', state: 'up', online: 10 };

test('adds up the processes, and tells the share of each', () => {
  const known = learn(NOBODY, overview(a, b), 1000);
  const report = reportOf(NOBODY, known, true, 1000);
  expect(report.totals).toMatchObject({ online: 40, connections: 40 });
  expect(report.processes.map(({ process, share, answered }) => [process, share, answered])).toEqual([
    ['a.1', 0.75, true],
    ['b.1', 0.25, true],
  ]);
  expect(report.mostFollowed).toEqual([{ userId: 'star', followers: 40 }]);
  expect(report.log).toHaveLength(2);
  expect(report.log[0]?.at).toBe(990);
});

test('a process that does not answer counts as it was last seen, until it is gone', () => {
  const first = learn(NOBODY, overview(a, b), 1000);
  const mute = learn(first, overview(a, { ...b, isMute: true }), 2000);
  const report = reportOf(first, mute, false, 2000);
  expect(report.totals.online).toBe(40);
  expect(report.processes[1]).toMatchObject({ answered: false, connections: 10, silentMs: 500 });
  const gone = learn(mute, overview(a, { ...b, isMute: true, state: 'gone' }), 3000);
  expect(reportOf(mute, gone, true, 3000).totals.online).toBe(30);
});

test('rates are per second, of what each process has counted since its last answer', () => {
  const at = (updates: number, calls: number): Sketch => ({ ...a, metrics: { updates, calls: { x: calls } } });
  const first = learn(NOBODY, overview(at(100, 0)), 1000);
  const second = learn(first, overview(at(300, 10)), 3000);
  expect(reportOf(first, second, true, 3000).point).toMatchObject({ updates: 100, calls: 5 });
  // A counter that begins anew is no negative rate.
  const third = learn(second, overview(at(0, 0)), 4000);
  expect(reportOf(second, third, true, 4000).point).toMatchObject({ updates: 0, calls: 0 });
});

test('latencies are of what has come since the last look, over all processes', () => {
  const histogram = new Histogram();
  histogram.note(2000);
  const at = (): Sketch => ({ ...a, metrics: { flushLatency: histogram.facts } });
  const first = learn(NOBODY, overview(at()), 1000);
  const idle = learn(first, overview(at()), 2000);
  expect(reportOf(first, idle, true, 2000).point.flushP99Ms).toBeUndefined();
  histogram.note(3);
  const busy = learn(idle, overview(at()), 3000);
  expect(reportOf(idle, busy, true, 3000).point.flushP99Ms).toBe(5);
});
