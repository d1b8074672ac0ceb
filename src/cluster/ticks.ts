/**
 * Answers that waited for the shared store leave on a tick, counted from when they were asked for: how long the store and
 * this process took over one user and not another does not show in the time of the answer, as long as it is the same tick.
 */
import type { Clock } from './clock.ts';

/** Milliseconds. A read over a fast network fits into the first; what one read does more than another is a fiftieth of it. */
export const TICK_MS = 5;

/** Does `work`, and settles as it does, on the first tick after it. The first is counted from before the work. */
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
