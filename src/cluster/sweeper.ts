/**
 * Removes what a vanished process left in the store. Every survivor tries; a
 * claim that expires by itself lets one of them do it, and doing it twice does
 * no harm. The last step ends the lease: should the process live after all (it
 * was stalled, and woke while it was being swept), it finds that out with its
 * next beat and registers everything again.
 */
import type { Store } from './store.ts';
import { forEachLimit } from './limit.ts';

export interface SweeperDeps {
  store: Store;
  /** Seconds after which another may take over from a sweeper that died. */
  claimSeconds: number;
  /** Seconds for which `offline` is remembered. 0 = not at all. */
  rememberSeconds: number;
  /** Removals in flight at once. */
  concurrency: number;
}

export class Sweeper {
  readonly #deps: SweeperDeps;

  constructor(deps: SweeperDeps) {
    this.#deps = deps;
  }

  /**
   * Sweeps, unless another does. Resolves with whether nothing is left to do.
   * @param isGone Asked between the steps: false ends it early.
   */
  async sweep(incarnation: string, isGone: () => boolean): Promise<boolean> {
    const { store, claimSeconds } = this.#deps;
    // A store that lost its data may have users of it all the same, written before it noticed.
    if (!(await store.isEnlisted(incarnation)) && (await store.listed(incarnation)).length === 0) {
      return true;
    }
    if ((await store.isClaimed(incarnation)) || !(await store.claim(incarnation, claimSeconds))) {
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

  /** Removes every trace of `incarnation`, claimed or not. Per user: one command, three when it was its last trace. */
  async purge(incarnation: string, isGone: () => boolean = () => true): Promise<void> {
    const { store, concurrency } = this.#deps;
    try {
      await forEachLimit(await store.listed(incarnation), concurrency, async (userId) => {
        if (isGone()) {
          await this.remove(userId, incarnation);
        }
      });
      if (isGone()) {
        await store.unlistAll(incarnation);
        await store.delist(incarnation);
      }
    } finally {
      // Whatever failed may still be queued in the store's client, and be carried out late.
      await store.endLease(incarnation);
    }
  }

  /** Removes what `incarnation` said about one user, and remembers the user as offline if nobody else says anything. */
  async remove(userId: string, incarnation: string): Promise<void> {
    const { store, rememberSeconds } = this.#deps;
    if ((await store.erase(userId, incarnation)) && rememberSeconds > 0 && (await store.isEmpty(userId))) {
      await store.rememberOffline(userId, rememberSeconds);
    }
  }
}
