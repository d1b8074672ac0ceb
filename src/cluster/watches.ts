/**
 * The users somebody here wants to hear about. Each is subscribed first and
 * read afterwards; both ways deliver whole registers with a sequence number,
 * so what arrives twice or late is recognised and dropped.
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
  isUp: () => boolean;
}

interface Watch {
  readonly userId: string;
  readonly subscription: Subscription;
  /** Not read from the store yet. */
  fresh: boolean;
  opened: Promise<void>;
}

export class Watches {
  readonly #deps: WatchesDeps;
  readonly #watches = new Map<string, Watch>();
  /** Reads that somebody waits for. */
  readonly #limiter = new Limiter(256);
  #rotation = this.#watches.values();
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

  closeAll(): void {
    for (const userId of this.#watches.keys()) {
      this.close(userId);
    }
  }

  /** Reads everybody again: messages may have been missed. Called while under way, it starts over afterwards. */
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

  /** See `Cluster.read`. */
  async read(userIds: readonly string[]): Promise<Map<string, RemoteUser>> {
    const users = new Map<string, RemoteUser>();
    await Promise.all(
      [...new Set(userIds)].map((userId) =>
        this.#limiter.run(async () => {
          try {
            const { registers, own } = await this.#fetch(userId);
            users.set(userId, {
              registers: [...registers].map(([incarnation, register]) => ({ incarnation, register })),
              ...(registers.size === 0 && !own && { remembered: await this.#deps.store.remembered(userId) }),
            });
          } catch {
            // The store is down, or does not answer this one: nothing is known of the user.
          }
        }),
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

  /** Hands what the store says to the host. Never rejects: what fails is read again by the next resync. */
  async #read(watch: Watch): Promise<void> {
    if (!this.#isOpen(watch) || !this.#deps.isUp()) {
      return;
    }
    const before = this.#said(watch.userId);
    try {
      const { registers, fields, own } = await this.#fetch(watch.userId);
      if (!this.#isOpen(watch)) {
        return;
      }
      for (const [incarnation, register] of registers) {
        // It may have been given up while the answer was on its way.
        if (this.#deps.peers.counts(incarnation)) {
          this.#apply(watch, incarnation, register);
        }
      }
      const missing = before.filter(([incarnation]) => !fields.has(incarnation));
      const vanished = missing.length === 0 ? [] : await this.#confirm(watch, missing);
      const isNowhere = registers.size === 0 && !own;
      // Asked first, so that followers hear of it once.
      const last = isNowhere && vanished.length > 0 ? await this.#deps.store.remembered(watch.userId) : undefined;
      for (const [incarnation, { seq }] of vanished) {
        this.#apply(watch, incarnation, { seq, entries: [], ...(last !== undefined && { last }) });
      }
      watch.fresh = isNowhere && (watch.fresh || last !== undefined) && !(await this.#remember(watch, last));
    } catch {
      // The store is down.
    }
  }

  /** The processes that say something about the user. */
  #said(userId: string): Array<readonly [incarnation: string, register: Register]> {
    return [...(this.#deps.host.heardOf(userId) ?? [])].filter(([, { entries }]) => entries.length > 0);
  }

  /**
   * Which of these registers have been taken back. A store that lost its data
   * lacks them just so, until each process has noticed and has written all it
   * owns, its name last. Two commands for each, and none while nothing is missing.
   */
  async #confirm(
    watch: Watch,
    missing: ReadonlyArray<readonly [incarnation: string, register: Register]>,
  ): Promise<Array<readonly [string, Register]>> {
    const { store, peers } = this.#deps;
    const gone = await Promise.all(
      missing.map(
        async ([incarnation]) =>
          !peers.counts(incarnation) ||
          ((await store.isEnlisted(incarnation)) &&
            !(await store.fields(watch.userId)).some(([name]) => name === incarnation)),
      ),
    );
    // What it has said meanwhile is newer, and stays.
    return missing.filter((_, i) => gone[i] === true);
  }

  /** Returns false when the host could not take it. */
  async #remember(watch: Watch, known: 'offline' | 'unlogined' | undefined): Promise<boolean> {
    const last = known ?? (await this.#deps.store.remembered(watch.userId));
    return (
      !this.#isOpen(watch) || this.#said(watch.userId).length > 0 || this.#deps.host.applyRemembered(watch.userId, last)
    );
  }

  /** What the store says about a user: the registers of live others, everybody who has a field, whether we have one. */
  async #fetch(userId: string): Promise<{ registers: Map<string, Register>; fields: Set<string>; own: boolean }> {
    const { store, incarnation: self, peers, bus } = this.#deps;
    const registers = new Map<string, Register>();
    const fields = new Set<string>();
    for (const [incarnation, text] of await store.fields(userId)) {
      fields.add(incarnation);
      if (incarnation === self) {
        continue;
      }
      const register = parseRegister(incarnation, text);
      if (register === null) {
        bus.counts.dropped++;
      } else if (await peers.accepts(incarnation, userId)) {
        registers.set(incarnation, register);
      }
    }
    return { registers, fields, own: fields.has(self) };
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
