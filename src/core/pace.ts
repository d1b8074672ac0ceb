/**
 * When to flush. Quiet: at the end of the event-loop turn, so that nothing is
 * delayed. Under load: not before the stream of changes pauses, but within
 * `MAX_WAIT_MS`, so that what belongs to one burst leaves as one frame per
 * follower instead of one per change.
 *
 * Load is what the flushes of the last moments have sent: a count of frames
 * that fades with `FADE_MS`. A burst's first changes are therefore not delayed
 * either. Pure: time comes in as an argument.
 */

/** Frames in the recent past from which on it pays to wait: at ~10 µs each, 30 % of the time goes into sending. */
const LOADED_FRAMES = 750;
const FADE_MS = 25;
/** How often a burst is looked at for a pause. */
export const PAUSE_MS = 5;
/** Maximum of milliseconds that a change waits for others: Colyseus's own default patch interval. */
export const MAX_WAIT_MS = 50;

export class Pace {
  #frames = 0;
  #at = 0;

  /** `frames` have been sent at `now`. */
  sent(frames: number, now: number): void {
    this.#frames = this.#faded(now) + frames;
    this.#at = now;
  }

  /** Whether the next flush should wait for more changes. */
  loaded(now: number): boolean {
    return this.#faded(now) >= LOADED_FRAMES;
  }

  #faded(now: number): number {
    return this.#frames * Math.exp((this.#at - now) / FADE_MS);
  }
}
