/**
 * The rate limits of each user over all its connections: calls, and the ids in
 * them. A record is kept while it counts, so leaving and joining again does not
 * reset it.
 */
import { PresenceError } from '../protocol.ts';
import { RateWindow } from './rate-window.ts';
import type { ResolvedOptions } from '../options.ts';

interface Budget {
  readonly calls: RateWindow;
  readonly ids: RateWindow;
  until: number;
}

export class Budgets {
  /** Least recently used first. */
  readonly #budgets = new Map<string, Budget>();

  /** Users with calls that still count, and at most one without. */
  get size(): number {
    return this.#budgets.size;
  }

  /** Counts a call with `ids` ids; throws `rate_limited`, and counts nothing, when that is too much. */
  take(
    userId: string,
    ids: number,
    { rateLimit, rateLimitIds, rateWindowMs }: Pick<ResolvedOptions, 'rateLimit' | 'rateLimitIds' | 'rateWindowMs'>,
    now: number,
  ): void {
    this.#forgetOld(now);
    const budget = this.#budgets.get(userId) ?? { calls: new RateWindow(), ids: new RateWindow(), until: 0 };
    const retryAfterMs = Math.max(
      budget.calls.wait(now, 1, rateLimit, rateWindowMs),
      budget.ids.wait(now, ids, rateLimitIds, rateWindowMs),
    );
    if (retryAfterMs > 0) {
      throw new PresenceError('rate_limited', { retryAfterMs });
    }
    budget.calls.add(now, 1);
    budget.ids.add(now, ids);
    budget.until = now + rateWindowMs;
    this.#budgets.delete(userId);
    this.#budgets.set(userId, budget);
  }

  /** Counts a call if that is not too much, and returns whether it was. */
  tries(
    userId: string,
    limits: Pick<ResolvedOptions, 'rateLimit' | 'rateLimitIds' | 'rateWindowMs'>,
    now: number,
  ): boolean {
    try {
      this.take(userId, 0, limits, now);
      return true;
    } catch {
      return false;
    }
  }

  #forgetOld(now: number): void {
    for (const [userId, { until }] of this.#budgets) {
      if (until > now) {
        return;
      }
      this.#budgets.delete(userId);
    }
  }
}
