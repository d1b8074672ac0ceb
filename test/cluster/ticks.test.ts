import { expect, test } from 'vitest';
import { onTick, TICK_MS } from '../../src/cluster/ticks.ts';
import { VirtualTime } from '../sim/virtual-time.ts';

test.each([0, 0.1, TICK_MS / 2])('what is known after %d ms is told with the first tick', async (ms) => {
  expect(await toldAfter(ms)).toBe(TICK_MS);
});

test('what takes longer is told with the first tick after it', async () => {
  expect(await toldAfter(TICK_MS + 0.5)).toBe(TICK_MS * 2);
  expect(await toldAfter(TICK_MS * 2 + 0.1)).toBe(TICK_MS * 3);
});

test('what fails fails with a tick, too', async () => {
  const time = new VirtualTime();
  const clock = { wait: (ms: number) => new Promise<void>((resolve) => void time.after(ms, resolve)) };
  let failedAt: number | undefined;
  onTick(clock, () => Promise.reject(new Error('gone'))).catch(() => {
    failedAt = time.elapsed;
  });
  await time.pass(TICK_MS * 3);
  expect(failedAt).toBe(TICK_MS);
});

async function toldAfter(ms: number): Promise<number | undefined> {
  const time = new VirtualTime();
  const clock = { wait: (later: number) => new Promise<void>((resolve) => void time.after(later, resolve)) };
  const work = ms === 0 ? Promise.resolve() : new Promise<void>((resolve) => void time.after(ms, resolve));
  let toldAt: number | undefined;
  void onTick(clock, () => work).then(() => {
    toldAt = time.elapsed;
  });
  await time.pass(TICK_MS * 5);
  return toldAt;
}
