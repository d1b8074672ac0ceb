/** The followers that are owed a snapshot. They are checked again and again until each has got it or has ended. */
import type { Timing } from './flush-timer.ts';
import type { Connection } from './model.ts';

/** Milliseconds between two checks. */
const CHECK_MS = 100;

export class Behind {
  readonly #followers = new Set<Connection>();
  readonly #timing: Pick<Timing, 'later'>;
  readonly #catchUp: (followers: Iterable<Connection>) => void;
  #checking = false;

  /** `catchUp` sends a snapshot to those that still wait and can take one, and makes them `live`. */
  constructor(timing: Pick<Timing, 'later'>, catchUp: (followers: Iterable<Connection>) => void) {
    this.#timing = timing;
    this.#catchUp = catchUp;
  }

  add(follower: Connection): void {
    this.#followers.add(follower);
    this.#check();
  }

  #check(): void {
    if (this.#checking || this.#followers.size === 0) {
      return;
    }
    this.#checking = true;
    this.#timing.later(() => {
      this.#checking = false;
      this.#catchUp(this.#followers);
      for (const follower of this.#followers) {
        if (follower.delivery !== 'behind') {
          this.#followers.delete(follower);
        }
      }
      this.#check();
    }, CHECK_MS);
  }
}
