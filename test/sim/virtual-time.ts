/**
 * A clock that jumps from event to event. Each event is a turn of its own:
 * whatever promises it settles have run to their end before the next one.
 */
export interface Scheduled {
  readonly at: number;
  readonly order: number;
  run: (() => void) | null;
}

import { setImmediate } from 'node:timers';

/** Turns that are queued at once: one by one they would each pay for a round of the real event loop. */
const TURNS_AT_ONCE = 512;

const START = 1_700_000_000_000;

export class VirtualTime {
  /** Milliseconds. Starts at some plausible date: the code under test compares with it. */
  now = START;
  /** Events run so far. */
  turns = 0;
  #order = 0;
  readonly #heap: Scheduled[] = [];
  readonly #isBusy: () => boolean;

  /** @param isBusy Whether something that the last event has set off is still to be done before the next one. */
  constructor(isBusy: () => boolean = () => false) {
    this.#isBusy = isBusy;
  }

  /** Milliseconds since the start. */
  get elapsed(): number {
    return this.now - START;
  }

  /** Back to the start; what was scheduled is forgotten. */
  restart(): void {
    this.now = START;
    this.#heap.length = 0;
  }

  /** As on a machine that slept: what fell due meanwhile runs with the next turns. */
  jump(ms: number): void {
    this.now += ms;
  }

  /** `scheduled.run = null` cancels. */
  at(time: number, run: () => void): Scheduled {
    const scheduled = { at: Math.max(time, this.now), order: this.#order++, run };
    this.#push(scheduled);
    return scheduled;
  }

  after(ms: number, run: () => void): Scheduled {
    return this.at(this.now + ms, run);
  }

  /** Lets `ms` pass. Rejects with what an event throws. */
  pass(ms: number): Promise<void> {
    const until = this.now + ms;
    return new Promise((resolve, reject) => {
      let ended = false;
      const turn = (isLast: boolean): void => {
        if (ended) {
          return;
        }
        try {
          if (!this.#isBusy() && !this.#turn(until)) {
            ended = true;
            this.now = until;
            resolve();
          }
        } catch (error) {
          ended = true;
          reject(error);
        }
        if (isLast && !ended) {
          queue();
        }
      };
      const queue = (): void => {
        for (let i = 1; i <= TURNS_AT_ONCE; i++) {
          setImmediate(turn, i === TURNS_AT_ONCE);
        }
      };
      queue();
    });
  }

  #turn(until: number): boolean {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.at > until) {
        return false;
      }
      this.#pop();
      if (next.run !== null) {
        this.now = Math.max(this.now, next.at);
        this.turns++;
        next.run();
        return true;
      }
    }
  }

  #push(scheduled: Scheduled): void {
    const heap = this.#heap;
    let i = heap.push(scheduled) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(scheduled, heap[parent]!)) {
        break;
      }
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = scheduled;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) {
      return;
    }
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) {
        break;
      }
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) {
        child++;
      }
      if (!isBefore(heap[child]!, last)) {
        break;
      }
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}

function isBefore(a: Scheduled, b: Scheduled): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
