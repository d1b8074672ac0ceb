/**
 * Notices a dead connection for messages behind a `Presence` that spreads its
 * keys and topics over several stores: the echo of the own beats shows only the
 * one that has the control topic. Once per heartbeat a topic of another name is
 * subscribed to, so that in the long run each store is asked. One that does not
 * confirm is asked again; if it does not then, the connections are replaced.
 *
 * Cost: SUBSCRIBE and UNSUBSCRIBE per heartbeat; nothing where one store has
 * all topics.
 */
import type { Bus } from './bus.ts';
import { isSharded } from './redis-clients.ts';
import type { StoreLink } from './store-link.ts';
import type { Subscription } from './subscription.ts';

const MAX_MISSES = 2;

export interface ShardProbeDeps {
  presence: object;
  bus: Bus;
  link: StoreLink;
}

export class ShardProbe {
  readonly #deps: ShardProbeDeps;
  #subscription: Subscription | undefined;
  #misses = 0;
  #isBusy = false;

  constructor(deps: ShardProbeDeps) {
    this.#deps = deps;
  }

  /** Never rejects. Does nothing while one is under way. */
  async probe(): Promise<void> {
    const { presence, bus, link } = this.#deps;
    if (this.#isBusy || !isSharded(presence)) {
      return;
    }
    this.#isBusy = true;
    const subscription = this.#subscription ?? bus.toNothing();
    await subscription.open();
    this.#isBusy = false;
    if (subscription.isPending) {
      this.#subscription = subscription;
      if (++this.#misses % MAX_MISSES === 0) {
        link.unconfirmed();
      }
      return;
    }
    // Confirmed; or refused, which the client knows itself.
    subscription.close();
    this.#subscription = undefined;
    this.#misses = 0;
    link.confirmed();
  }

  close(): void {
    this.#subscription?.close();
  }
}
