/**
 * Removes the data of a vanished process from the store. Every survivor tries; a
 * claim that expires by itself lets one of them do it, and sweeping twice does
 * no harm. The last step ends the lease: if the process is alive after all (it
 * was only stalled), it notices the missing lease with its next beat and writes
 * everything again.
 */
import type { Store } from './store.ts';
import { forEachLimit } from './limit.ts';

export interface SweeperDeps {
  store: Store;
  /** Seconds after which another process may take over from a sweeper that died. */
  claimSeconds: number;
  /** Seconds for which `offline` is remembered. 0 = not at all. */
  rememberSeconds: number;
  /** Removals in flight at once. */
  concurrency: number;
}

/** A claim that is seen this many times in a row is ignored: it does not expire, as a real one does. Two sweepers at once do no harm. */
const MAX_CLAIMED_ROUNDS = 20;

export class Sweeper {
  readonly #deps: SweeperDeps;
  /** How often in a row each process was found claimed by another one. */
  readonly #claimed = new Map<string, number>();

  constructor(deps: SweeperDeps) {
    this.#deps = deps;
  }

  /**
   * Sweeps, unless another process does. Resolves with whether nothing is left to do.
   * @param isGone Called between the steps; `false` ends the sweep early.
   */
  async sweep(incarnation: string, isGone: () => boolean): Promise<boolean> {
    const { store, claimSeconds } = this.#deps;
    // A process that has lost its list entry may still have users in the store, written before it noticed the loss.
    if (!(await store.isEnlisted(incarnation)) && (await store.listed(incarnation)).length === 0) {
      this.#claimed.delete(incarnation);
      return true;
    }
    if (await store.isClaimed(incarnation)) {
      const rounds = (this.#claimed.get(incarnation) ?? 0) + 1;
      this.#claimed.set(incarnation, rounds);
      if (rounds < MAX_CLAIMED_ROUNDS) {
        return false;
      }
      await store.unclaim(incarnation);
    }
    this.#claimed.delete(incarnation);
    if (!(await store.claim(incarnation, claimSeconds))) {
      return false;
    }
    if ((await store.lease(incarnation)) !== null) {
      await store.unclaim(incarnation);
      return false;
    }
    await this.purge(incarnation, isGone);
    await store.unclaim(incarnation);
    return true;
  }

  /** Removes all data of `incarnation`, claimed or not. Per user: one command, or three when no other process has the user. */
  async purge(incarnation: string, isGone: () => boolean = () => true): Promise<void> {
    const { store, concurrency } = this.#deps;
    try {
      await forEachLimit(await store.listed(incarnation), concurrency, async (userId) => {
        if (isGone()) {
          await this.remove(userId, incarnation);
        }
      });
      if (isGone()) {
        // Twice: if the store comes back as it was earlier between the two, a list would stay that nobody knows of.
        await Promise.all([store.unlistAll(incarnation), store.delist(incarnation), store.unlistAll(incarnation)]);
      }
    } finally {
      // A failed command may still be queued in the store's client and run later.
      await store.endLease(incarnation);
    }
  }

  /** Removes the register of `incarnation` about one user, and remembers the user as offline if no other process has it. */
  async remove(userId: string, incarnation: string): Promise<void> {
    const { store, rememberSeconds } = this.#deps;
    if ((await store.erase(userId, incarnation)) && rememberSeconds > 0 && (await store.isEmpty(userId))) {
      await store.rememberOffline(userId, rememberSeconds);
    }
  }
}
