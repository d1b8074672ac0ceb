/**
 * When to flush: group commit. A process that keeps up sends at the end of the
 * event-loop turn, so nothing is delayed. Where sending every change on its own
 * would take most of the time, the next flush waits, the longer the more it
 * would take, so that one frame carries many changes. That is worth it only if
 * frames do get fewer: with changes that merge with nothing, as of users that
 * have no follower in common and change one at a time, nothing is gained, so
 * nothing waits. In a saturated process the turns grow long by themselves, and
 * what comes in during one shows whether changes merge.
 *
 * Measured over the recent past, which fades with `FADE_MS`. Pure: time comes
 * in as an argument.
 */

/** Maximum of milliseconds that a change waits for others: Colyseus's own default patch interval. */
export const MAX_WAIT_MS = 50;
/** A flush that waits leaves as soon as nothing has changed for this long. */
export const PAUSE_MS = 2;

const FADE_MS = 50;
/** Share of the time that unmerged sending may take before flushes wait, and at which they wait `MAX_WAIT_MS`. */
const FREE_SHARE = 0.5;
const FULL_SHARE = 1;
/**
 * A flush that takes long is followed the sooner by the next: waiting and
 * sending together take `MAX_WAIT_MS`. But this part of what the last one took is
 * left for the rest.
 */
const MIN_REST = 0.25;
/** Changes heard per frame below which waiting does not pay. */
const MIN_MERGED = 1.25;

/** One flush. */
export interface FlushReport {
  /** When it ended, in milliseconds. */
  readonly at: number;
  readonly tookMs: number;
  /** Frames that were sent. */
  readonly frames: number;
  /** Frames that would have been sent with one for each change. */
  readonly unmerged: number;
}

export class Pace {
  #busyMs = 0;
  #frames = 0;
  #unmerged = 0;
  #end = -Infinity;
  #tookMs = 0;

  flushed({ at, tookMs, frames, unmerged }: FlushReport): void {
    const rest = Math.exp((this.#end - at) / FADE_MS);
    this.#busyMs = this.#busyMs * rest + tookMs;
    this.#frames = this.#frames * rest + frames;
    this.#unmerged = this.#unmerged * rest + unmerged;
    this.#end = at;
    this.#tookMs = tookMs;
  }

  /** When the next flush is due; not later than `now` = at once. */
  dueAt(now: number): number {
    const merged = this.#frames === 0 ? 1 : this.#unmerged / this.#frames;
    if (merged < MIN_MERGED) {
      return now;
    }
    const busyMs = this.#busyMs * Math.exp((this.#end - now) / FADE_MS);
    const share = (busyMs / FADE_MS) * merged;
    const load = Math.min(1, (share - FREE_SHARE) / (FULL_SHARE - FREE_SHARE));
    const pause = Math.max(MAX_WAIT_MS - this.#tookMs, MIN_REST * this.#tookMs);
    return this.#end + load * Math.min(pause, MAX_WAIT_MS);
  }
}
