/**
 * One listener on one topic. Opening waits for a bounded time only. A later
 * confirmation is reported, so that the caller can read what it missed.
 */
import type { Presence } from '@colyseus/core';
import { settle } from './calls.ts';
import type { Clock } from './clock.ts';
import { subscriberOf } from './redis-clients.ts';

/** What all subscriptions of a cluster share. */
export interface SubscriptionContext {
  presence: Presence;
  clock: Clock;
  timeoutMs: number;
}

export class Subscription {
  readonly #context: SubscriptionContext;
  readonly #topic: string;
  readonly #onMessage: (message: unknown) => void;
  readonly #onLate: () => void;
  #state: 'closed' | 'pending' | 'open' | 'failed' = 'closed';
  #attempt = 0;

  /** @param onLate The subscription was confirmed after `open()` had given up waiting. */
  constructor(context: SubscriptionContext, topic: string, onMessage: (message: unknown) => void, onLate: () => void) {
    this.#context = context;
    this.#topic = topic;
    this.#onMessage = onMessage;
    this.#onLate = onLate;
  }

  /** The store refused the subscription: it needs another `open()`. */
  get failed(): boolean {
    return this.#state === 'failed';
  }

  /** Neither confirmed nor refused. */
  get isPending(): boolean {
    return this.#state === 'pending';
  }

  /** Resolves when the store has confirmed (or refused), or after a bounded wait. Never rejects. */
  open(): Promise<void> {
    this.close();
    const { presence, clock, timeoutMs } = this.#context;
    const attempt = ++this.#attempt;
    this.#state = 'pending';
    return new Promise((resolve) => {
      let late = false;
      const timer = clock.setTimeout(() => {
        late = true;
        resolve();
      }, timeoutMs);
      const done = (state: 'open' | 'failed') => (): void => {
        clock.clearTimeout(timer);
        resolve();
        if (attempt === this.#attempt) {
          this.#state = state;
          if (late && state === 'open') {
            this.#onLate();
          }
        }
      };
      settle(() => presence.subscribe(this.#topic, this.#onMessage)).then(done('open'), done('failed'));
    });
  }

  close(): void {
    if (this.#state === 'closed') {
      return;
    }
    this.#state = 'closed';
    this.#attempt++;
    this.#leave(this.#onMessage);
    // While it reconnects, the Redis client restores its old subscriptions, this one included, and a command
    // sent now can run before that. By then somebody may listen to the topic again.
    whenReconnected(this.#context.presence, () => {
      this.#leave(nobody);
    });
  }

  /** Unsubscribes from the topic when no other listener in this process is left. */
  #leave(listener: (message: unknown) => void): void {
    // Without the callback, every listener of the process on this topic would be removed.
    settle(() => this.#context.presence.unsubscribe(this.#topic, listener)).catch(() => {
      // The connection is gone, and the subscription with it.
    });
  }
}

function nobody(): void {
  // Listens to nothing.
}

/** Calls back whenever the subscriber connection of `presence` is ready (again). Returns the function that ends this. */
export function onSubscriberReady(presence: Presence, listener: () => void): () => void {
  const sub = subscriberOf(presence);
  sub?.on('ready', listener);
  return () => {
    sub?.off('ready', listener);
  };
}

/** Calls back once the subscriber connection is ready, if it is connecting right now; otherwise not at all. */
function whenReconnected(presence: Presence, listener: () => void): void {
  const sub = subscriberOf(presence);
  if (sub?.status !== undefined && sub.status !== 'ready') {
    const once = (): void => {
      sub.off('ready', once);
      listener();
    };
    sub.on('ready', once);
  }
}
