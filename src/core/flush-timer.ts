/** Calls for a flush when the pace allows one: at the end of this turn, or at the next pause of a burst. */
import { Pace, PAUSE_MS } from './pace.ts';
import type { Unsent } from './unsent.ts';

export interface Timing {
  /** Milliseconds, from any origin. */
  now(): number;
  /** Runs `flush` at the end of this event-loop turn. */
  defer(flush: () => void): void;
  /** Runs `check` after `ms`, without keeping the process alive. */
  later(check: () => void, ms: number): void;
}

export class FlushTimer {
  readonly #timing: Timing;
  readonly #unsent: Pick<Unsent, 'changes'>;
  readonly #flush: () => void;
  readonly #pace = new Pace();
  #isSet = false;
  /** Counts flushes. A timer that was set before another flush finds another number here, and does nothing. */
  #round = 0;

  constructor(timing: Timing, unsent: Pick<Unsent, 'changes'>, flush: () => void) {
    this.#timing = timing;
    this.#unsent = unsent;
    this.#flush = flush;
  }

  /** Something waits to be sent. */
  set(): void {
    if (this.#isSet) {
      return;
    }
    this.#isSet = true;
    const now = this.#timing.now();
    const dueAt = this.#pace.dueAt(now);
    const round = this.#round;
    if (dueAt > now) {
      this.#afterBurst(round, now, dueAt);
      return;
    }
    this.#timing.defer(() => {
      if (round === this.#round) {
        this.#flush();
      }
    });
  }

  #afterBurst(round: number, now: number, dueAt: number): void {
    const { changes } = this.#unsent;
    this.#timing.later(
      () => {
        const then = this.#timing.now();
        if (round !== this.#round) {
          return;
        }
        if (this.#unsent.changes > changes && then < dueAt) {
          this.#afterBurst(round, then, dueAt);
        } else {
          this.#flush();
        }
      },
      Math.min(PAUSE_MS, dueAt - now),
    );
  }

  /** A flush begins, whoever called for it. */
  cancel(): void {
    this.#isSet = false;
    this.#round++;
  }

  /** What the last flush took, by which the next one is paced. */
  flushed(flush: Parameters<Pace['flushed']>[0]): void {
    this.#pace.flushed(flush);
  }
}
