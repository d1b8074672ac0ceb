/**
 * The users that this process watches for its clients. It subscribes to each
 * first and reads it afterwards. Both deliver whole registers with a sequence
 * number, so a duplicate or a late one is recognised and dropped.
 */
import type { Bus } from './bus.ts';
import type { Store } from './store.ts';
import { parseRegister } from './envelope.ts';
import { forEachLimit, Limiter } from './limit.ts';
import type { Peers } from './peers.ts';
import type { GuardedHost } from './guarded-host.ts';
import type { RemoteUser } from '../core/ports.ts';
import type { Register } from '../core/registers.ts';
import type { Subscription } from './subscription.ts';

const MAX_READS_AT_ONCE = 64;

export interface WatchesDeps {
  incarnation: string;
  host: GuardedHost;
  store: Store;
  bus: Bus;
  peers: Peers;
  /** The sequence number of the own register that the store should hold about a user. */
  written: (userId: string) => number | undefined;
  /** The store holds another register of this process than it should. */
  onMismatch: (userId: string) => void;
  isUp: () => boolean;
  /** Another number after each outage of the store. */
  epoch: () => number;
}

/** What one process has to write again. */
export interface Asked {
  readonly userIds: Set<string>;
  /** The highest known sequence number of that process. */
  above: number;
}

/** What the store holds about one user. */
interface Fetched {
  /** The registers of other live processes. */
  registers: Map<string, Register>;
  /** All incarnations with a field. */
  fields: Set<string>;
  /** Whether this process has a field. */
  own: boolean;
  /** Whether what every live process says could be understood. */
  isClear: boolean;
}

interface Watch {
  readonly userId: string;
  readonly subscription: Subscription;
  /** Not read from the store yet. */
  fresh: boolean;
  /** The epoch in which it was last read completely. */
  readIn: number | undefined;
  opened: Promise<void>;
}

export class Watches {
  readonly #deps: WatchesDeps;
  readonly #watches = new Map<string, Watch>();
  /** Reads that somebody waits for. */
  readonly #limiter = new Limiter(256);
  #rotation = this.#watches.values();
  /** What other processes have to write again, by incarnation. */
  #asked = new Map<string, Asked>();
  #resync: 'idle' | 'running' | 'again' = 'idle';

  constructor(deps: WatchesDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#watches.size;
  }

  /** See `Cluster.watch`. Two commands, three when nobody announces the user. */
  open(userId: string): Promise<void> {
    const known = this.#watches.get(userId);
    if (known !== undefined) {
      return known.opened;
    }
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
      opened: Promise.resolve(),
    };
    this.#watches.set(userId, watch);
    watch.opened = this.#limiter.run(() => this.#open(watch));
    return watch.opened;
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

  /** What other processes have to write again, because the store lacks it or holds something older. Each is returned once. */
  takeAsked(): Map<string, Asked> {
    const asked = this.#asked;
    this.#asked = new Map();
    return asked;
  }

  /** See `Cluster.read`. */
  async read(userIds: readonly string[]): Promise<Map<string, RemoteUser>> {
    const users = new Map<string, RemoteUser>();
    // A single read may stand for a watch (a follow of somebody who is hidden from the viewer): it must not wait longer than one.
    const group = userIds.length > 1 ? users : undefined;
    await Promise.all(
      [...new Set(userIds)].map((userId) =>
        this.#limiter.run(async () => {
          try {
            const { registers, own, isClear } = await this.#fetch(userId);
            if (!isClear && ![...registers.values()].some(({ entries }) => entries.length > 0)) {
              return;
            }
            users.set(userId, {
              registers: [...registers].map(([incarnation, register]) => ({ incarnation, register })),
              ...(registers.size === 0 && !own && { remembered: await this.#deps.store.remembered(userId) }),
            });
          } catch {
            // The store is down or refused this read: nothing is known about the user.
          }
        }, group),
      ),
    );
    return users;
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
      const { registers, fields, own, isClear } = await this.#fetch(watch.userId);
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
          this.#ask(incarnation, watch.userId, seq);
        }
      }
      const isNowhere = registers.size === 0 && !own;
      watch.fresh = isNowhere && watch.fresh && !(await this.#remember(watch));
      watch.readIn = isClear ? epoch : undefined;
    } catch {
      // The store is down.
    }
  }

  /** A register missing in the store does not mean that the user is gone: its process is asked to write it again. */
  #ask(incarnation: string, userId: string, seq: number): void {
    if (this.#deps.peers.counts(incarnation) && !this.#deps.peers.isLeaving(incarnation)) {
      const asked = this.#asked.get(incarnation) ?? { userIds: new Set(), above: 0 };
      asked.userIds.add(userId);
      asked.above = Math.max(asked.above, seq);
      this.#asked.set(incarnation, asked);
    }
  }

  /** Returns false when the host failed to apply it. */
  async #remember(watch: Watch): Promise<boolean> {
    const last = await this.#deps.store.remembered(watch.userId);
    const heard = [...(this.#deps.host.heardOf(watch.userId)?.values() ?? [])];
    const isSaid = heard.some(({ entries }) => entries.length > 0);
    return !this.#isOpen(watch) || isSaid || this.#deps.host.applyRemembered(watch.userId, last);
  }

  /** Reads a user. */
  async #fetch(userId: string): Promise<Fetched> {
    const { store, incarnation: self, host, peers, bus, written, onMismatch } = this.#deps;
    const ours = written(userId);
    let found: number | undefined;
    let isClear = true;
    const registers = new Map<string, Register>();
    const fields = new Set<string>();
    for (const [incarnation, text] of await store.fields(userId)) {
      fields.add(incarnation);
      const register = parseRegister(incarnation, text);
      if (incarnation === self) {
        found = register?.seq ?? -1;
      } else if (register === null) {
        bus.counts.dropped++;
        isClear &&= !(await peers.accepts(incarnation, userId));
      } else if (await peers.accepts(incarnation, userId)) {
        registers.set(incarnation, register);
      }
    }
    if (found !== ours && written(userId) === ours) {
      host.raiseSeq(found ?? 0);
      onMismatch(userId);
    }
    return { registers, fields, own: fields.has(self), isClear };
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
