/** Looks at the cluster while somebody watches. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Watch } from '../../src/monitor/watch.ts';
import type { StreamMessage } from '../../src/monitor/types.ts';
import type { ClusterOverview } from '../../src/index.ts';
import { overview } from './support.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setup(
  answer: () => Promise<ClusterOverview> = () =>
    Promise.resolve(overview({ process: 'a.1', state: 'self', online: 1 })),
) {
  const asked = { times: 0 };
  const watch = new Watch({
    overview: () => {
      asked.times++;
      return answer();
    },
    now: () => Date.now(),
    everyMs: 1000,
  });
  const heard: StreamMessage[] = [];
  return { watch, asked, heard, hear: (message: StreamMessage) => heard.push(message) };
}

test('many who watch cause one look per period; nobody who watches causes none', async () => {
  const { watch, asked, hear } = setup();
  const stops = [watch.add(hear), watch.add(hear), watch.add(hear)];
  await vi.advanceTimersByTimeAsync(3500);
  expect(asked.times).toBe(4);
  for (const stop of stops) {
    stop();
  }
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked.times).toBe(4);
  expect(vi.getTimerCount()).toBe(0);
});

test('who comes later gets what was before, and each point once', async () => {
  const { watch, heard, hear } = setup();
  watch.add(() => {});
  await vi.advanceTimersByTimeAsync(2500);
  watch.note('action', 'Something was done.');
  await vi.advanceTimersByTimeAsync(1000);
  watch.add(hear);
  expect(heard.map(({ history }) => history.length)).toEqual([4]);
  expect(heard[0]?.happenings.map(({ text }) => text)).toEqual(['Something was done.']);
  await vi.advanceTimersByTimeAsync(1000);
  expect(heard[1]).toMatchObject({ happenings: [], history: [{}] });
});

test('after a long pause it begins anew: nothing has happened at once that took an hour', async () => {
  const { watch, heard, hear } = setup();
  watch.add(hear)();
  await vi.advanceTimersByTimeAsync(3_600_000);
  heard.length = 0;
  watch.add(hear);
  await vi.advanceTimersByTimeAsync(1500);
  expect(heard.flatMap(({ happenings }) => happenings)).toEqual([]);
  expect(heard[0]?.history).toHaveLength(1);
});

test('a look that fails is tried again', async () => {
  let isReady = false;
  const { watch, heard, hear } = setup(() =>
    isReady
      ? Promise.resolve(overview({ process: 'a.1', state: 'self', online: 1 }))
      : Promise.reject(new Error('not yet')),
  );
  watch.add(hear);
  await vi.advanceTimersByTimeAsync(1500);
  expect(heard).toEqual([]);
  isReady = true;
  await vi.advanceTimersByTimeAsync(1000);
  expect(heard).toHaveLength(1);
});
