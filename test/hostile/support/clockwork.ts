/**
 * Time and randomness under the test's control, for the whole process: a timer
 * fires only when the test lets time pass, and a random id follows from who
 * caused it, not from what else was drawn. So two worlds that differ in one
 * fact give everybody else the same ids, and every frame can be compared.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { systemClock } from '../../../src/cluster/clock.ts';
import { VirtualTime, type Scheduled } from '../../sim/virtual-time.ts';

/** Event-loop turns after which everything that waits for no timer is done: one for a flush, one for what that sets off. */
const TURNS = 3;
const MAX_PASS_MS = 20_000;

class VirtualTimer {
  scheduled: Scheduled | undefined;
  readonly #restart: (() => void) | undefined;

  constructor(restart?: () => void) {
    this.#restart = restart;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  refresh(): this {
    this.#restart?.();
    return this;
  }

  [Symbol.toPrimitive](): number {
    return 0;
  }
}

export class Clockwork {
  /** What the code under test has put off to the next turn of the event loop. */
  #putOff = 0;
  readonly #time = new VirtualTime(() => this.#putOff > 0);
  readonly #actor = new AsyncLocalStorage<string>();
  readonly #drawn = new Map<string, number>();
  readonly #restore: () => void;

  /** Takes over timers, clocks and `crypto.randomBytes` of this process until `stop()`. */
  constructor() {
    const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval } = globalThis;
    const dateNow = Date.now;
    const performanceNow = performance.now.bind(performance);
    const { randomBytes } = crypto;
    const { wait } = systemClock;
    this.#restore = () => {
      systemClock.wait = wait;
      Object.assign(globalThis, { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval });
      Date.now = dateNow;
      performance.now = performanceNow;
      crypto.randomBytes = randomBytes;
      syncBuiltinESMExports();
    };
    const clear = (timer: VirtualTimer | NodeJS.Timeout | undefined): void => {
      if (!(timer instanceof VirtualTimer)) {
        clearTimeout(timer);
      } else if (timer.scheduled !== undefined) {
        timer.scheduled.run = null;
      }
    };
    Object.assign(globalThis, {
      setTimeout: (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => this.#start(run, ms, args, false),
      setInterval: (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => this.#start(run, ms, args, true),
      setImmediate: (run: (...args: unknown[]) => void, ...args: unknown[]) => {
        this.#putOff++;
        return setImmediate(() => {
          this.#putOff--;
          run(...args);
        });
      },
      clearTimeout: clear,
      clearInterval: clear,
    });
    systemClock.wait = (ms) => new Promise<void>((resolve) => void this.#start(() => resolve(), ms, [], false));
    Date.now = () => this.#time.now;
    performance.now = () => this.#time.now;
    crypto.randomBytes = ((size: number) => this.#draw(size)) as typeof crypto.randomBytes;
    syncBuiltinESMExports();
  }

  stop(): void {
    this.#restore();
  }

  /** A new world: the same date and the same ids as the one before. Timers of earlier worlds never fire. */
  begin(): void {
    this.#time.restart();
    this.#drawn.clear();
  }

  /** Whatever `act` sets off, now and later, draws the ids of `actor`. */
  as<T>(actor: string, act: () => T): T {
    return this.#actor.run(actor, act);
  }

  /** Milliseconds since the world began. */
  get now(): number {
    return this.#time.elapsed;
  }

  /** The present event-loop turn comes to its end: what follows is read in the same one, but from another socket. */
  async drain(): Promise<void> {
    for (let i = 0; i < TURNS; i++) {
      await new Promise<void>((resolve) => {
        process.nextTick(resolve);
      });
    }
  }

  /** Everything that waits for no timer happens. */
  async settle(): Promise<void> {
    for (let i = 0; i < TURNS; i++) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  }

  /** Lets time pass, timer by timer; of hours only the last seconds. */
  async pass(ms: number): Promise<void> {
    if (ms > MAX_PASS_MS) {
      await this.#time.pass(100);
      this.#time.jump(ms - MAX_PASS_MS - 100);
    }
    await this.#time.pass(Math.min(ms, MAX_PASS_MS));
    await this.settle();
  }

  #start(run: (...args: unknown[]) => void, ms: number, args: unknown[], again: boolean): VirtualTimer {
    const start = (): void => {
      if (timer.scheduled !== undefined) {
        timer.scheduled.run = null;
      }
      timer.scheduled = this.#time.after(Math.max(1, ms), () => {
        if (again) {
          start();
        }
        run(...args);
      });
    };
    const timer = new VirtualTimer(start);
    start();
    return timer;
  }

  #draw(size: number): Buffer {
    const actor = this.#actor.getStore() ?? 'world';
    const drawn = (this.#drawn.get(actor) ?? 0) + 1;
    this.#drawn.set(actor, drawn);
    return crypto.hash('sha512', `${actor} ${drawn}`, 'buffer').subarray(0, size);
  }
}
