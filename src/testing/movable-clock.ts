/**
 * A clock that runs as ever, and can be moved forward: `Date`, `performance.now`,
 * `setTimeout` and `setInterval` of the process, while it is installed.
 *
 * Unlike frozen timers it leaves sockets alone: what needs real time goes on. Like a
 * computer that has slept, a timer that has become due runs once per `jump`, in
 * the order in which they became due; an interval too.
 *
 * Not moved: timers made before `install()`, `node:timers/promises`, the time of
 * other processes and of Redis.
 */
import { promisify } from 'node:util';

type Run = () => void;

class MovableTimer {
  readonly #clock: MovableClock;
  readonly run: Run;
  readonly ms: number;
  readonly repeats: boolean;
  due = 0;
  #real: NodeJS.Timeout | undefined;
  #holds = true;

  constructor(clock: MovableClock, run: Run, ms: number, repeats: boolean) {
    this.#clock = clock;
    this.run = run;
    // As Node does: anything else means 1.
    this.ms = ms >= 1 && ms <= 2 ** 31 - 1 ? ms : 1;
    this.repeats = repeats;
    this.refresh();
  }

  /** Counts from now on. */
  refresh(): this {
    this.due = this.#clock.now() + this.ms;
    this.#clock.armed.add(this);
    return this.rearm();
  }

  rearm(): this {
    this.disarm();
    this.#real = this.#clock.real.setTimeout(
      () => {
        this.fire();
      },
      Math.max(0, this.due - this.#clock.now()),
    );
    return this.#holds ? this : this.unref();
  }

  disarm(): void {
    this.#clock.real.clearTimeout(this.#real);
  }

  fire(): void {
    if (this.repeats) {
      this.refresh();
    } else {
      this.close();
    }
    this.run();
  }

  close(): this {
    this.disarm();
    this.#clock.armed.delete(this);
    return this;
  }

  ref(): this {
    this.#holds = true;
    this.#real?.ref();
    return this;
  }

  unref(): this {
    this.#holds = false;
    this.#real?.unref();
    return this;
  }

  hasRef(): boolean {
    return this.#holds;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

export class MovableClock {
  readonly real = { setTimeout, setInterval, clearTimeout, clearInterval, Date };
  readonly #now = performance.now.bind(performance);
  readonly armed = new Set<MovableTimer>();
  /** Whole, so that `Date.now()` stays so. */
  #ahead = 0;

  /** Milliseconds, as `performance.now()` counts them, and those it was moved. */
  now(): number {
    return this.#now() + this.#ahead;
  }

  /**
   * Replaces the globals. Returns the function that puts them back: then intervals
   * end, and other timers that still wait keep no process alive, since what was to
   * clear them (a server that has stopped) would not know them any more.
   */
  install(): () => void {
    const { real } = this;
    const today = (): number => real.Date.now() + this.#ahead;
    const make =
      (repeats: boolean) =>
      (run: (...args: unknown[]) => void, ms: unknown = 1, ...args: unknown[]) =>
        new MovableTimer(this, () => run(...args), Number(ms), repeats);
    const clear = (timer: unknown): void => {
      if (timer instanceof MovableTimer) {
        timer.close();
      } else {
        real.clearTimeout(timer as NodeJS.Timeout);
      }
    };
    const later = make(false);
    Object.assign(later, {
      [promisify.custom]: (ms: number, value: unknown) => new Promise((resolve) => later(resolve, ms, value)),
    });
    Object.assign(globalThis, {
      setTimeout: later,
      setInterval: make(true),
      clearTimeout: clear,
      clearInterval: clear,
      Date: new Proxy(Date, {
        apply: () => new real.Date(today()).toString(),
        construct: (Target, args: [], newTarget) =>
          Reflect.construct(Target, args.length === 0 ? [today()] : args, newTarget) as Date,
        get: (target, key, receiver): unknown => (key === 'now' ? today : Reflect.get(target, key, receiver)),
      }),
    });
    const ofPerformance = Object.getOwnPropertyDescriptor(performance, 'now');
    performance.now = () => this.now();
    return () => {
      Object.assign(globalThis, real);
      // It is inherited, unless somebody has replaced it.
      Reflect.deleteProperty(performance, 'now');
      if (ofPerformance !== undefined) {
        Object.defineProperty(performance, 'now', ofPerformance);
      }
      for (const timer of this.armed) {
        if (timer.repeats) {
          timer.close();
        } else {
          timer.unref();
        }
      }
    };
  }

  /** Moves it forward; timers that become due run on the way, at their times. What one of them throws is thrown when it has moved. */
  jump(ms: number): void {
    const target = this.now() + ms;
    const due = [...this.armed].filter((timer) => timer.due <= target).sort((a, b) => a.due - b.due);
    const errors: unknown[] = [];
    for (const timer of due) {
      if (this.armed.has(timer)) {
        this.#moveTo(timer.due);
        try {
          timer.fire();
        } catch (error) {
          errors.push(error);
        }
      }
    }
    this.#moveTo(target);
    for (const timer of this.armed) {
      if (timer.repeats && timer.due <= target) {
        timer.refresh();
      } else {
        timer.rearm();
      }
    }
    if (errors.length > 0) {
      throw errors[0];
    }
  }

  #moveTo(time: number): void {
    this.#ahead += Math.max(0, Math.ceil(time - this.now()));
  }
}
