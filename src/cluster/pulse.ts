/** For operators: when the store answered last, when the last message arrived, since when the lease is held, and how long commands take. Nothing is decided by it. */
import { Histogram } from '../core/histogram.ts';
import type { Clock } from './clock.ts';
import type { PulseFacts } from '../core/ports.ts';

export class Pulse {
  readonly #clock: Clock;
  readonly #latency = new Histogram();
  readonly #startedAt: number;
  #failed = 0;
  #answeredAt: number | undefined;
  #heardAt: number | undefined;
  /** When the oldest own beat was sent whose echo is missing. */
  #missingSince: number | undefined;
  #renewedAt: number | undefined;
  #heldSince: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.now();
  }

  answered(tookMs: number): void {
    this.#answeredAt = this.#clock.now();
    this.#latency.note(tookMs);
  }

  failed(): void {
    this.#failed++;
  }

  heard(): void {
    this.#heardAt = this.#clock.now();
  }

  sent(): void {
    this.#missingSince ??= this.#clock.now();
  }

  /** The echo of the newest own beat arrived. */
  echoed(): void {
    this.#missingSince = undefined;
  }

  /** `isNew`: the store had no lease of this process. */
  renewed(isNew: boolean): void {
    this.#renewedAt = this.#clock.now();
    if (isNew) {
      this.#heldSince = this.#renewedAt;
    }
    this.#heldSince ??= this.#renewedAt;
  }

  facts(isUp: boolean): PulseFacts {
    const now = this.#clock.now();
    const since = (at: number | undefined): number | undefined =>
      at === undefined ? undefined : Math.max(0, now - at);
    const behindSince = isUp ? this.#missingSince : (this.#heardAt ?? this.#startedAt);
    return {
      answeredMs: since(this.#answeredAt),
      heardMs: since(this.#heardAt),
      behindMs: since(behindSince) ?? 0,
      leaseRenewedMs: since(this.#renewedAt),
      leaseHeldMs: since(this.#heldSince),
      failed: this.#failed,
      latency: this.#latency.facts,
    };
  }
}
