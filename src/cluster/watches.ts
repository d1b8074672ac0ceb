/**
 * The users that this process watches for its clients. It subscribes to each
 * first and reads it afterwards. Both deliver whole registers with a sequence
 * number, so a duplicate or a late one is recognised and dropped.
 */
import type { Asks } from './asks.ts';
import type { Bus } from './bus.ts';
import type { Clock } from './clock.ts';
import { forEachLimit } from './limit.ts';
import type { Peers } from './peers.ts';
import type { GuardedHost } from './guarded-host.ts';
import { FOLLOW, type Reader } from './reader.ts';
import type { EndedStatus } from '../protocol.ts';
import type { Register } from '../core/registers.ts';
import type { Subscription } from './subscription.ts';

const MAX_READS_AT_ONCE = 64;

export interface WatchesDeps {
  host: GuardedHost;
  bus: Bus;
  clock: Clock;
  peers: Peers;
  reader: Reader;
  asks: Asks;
  isUp: () => boolean;
  /** Changes with each outage of the store. */
  epoch: () => number;
}

/** Work that several askers wait for. It runs once, at the turn of the first of them. */
interface Turn {
  hasBegun: boolean;
  readonly done: Promise<void>;
  readonly resolve: () => void;
}

interface Watch {
  readonly userId: string;
  readonly subscription: Subscription;
  /** Not read from the store yet. */
  fresh: boolean;
  /** The epoch in which it was last read completely. */
  readIn: number | undefined;
  /** Its first read. */
  readonly first: Turn;
}

export class Watches {
  readonly #deps: WatchesDeps;
  readonly #watches = new Map<string, Watch>();
  readonly #retraces = new Map<string, Turn>();
  #rotation = this.#watches.values();
  #resync: 'idle' | 'running' | 'again' = 'idle';

  constructor(deps: WatchesDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#watches.size;
  }

  /** See `Cluster.watch`. Three commands, whatever is said of the user. */
  open(userId: string, asker?: object): Promise<void> {
    const watch = this.#watches.get(userId) ?? this.#make(userId);
    return this.#inTurn(watch.first, () => this.#open(watch), asker);
  }

  /** See `Cluster.retrace`. Four commands. */
  retrace(userId: string, asker?: object): Promise<void> {
    const turn = this.#retraces.get(userId) ?? newTurn();
    this.#retraces.set(userId, turn);
    return this.#inTurn(turn, () => this.#retrace(userId), asker);
  }

  /** Runs `run` at the turn of any of its askers: the one that asked first may have many other tasks before it. */
  #inTurn(turn: Turn, run: () => Promise<void>, asker: object | undefined): Promise<void> {
    const begin = async (): Promise<void> => {
      if (!turn.hasBegun) {
        turn.hasBegun = true;
        await run();
        turn.resolve();
      }
    };
    if (!turn.hasBegun) {
      void this.#deps.reader.turns.run(begin, asker, FOLLOW);
    }
    return turn.done;
  }

  #make(userId: string): Watch {
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
      first: newTurn(),
    };
    this.#watches.set(userId, watch);
    return watch;
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

  async #retrace(userId: string): Promise<void> {
    const { bus, clock, reader, isUp } = this.#deps;
    const subscription = bus.toNothing();
    const confirmed = subscription.open();
    try {
      if (isUp()) {
        await confirmed;
        await reader.fetchWithMemory(userId);
      }
    } catch {
      // The store is down.
    }
    this.#retraces.delete(userId);
    // Afterwards: a watch is not closed either before it is answered.
    clock.setTimeout(() => {
      subscription.close();
    }, 0);
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
    const before = new Map(this.#deps.host.heardOf(watch.userId));
    try {
      const { reader } = this.#deps;
      const { registers, fields, own, isClear, remembered } = watch.fresh
        ? await reader.fetchWithMemory(watch.userId)
        : { ...(await reader.fetch(watch.userId)), remembered: undefined };
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
      watch.fresh = isNowhere && watch.fresh && !this.#remember(watch, remembered, before);
      watch.readIn = isClear ? epoch : undefined;
      if (this.knows(watch.userId)) {
        this.#deps.host.applyRead(watch.userId);
      }
    } catch {
      // The store is down.
    }
  }

  /** Returns false when there is nothing to apply yet, or when the host failed to apply it. `before`: what was heard of the user when the read was issued. */
  #remember(watch: Watch, last: EndedStatus | undefined, before: ReadonlyMap<string, Register>): boolean {
    if (last === undefined) {
      return false;
    }
    const heard = [...(this.#deps.host.heardOf(watch.userId) ?? [])];
    const isSaid = heard.some(([, { entries }]) => entries.length > 0);
    // A register is never changed, only replaced. What was heard of the end of the user since then is newer.
    const isNewer = heard.some(([incarnation, register]) => before.get(incarnation) !== register);
    return !this.#isOpen(watch) || isSaid || isNewer || this.#deps.host.applyRemembered(watch.userId, last);
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

function newTurn(): Turn {
  const { promise: done, resolve } = Promise.withResolvers<void>();
  return { hasBegun: false, done, resolve };
}
