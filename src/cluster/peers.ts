/**
 * The other processes: which are alive, which registers are valid, which have to
 * be swept. Combines received messages (liveness) with the leases in the store.
 */
import type { Clock } from './clock.ts';
import type { Store, Lease } from './store.ts';
import { forEachLimit } from './limit.ts';
import { Liveness } from './liveness.ts';
import type { Sweeper } from './sweeper.ts';
import type { PeerFacts } from '../core/ports.ts';

const MAX_LEASES_AT_ONCE = 16;

export interface PeersDeps {
  incarnation: string;
  leaseMs: number;
  clock: Clock;
  store: Store;
  sweeper: Sweeper;
  /** No register of this incarnation is valid any more. Returns whether it was dropped; if not, it is told again. */
  onGone: (incarnation: string) => boolean;
}

export class Peers {
  readonly #deps: PeersDeps;
  readonly #liveness: Liveness;
  /** Reads of leases under way: reading many users asks once for each process. */
  readonly #asking = new Map<string, Promise<boolean>>();
  readonly #sweeping = new Set<string>();
  /** Processes that are gone and that the host could not drop yet. */
  readonly #undropped = new Set<string>();

  constructor(deps: PeersDeps) {
    this.#deps = deps;
    this.#liveness = new Liveness(deps.leaseMs);
  }

  get live(): number {
    return this.#liveness.live;
  }

  /** The other processes that are not known to have gone. */
  get living(): ReadonlySet<string> {
    return this.#liveness.living;
  }

  get facts(): PeerFacts[] {
    return this.#liveness.facts(this.#deps.clock.now());
  }

  /** A message of this process arrived. Returns whether the message is valid. */
  heard(incarnation: string): boolean {
    return this.#liveness.heard(incarnation, this.#deps.clock.now()) !== 'left';
  }

  /** Whether the process has announced its exit and hands off its players. */
  isLeaving(incarnation: string): boolean {
    return this.#liveness.isLeaving(incarnation);
  }

  /** Whether its registers are valid, as far as is known here. */
  counts(incarnation: string): boolean {
    const state = this.#liveness.state(incarnation, this.#deps.clock.now());
    return state === 'up' || state === 'silent';
  }

  /** The process announced its exit. */
  left(incarnation: string, handoffMs: number | undefined): void {
    const now = this.#deps.clock.now();
    if (handoffMs === undefined) {
      this.#liveness.left(incarnation, now);
      this.#drop(incarnation);
    } else {
      this.#liveness.handsOff(incarnation, now + handoffMs, now);
    }
  }

  /** This process received nothing or was stalled, so the silence of the others until now proves nothing. */
  resetSilence(): void {
    this.#liveness.resetSilence(this.#deps.clock.now());
  }

  /**
   * Whether the register that `incarnation` stored about `userId` is valid. An
   * unknown incarnation needs a lease. Without one its register is a leftover and
   * is removed: a sweep finds only what is listed, and a store that has lost its
   * data has lost the lists. Rejects when the store cannot be asked.
   */
  accepts(incarnation: string, userId: string): boolean | Promise<boolean> {
    const state = this.#liveness.state(incarnation, this.#deps.clock.now());
    if (state === 'unknown') {
      return this.#ask(incarnation).then((isAlive) => isAlive || this.#remove(incarnation, userId));
    }
    return state === 'up' || state === 'silent';
  }

  /** Resolves with `false`: the register is not valid. */
  async #remove(incarnation: string, userId: string): Promise<false> {
    const { sweeper, store } = this.#deps;
    // Like the sweep, it ends the lease last: a process that is alive after all writes everything again.
    await Promise.all([sweeper.remove(userId, incarnation), store.endLease(incarnation)]);
    return false;
  }

  /** Drops all registers of a process, unless it is back. */
  #drop(incarnation: string): void {
    this.#undropped.delete(incarnation);
    if (!this.counts(incarnation) && !this.#deps.onGone(incarnation)) {
      this.#undropped.add(incarnation);
    }
  }

  /** Checks the leases of silent processes. One command for each of them, usually none. */
  async check(): Promise<void> {
    for (const incarnation of this.#undropped) {
      this.#drop(incarnation);
    }
    await forEachLimit(this.#liveness.silent(this.#deps.clock.now()), MAX_LEASES_AT_ONCE, async (incarnation) => {
      const lease = await this.#deps.store.lease(incarnation);
      const now = this.#deps.clock.now();
      if (lease === null && this.#liveness.state(incarnation, now) === 'silent') {
        this.#liveness.gone(incarnation, now);
        this.#drop(incarnation);
      }
    });
  }

  /** Sweeps the processes that are gone, in the background. */
  sweep(): void {
    for (const incarnation of this.#liveness.unswept()) {
      if (!this.#sweeping.has(incarnation)) {
        void this.#sweep(incarnation);
      }
    }
  }

  /** Looks for unknown processes in the store's list: those without a lease have to be swept. Resolves with whether this process is on the list. */
  async scan(): Promise<boolean> {
    const listed = await this.#deps.store.processes();
    const isUnknown = (incarnation: string): boolean =>
      incarnation !== this.#deps.incarnation && this.#liveness.state(incarnation, this.#deps.clock.now()) === 'unknown';
    await forEachLimit(listed.filter(isUnknown), MAX_LEASES_AT_ONCE, async (incarnation) => {
      if (!(await this.#ask(incarnation)) && isUnknown(incarnation)) {
        this.#liveness.gone(incarnation, this.#deps.clock.now());
      }
    });
    return listed.includes(this.#deps.incarnation);
  }

  /** Asks for the lease of an unknown process. Resolves with whether it is alive. */
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

  /** Returns whether it is alive. */
  #note(incarnation: string, lease: Lease | null): boolean {
    const now = this.#deps.clock.now();
    if (lease !== null && this.#liveness.state(incarnation, now) === 'unknown') {
      if (lease === 'leaving') {
        this.#liveness.handsOff(incarnation, now, now);
      } else {
        this.#liveness.heard(incarnation, now);
      }
    }
    return this.counts(incarnation);
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
