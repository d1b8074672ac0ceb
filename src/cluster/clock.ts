/** Time, timers and random numbers of the cluster: one port, so that a simulation can replace them. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
  /** Resolves after `ms` milliseconds, at least 1, exactly: a timer ends up to one later, depending on what else the process has done. */
  wait: (ms: number) => Promise<void>;
  /** From 0 up to, not including, 1. */
  random(): number;
}

/** The system clock. Its timers never keep a process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (run, ms) => setTimeout(run, ms).unref(),
  clearTimeout: (handle) => {
    clearTimeout(handle as NodeJS.Timeout);
  },
  wait: async (ms) => {
    const due = performance.now() + ms;
    await new Promise<void>((resolve) => {
      setTimeout(resolve, ms - 1).unref();
    });
    while (performance.now() < due) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  },
  random: () => Math.random(),
};

/** Varies `ms` by up to a tenth, so that processes that started together do not stay in step. */
export function jittered(clock: Clock, ms: number): number {
  return ms * (0.9 + clock.random() * 0.2);
}

/** A name that no other process has, and no earlier start of this process had. */
export function newIncarnation(processId: string, clock: Clock = systemClock): string {
  const chance = Math.floor(clock.random() * 2 ** 48).toString(36);
  return `${processId}.${clock.now().toString(36)}${chance}`;
}
