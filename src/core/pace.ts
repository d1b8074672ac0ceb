/**
 * When to flush: group commit. A process that keeps up sends at the end of the
 * event-loop turn, so nothing is delayed. Where sending every change on its own
 * would take most of the time, the next flush waits, and waits longer with more
 * load, so that one frame carries many changes. That pays only if the frames
 * become fewer. Changes of users without common followers do not merge, so they
 * do not wait. In a saturated process the event-loop turns grow long by
 * themselves, and the changes of one turn show whether waiting would merge them.
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
 * Waiting and sending together should take `MAX_WAIT_MS`, so the next flush waits
 * less after a long one, but at least this share of the duration of the last
 * flush: other work needs time, too.
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
