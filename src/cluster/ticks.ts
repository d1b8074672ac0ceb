/**
 * Answers that waited for the shared store are sent only on a tick, counted from the request. So differences in how long
 * the store and this process took, for example for another user, do not show in the time of the answer while they fall
 * within one tick.
 */
import type { Clock } from './clock.ts';

/** Milliseconds of a tick. A read over a fast network takes less; two reads differ by about a fiftieth of it. */
export const TICK_MS = 5;

/** Runs `work` and settles like it, on the first tick after it has ended. Ticks are counted from the start of the work. */
export async function onTick<T>(clock: Pick<Clock, 'wait'>, work: () => Promise<T>): Promise<T> {
  const state = { isDone: false };
  let tick = clock.wait(TICK_MS);
  const done = work();
  void Promise.allSettled([done]).then(() => {
    state.isDone = true;
  });
  for (;;) {
    await tick;
    if (state.isDone) {
      return done;
    }
    tick = clock.wait(TICK_MS);
  }
}
