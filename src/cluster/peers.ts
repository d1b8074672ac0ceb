/**
 * The other processes: who is there, whose word counts, whose traces have to
 * be swept. Joins what was heard (liveness) with what the store says (leases).
 */
import type { Clock } from './clock.ts';
import type { Store, Lease } from './store.ts';
import { forEachLimit } from './limit.ts';
import { Liveness } from './liveness.ts';
import type { Sweeper } from './sweeper.ts';

const MAX_LEASES_AT_ONCE = 16;

export interface PeersDeps {
  incarnation: string;
  leaseMs: number;
  clock: Clock;
  store: Store;
  sweeper: Sweeper;
  /** Nothing this incarnation said holds any more. */
  onGone: (incarnation: string) => void;
}

export class Peers {
  readonly #deps: PeersDeps;
  readonly #liveness: Liveness;
  /** Leases being asked for, so that a snapshot of many users asks once. */
  readonly #asking = new Map<string, Promise<boolean>>();
  readonly #sweeping = new Set<string>();

  constructor(deps: PeersDeps) {
    this.#deps = deps;
    this.#liveness = new Liveness(deps.leaseMs);
  }

  get live(): number {
    return this.#liveness.live;
  }

  /** A message came from there. Returns whether its word counts. */
  heard(incarnation: string): boolean {
    return this.#liveness.heard(incarnation, this.#deps.clock.now()) !== 'left';
  }

  /** It has said goodbye, and its players are handed off. */
  isLeaving(incarnation: string): boolean {
    return this.#liveness.isLeaving(incarnation);
  }

  /** Whether what it said holds, as far as is known here. */
  counts(incarnation: string): boolean {
    const state = this.#liveness.state(incarnation, this.#deps.clock.now());
    return state === 'up' || state === 'silent';
  }

  /** It said goodbye. */
  left(incarnation: string, handoffMs: number | undefined): void {
    const now = this.#deps.clock.now();
    if (handoffMs === undefined) {
      this.#liveness.left(incarnation, now);
      this.#deps.onGone(incarnation);
    } else {
      this.#liveness.handsOff(incarnation, now + handoffMs, now);
    }
  }

  /** We did not hear or were stalled: silence until now proves nothing. */
  excuse(): void {
    this.#liveness.excuse(this.#deps.clock.now());
  }

  /**
   * Whether what `incarnation` stored about `userId` counts. One never heard
   * of has to have a lease; without one, what it stored is a leftover, and is
   * noted for the sweep. Rejects when the store cannot be asked.
   */
  accepts(incarnation: string, userId: string): boolean | Promise<boolean> {
    const state = this.#liveness.state(incarnation, this.#deps.clock.now());
    return state === 'unknown' ? this.#acceptsUnknown(incarnation, userId) : state === 'up' || state === 'silent';
  }

  async #acceptsUnknown(incarnation: string, userId: string): Promise<boolean> {
    if (await this.#ask(incarnation)) {
      return true;
    }
    const { store } = this.#deps;
    await Promise.all([store.enlist(incarnation), store.list(incarnation, userId)]);
    this.#liveness.gone(incarnation, this.#deps.clock.now());
    return false;
  }

  /** Looks at the leases of those that were not heard of. One command for each of them, usually none. */
  async check(): Promise<void> {
    await forEachLimit(this.#liveness.silent(this.#deps.clock.now()), MAX_LEASES_AT_ONCE, async (incarnation) => {
      const lease = await this.#deps.store.lease(incarnation);
      const now = this.#deps.clock.now();
      if (lease === null && this.#liveness.state(incarnation, now) === 'silent') {
        this.#liveness.gone(incarnation, now);
        this.#deps.onGone(incarnation);
      }
    });
  }

  /** Sweeps after those that are gone, in the background. */
  sweep(): void {
    for (const incarnation of this.#liveness.unswept()) {
      if (!this.#sweeping.has(incarnation)) {
        void this.#sweep(incarnation);
      }
    }
  }

  /** Looks for processes nobody here has heard of. Resolves with whether this one is on the list. */
  async scan(): Promise<boolean> {
    const listed = await this.#deps.store.processes();
    await forEachLimit(listed, MAX_LEASES_AT_ONCE, async (incarnation) => {
      if (
        incarnation !== this.#deps.incarnation &&
        this.#liveness.state(incarnation, this.#deps.clock.now()) === 'unknown'
      ) {
        await this.#ask(incarnation);
      }
    });
    return listed.includes(this.#deps.incarnation);
  }

  /** Asks for the lease of one never heard of. Resolves with whether it lives. */
  #ask(incarnation: string): Promise<boolean> {
    let answer = this.#asking.get(incarnation);
    if (answer === undefined) {
      answer = this.#deps.store
        .lease(incarnation)
        .then((lease) => this.#note(incarnation, lease))
        .finally(() => {
          this.#asking.delete(incarnation);
        });
      this.#asking.set(incarnation, answer);
    }
    return answer;
  }

  #note(incarnation: string, lease: Lease | null): boolean {
    const now = this.#deps.clock.now();
    if (this.#liveness.state(incarnation, now) === 'unknown') {
      if (lease === null) {
        this.#liveness.gone(incarnation, now);
      } else if (lease === 'leaving') {
        this.#liveness.handsOff(incarnation, now, now);
      } else {
        this.#liveness.heard(incarnation, now);
      }
    }
    const state = this.#liveness.state(incarnation, now);
    return state === 'up' || state === 'silent';
  }

  async #sweep(incarnation: string): Promise<void> {
    const isGone = (): boolean => this.#liveness.state(incarnation, this.#deps.clock.now()) === 'gone';
    this.#sweeping.add(incarnation);
    try {
      if (await this.#deps.sweeper.sweep(incarnation, isGone)) {
        this.#liveness.forget(incarnation);
      }
    } catch {
      // The store is down; the next round tries again.
    }
    this.#sweeping.delete(incarnation);
  }
}
