/**
 * The users that this process watches for its clients. It subscribes to each
 * first and reads it afterwards. Both deliver whole registers with a sequence
 * number, so a duplicate or a late one is recognised and dropped.
 */
import type { Asks } from './asks.ts';
import type { Bus } from './bus.ts';
import type { Store } from './store.ts';
import { forEachLimit } from './limit.ts';
import type { Peers } from './peers.ts';
import type { GuardedHost } from './guarded-host.ts';
import { FOLLOW, type Reader } from './reader.ts';
import type { Register } from '../core/registers.ts';
import type { Subscription } from './subscription.ts';

const MAX_READS_AT_ONCE = 64;

export interface WatchesDeps {
  host: GuardedHost;
  store: Store;
  bus: Bus;
  peers: Peers;
  reader: Reader;
  asks: Asks;
  isUp: () => boolean;
  /** Another number after each outage of the store. */
  epoch: () => number;
}

interface Watch {
  readonly userId: string;
  readonly subscription: Subscription;
  /** Not read from the store yet. */
  fresh: boolean;
  /** The epoch in which it was last read completely. */
  readIn: number | undefined;
  /** Whether its first read waits for its turn no longer. */
  hasBegun: boolean;
  readonly opened: Promise<void>;
  readonly resolve: () => void;
}

export class Watches {
  readonly #deps: WatchesDeps;
  readonly #watches = new Map<string, Watch>();
  #rotation = this.#watches.values();
  #resync: 'idle' | 'running' | 'again' = 'idle';

  constructor(deps: WatchesDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#watches.size;
  }

  /** See `Cluster.watch`. Two commands, three when nobody announces the user. */
  open(userId: string, asker?: object): Promise<void> {
    const watch = this.#watches.get(userId) ?? this.#make(userId);
    if (!watch.hasBegun) {
      // Also for an open watch: whoever asked for it first may have many others to wait for.
      void this.#deps.reader.turns.run(() => this.#begin(watch), asker, FOLLOW);
    }
    return watch.opened;
  }

  #make(userId: string): Watch {
    const { promise: opened, resolve } = Promise.withResolvers<void>();
    const watch: Watch = {
      userId,
      subscription: this.#deps.bus.onRegister(
        userId,
        (from, register, byProxy) => {
          if (byProxy ? this.#deps.host.heardOf(userId)?.has(from) === true : this.#deps.peers.heard(from)) {
            this.#apply(watch, from, register);
          }
        },
        () => {
          void this.#read(watch);
        },
      ),
      fresh: true,
      readIn: undefined,
      hasBegun: false,
      opened,
      resolve,
    };
    this.#watches.set(userId, watch);
    return watch;
  }

  async #begin(watch: Watch): Promise<void> {
    if (!watch.hasBegun) {
      watch.hasBegun = true;
      await this.#open(watch);
      watch.resolve();
    }
  }

  close(userId: string): void {
    this.#watches.get(userId)?.subscription.close();
    this.#watches.delete(userId);
  }

  /** See `Cluster.knows`. */
  knows(userId: string): boolean {
    return this.#deps.isUp() && this.#watches.get(userId)?.readIn === this.#deps.epoch();
  }

  closeAll(): void {
    for (const userId of this.#watches.keys()) {
      this.close(userId);
    }
  }

  /** Reads all watched users again, because messages may be lost. A call while one is under way starts another afterwards. */
  async resync(): Promise<void> {
    if (this.#resync !== 'idle') {
      this.#resync = 'again';
      return;
    }
    do {
      this.#resync = 'running';
      await forEachLimit(this.#watches.values(), MAX_READS_AT_ONCE, (watch) => this.#refresh(watch));
    } while ((this.#resync as string) === 'again' && this.#deps.isUp());
    this.#resync = 'idle';
  }

  /** Reads the next `max` users in rotation. One command each. */
  async antiEntropy(max: number): Promise<void> {
    const batch: Watch[] = [];
    while (batch.length < Math.min(max, this.#watches.size)) {
      const { done, value } = this.#rotation.next();
      if (done === true) {
        this.#rotation = this.#watches.values();
      } else {
        batch.push(value);
      }
    }
    await forEachLimit(batch, MAX_READS_AT_ONCE, (watch) => this.#refresh(watch));
  }

  async #open(watch: Watch): Promise<void> {
    if (!this.#isOpen(watch)) {
      return;
    }
    const confirmed = watch.subscription.open();
    if (this.#deps.isUp()) {
      await confirmed;
    }
    await this.#read(watch);
  }

  async #refresh(watch: Watch): Promise<void> {
    if (watch.subscription.failed && this.#isOpen(watch)) {
      await watch.subscription.open();
    }
    await this.#read(watch);
  }

  /** Passes the registers in the store to the host. Never rejects: the next resync reads again what failed. */
  async #read(watch: Watch): Promise<void> {
    if (!this.#isOpen(watch) || !this.#deps.isUp()) {
      return;
    }
    const epoch = this.#deps.epoch();
    const before = [...(this.#deps.host.heardOf(watch.userId) ?? [])];
    try {
      const { registers, fields, own, isClear } = await this.#deps.reader.fetch(watch.userId);
      if (!this.#isOpen(watch)) {
        return;
      }
      for (const [incarnation, register] of registers) {
        // The process may have been dropped while the answer was under way.
        if (this.#deps.peers.counts(incarnation)) {
          this.#apply(watch, incarnation, register);
        }
      }
      for (const [incarnation, { seq, entries }] of before) {
        const stored = fields.has(incarnation) ? (registers.get(incarnation)?.seq ?? -1) : undefined;
        if (stored === undefined ? entries.length > 0 : stored < seq) {
          this.#deps.asks.add(incarnation, watch.userId, seq);
        }
      }
      const isNowhere = registers.size === 0 && !own;
      watch.fresh = isNowhere && watch.fresh && !(await this.#remember(watch));
      watch.readIn = isClear ? epoch : undefined;
    } catch {
      // The store is down.
    }
  }

  /** Returns false when the host failed to apply it. */
  async #remember(watch: Watch): Promise<boolean> {
    const last = await this.#deps.store.remembered(watch.userId);
    const heard = [...(this.#deps.host.heardOf(watch.userId)?.values() ?? [])];
    const isSaid = heard.some(({ entries }) => entries.length > 0);
    return !this.#isOpen(watch) || isSaid || this.#deps.host.applyRemembered(watch.userId, last);
  }

  #apply(watch: Watch, incarnation: string, register: Register): void {
    if (this.#isOpen(watch)) {
      this.#deps.host.applyRegister(watch.userId, incarnation, register);
    }
  }

  #isOpen(watch: Watch): boolean {
    return this.#watches.get(watch.userId) === watch;
  }
}
