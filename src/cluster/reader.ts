/** Reads users from the store: the registers of other live processes about them. Compares what this process has written with what it finds. */
import type { Asks } from './asks.ts';
import type { Bus } from './bus.ts';
import { parseRegister } from './envelope.ts';
import type { Formats } from './formats.ts';
import type { GuardedHost } from './guarded-host.ts';
import { Limiter } from './limit.ts';
import type { Peers } from './peers.ts';
import type { Store } from './store.ts';
import type { EndedStatus } from '../protocol.ts';
import type { RemoteUser } from '../core/ports.ts';
import type { Register } from '../core/registers.ts';

/** Reads that somebody waits for, at once. */
const MAX_READS_AT_ONCE = 256;
/** The same, when only one waits: a query of 500 users is one round trip. */
const MAX_READS_OF_ONE = 512;
/** The kinds of these reads. */
export const FOLLOW = 0;
const QUERY = 1;

export interface ReaderDeps {
  incarnation: string;
  host: GuardedHost;
  store: Store;
  bus: Bus;
  formats: Formats;
  peers: Peers;
  asks: Asks;
  /** The sequence number of the own register that the store should hold about a user. */
  written: (userId: string) => number | undefined;
  /** Another number whenever this process has written something about a user who is, or was until lately, visible here. */
  said: (userId: string) => number | undefined;
  /** The store holds another register of this process than it should. */
  onMismatch: (userId: string) => void;
  /** Whether something that this process says of the user is not in the store yet. */
  isWriting: (userId: string) => boolean;
}

/** What the store holds about a user. */
export interface Found {
  /** The registers of other live processes. */
  readonly registers: Map<string, Register>;
  /** All incarnations with a field. */
  readonly fields: Set<string>;
  /** Whether this process has a field. */
  readonly own: boolean;
  /** Whether what every live process says could be understood. */
  readonly isClear: boolean;
}

export class Reader {
  /** Reads that somebody waits for take turns. */
  readonly turns = new Limiter(MAX_READS_AT_ONCE, 2, MAX_READS_OF_ONE);
  readonly #deps: ReaderDeps;

  constructor(deps: ReaderDeps) {
    this.#deps = deps;
  }

  /** See `Cluster.read`. */
  async read(userIds: readonly string[], asker?: object): Promise<Map<string, RemoteUser>> {
    const users = new Map<string, RemoteUser>();
    const add = async (userId: string): Promise<void> => {
      const found = await this.#find(userId);
      if (found !== undefined) {
        users.set(userId, found);
      }
    };
    await Promise.all([...new Set(userIds)].map((userId) => this.turns.run(() => add(userId), asker ?? users, QUERY)));
    return users;
  }

  /** `undefined`: nothing is known about the user. */
  async #find(userId: string): Promise<RemoteUser | undefined> {
    try {
      const { registers, own, isClear, remembered } = await this.fetchWithMemory(userId);
      if (!isClear && ![...registers.values()].some(({ entries }) => entries.length > 0)) {
        return undefined;
      }
      return {
        registers: [...registers].map(([incarnation, register]) => ({ incarnation, register })),
        ...(registers.size === 0 && !own && remembered !== undefined && { remembered }),
      };
    } catch {
      return undefined; // the store is down or refused this read
    }
  }

  /** Rejects when the store cannot be asked. */
  async fetch(userId: string): Promise<Found> {
    const { store, incarnation: self, host, peers, bus, formats, asks, written, onMismatch } = this.#deps;
    const open = (value: unknown): unknown => formats.open(value);
    const ours = written(userId);
    let found: number | undefined;
    let isClear = true;
    const registers = new Map<string, Register>();
    const fields = new Set<string>();
    for (const [incarnation, text] of await store.fields(userId)) {
      fields.add(incarnation);
      const register = parseRegister(userId, incarnation, text, open);
      if (incarnation === self) {
        found = register?.seq ?? -1;
      } else if (register === null) {
        bus.counts.dropped++;
        if (await peers.accepts(incarnation, userId)) {
          isClear = false;
          asks.add(incarnation, userId, 0);
        }
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

  /**
   * The same as {@link fetch}, and the remembered status of a user that no process has. That one is `undefined` when this
   * process has written, or has yet to write, something about the user since the read was issued: it may be out of date.
   */
  async fetchWithMemory(userId: string): Promise<Found & { readonly remembered: EndedStatus | undefined }> {
    const { store, isWriting, said } = this.#deps;
    const wasWriting = isWriting(userId);
    const before = said(userId);
    // Always both at once, so that the time does not tell whether some process has the user.
    const [found, last] = await Promise.all([this.fetch(userId), store.remembered(userId)]);
    // Asked after both: while one answer was under way, the user may have come and gone.
    const isOutdated = wasWriting || isWriting(userId) || said(userId) !== before;
    return { ...found, remembered: isOutdated ? undefined : last };
  }
}
