/**
 * One connection of a process to Redis, as a Redis client keeps it: commands
 * and answers in order, commands that wait while it is cut, and what was not
 * answered sent again when it is back (so that Redis may execute it twice).
 */
import type { Random } from './random.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface Command {
  execute: () => unknown;
  answer: (value: unknown) => void;
  fail: (error: Error) => void;
}

interface Sent extends Command {
  /** On the way when the connection was cut, but far enough to arrive. */
  arrives: boolean;
}

/** How the network is now; shared by all connections. */
export interface Weather {
  /** Milliseconds one way. */
  latency(): number;
}

export class Link {
  /** Called when the connection is there again, before what waited is sent. */
  onReady: () => void = () => {};
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #weather: Weather;
  /** Runs something in the process that owns the connection, when that can run. */
  readonly #enter: (run: () => void) => void;
  /** How often it was cut. */
  #generation = 0;
  /** Of any kind: what was decided before the last one is void. */
  #changes = 0;
  #isUp = true;
  /** Nothing passes, and nobody was told. */
  #isHalfOpen = false;
  #refuses = false;
  #unanswered: Sent[] = [];
  #arrival = 0;
  #return = 0;
  /** Arrived at the process, not read yet: read in one go, as a socket is. */
  #unread: Array<() => void> = [];

  constructor(time: VirtualTime, random: Random, weather: Weather, enter: (run: () => void) => void) {
    this.#time = time;
    this.#random = random;
    this.#weather = weather;
    this.#enter = enter;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get isHalfOpen(): boolean {
    return this.#isHalfOpen;
  }

  /** From now on nothing passes, either way, though both ends believe in the connection. */
  halfOpen(): void {
    if (this.#isUp) {
      this.#isHalfOpen = true;
      this.#generation++;
    }
  }

  send(command: Command): void {
    if (this.#refuses) {
      this.#time.after(0, () => {
        this.#enter(() => {
          command.fail(new Error('Connection is closed.'));
        });
      });
      return;
    }
    const sent = { ...command, arrives: false };
    this.#unanswered.push(sent);
    if (this.#isUp) {
      this.#transmit(sent);
    }
  }

  /** From Redis to the process, in the order of the calls. Lost when the connection is cut on the way. */
  push(run: () => void): void {
    if (!this.#isUp || this.#isHalfOpen) {
      return;
    }
    const generation = this.#generation;
    this.#return = Math.max(this.#return, this.#time.now + this.#weather.latency());
    this.#time.at(this.#return, () => {
      if (generation === this.#generation) {
        this.#receive(run);
      }
    });
  }

  /**
   * @param refuses Commands fail instead of waiting.
   * @param arriving Whether some of what is on its way may still be executed.
   */
  cut(refuses: boolean, arriving = true): void {
    this.#changes++;
    if (this.#isUp) {
      this.#isUp = false;
      this.#generation++;
      const reached = arriving && !this.#isHalfOpen ? this.#random.below(this.#unanswered.length + 1) : 0;
      for (const sent of this.#unanswered.slice(0, reached)) {
        sent.arrives = true;
      }
    }
    this.#isHalfOpen = false;
    this.#refuses = refuses;
    if (refuses) {
      const failed = this.#unanswered;
      this.#unanswered = [];
      this.#time.after(0, () => {
        this.#enter(() => {
          for (const { fail } of failed) {
            fail(new Error('Connection is closed.'));
          }
        });
      });
    }
  }

  /** What was sent arrives. */
  close(): void {
    if (this.#isUp) {
      for (const sent of this.#isHalfOpen ? [] : this.#unanswered) {
        sent.arrives = true;
      }
      this.#changes++;
      this.#generation++;
      this.#isUp = false;
    }
  }

  /** The way is free: the process connects again as soon as it runs. */
  mend(): void {
    const change = ++this.#changes;
    this.#enter(() => {
      if (this.#isUp || change !== this.#changes) {
        return;
      }
      this.#isUp = true;
      this.#refuses = false;
      const waiting = [...this.#unanswered];
      this.onReady();
      for (const sent of waiting) {
        this.#transmit(sent);
      }
    });
  }

  #transmit(sent: Sent): void {
    if (this.#isHalfOpen) {
      return;
    }
    const generation = this.#generation;
    this.#arrival = Math.max(this.#arrival, this.#time.now + this.#weather.latency());
    this.#time.at(this.#arrival, () => {
      if (generation === this.#generation) {
        const value = sent.execute();
        this.push(() => {
          const index = this.#unanswered.indexOf(sent);
          if (index !== -1) {
            this.#unanswered.splice(index, 1);
            sent.answer(value);
          }
        });
      } else if (sent.arrives) {
        sent.execute();
      }
    });
  }

  #receive(run: () => void): void {
    this.#unread.push(run);
    if (this.#unread.length === 1) {
      this.#time.after(this.#random.next() * 0.3, () => {
        this.#enter(() => {
          const unread = this.#unread;
          this.#unread = [];
          for (const each of unread) {
            each();
          }
        });
      });
    }
  }
}
