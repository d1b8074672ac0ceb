/**
 * Writes the registers of this process's own users. Redis commands: 2 for an
 * update (store, publish), 5 when a user appears (it and the process are also
 * listed for the sweeper, for a day), 3 when the user vanishes (remember or
 * forget `offline`, erase, publish). A user that stays away is taken off the list
 * later, in the background.
 */
import { RefusedError } from './calls.ts';
import type { Bus } from './bus.ts';
import type { Clock } from './clock.ts';
import type { Store } from './store.ts';
import { encodeRegister, printRegister, type RegisterEnvelope } from './envelope.ts';
import type { Formats } from './formats.ts';
import { forEachLimit } from './limit.ts';
import type { GuardedHost } from './guarded-host.ts';
import type { Register } from '../core/registers.ts';

/** Milliseconds for which a user without visible connections stays listed: most come back before. */
const IDLE_MS = 30_000;
const MAX_UNLISTINGS_AT_ONCE = 64;

export interface RegistrarDeps {
  incarnation: string;
  host: GuardedHost;
  store: Store;
  bus: Bus;
  formats: Formats;
  clock: Clock;
  /** Seconds for which `offline` is remembered. 0 = not at all. */
  rememberSeconds: number;
}

export class Registrar {
  readonly #deps: RegistrarDeps;
  /** Users that are on this process's list in the store. */
  #listed = new Set<string>();
  /** The listed users without visible connections: since when, and the sequence number that said so. */
  readonly #idle = new Map<string, { since: number; seq: number }>();
  /** For each user that is visible here: the sequence number last written, which the store should hold. */
  readonly #written = new Map<string, number>();
  /** Users that were to be written, but that the host could not read. */
  readonly unread = new Set<string>();

  constructor(deps: RegistrarDeps) {
    this.#deps = deps;
  }

  /** Writes the current state of the user. Rejects when the caller has to try again. A user that cannot be read stays as it is in the store and is added to {@link unread}. */
  async write(userId: string): Promise<void> {
    const register = this.#deps.host.register(userId);
    if (register === undefined) {
      this.unread.add(userId);
      return;
    }
    this.unread.delete(userId);
    try {
      await Promise.all(register.entries.length === 0 ? this.#vanish(userId, register) : this.#show(userId, register));
    } catch (error) {
      if (!(error instanceof RefusedError)) {
        throw error;
      }
      this.#deps.bus.counts.dropped++;
    }
  }

  /** Writes in the name of a process that has left: it cannot publish itself that a connection was taken over. Two commands. */
  async writeFor(userId: string, incarnation: string, register: Register): Promise<void> {
    const { store, bus } = this.#deps;
    const envelope = encodeRegister(incarnation, register);
    await Promise.all([
      register.entries.length === 0
        ? store.erase(userId, incarnation)
        : store.put(userId, incarnation, this.#print(userId, envelope)),
      bus.publishRegister(userId, { ...envelope, p: 1 }),
    ]);
  }

  #print(userId: string, envelope: RegisterEnvelope): string {
    return printRegister(userId, this.#deps.formats.seal(envelope));
  }

  /** The sequence number of the own register that the store should hold about the user; `undefined`: none. */
  written(userId: string): number | undefined {
    return this.#written.get(userId);
  }

  /** The sequence number last written of a user who is visible here, or was until lately. */
  said(userId: string): number | undefined {
    return this.#written.get(userId) ?? this.#idle.get(userId)?.seq;
  }

  /** Users that were visible here until lately: if the store comes back with older data, they would be shown as they were. */
  get away(): Iterable<string> {
    return this.#idle.keys();
  }

  /** Users that have to be written again: the store may hold an outdated register of this process, or has lost the user from the list. Two commands. */
  async audit(): Promise<string[]> {
    const { store, incarnation } = this.#deps;
    const listed = new Set(await store.listed(incarnation));
    store.keepList(incarnation);
    const stale = [...listed].filter((userId) => !this.#written.has(userId) && !this.#idle.has(userId));
    const lost = [...this.#written.keys()].filter((userId) => !listed.has(userId) && this.#listed.has(userId));
    for (const userId of lost) {
      this.#listed.delete(userId);
    }
    return [...stale, ...lost];
  }

  /** The store has lost its data, or may have: the next write of each user lists it again. */
  relist(): void {
    this.#listed = new Set(); // a new object: answers still under way change only the old one
  }

  /** Takes users that stayed away off the list. One command for each. */
  async tidy(): Promise<void> {
    const until = this.#deps.clock.now() - IDLE_MS;
    const { store, incarnation } = this.#deps;
    const due: string[] = [];
    for (const [userId, { since }] of this.#idle) {
      if (since > until) {
        break; // in order of time
      }
      due.push(userId);
    }
    await forEachLimit(due, MAX_UNLISTINGS_AT_ONCE, async (userId) => {
      const idle = this.#idle.get(userId);
      if (idle === undefined) {
        return; // came back meanwhile
      }
      this.#idle.delete(userId);
      this.#listed.delete(userId); // before the command, so that a later write lists the user again
      try {
        await store.unlist(incarnation, userId);
      } catch (error) {
        if (!this.#listed.has(userId)) {
          this.#idle.set(userId, { ...idle, since: this.#deps.clock.now() });
        }
        throw error;
      }
    });
  }

  // Issues all commands of one write before it waits for any answer.
  #show(userId: string, register: Register): Array<Promise<unknown>> {
    const { incarnation, store, bus } = this.#deps;
    const envelope = encodeRegister(incarnation, register);
    const commands: Array<Promise<unknown>> = [];
    const listed = this.#listed;
    this.#idle.delete(userId);
    this.#written.set(userId, register.seq);
    if (!listed.has(userId)) {
      commands.push(store.list(incarnation, userId).then(() => listed.add(userId)));
    }
    commands.push(store.put(userId, incarnation, this.#print(userId, envelope)), bus.publishRegister(userId, envelope));
    return commands;
  }

  #vanish(userId: string, register: Register): Array<Promise<unknown>> {
    const { incarnation, store, bus, clock, rememberSeconds } = this.#deps;
    this.#written.delete(userId);
    this.#idle.delete(userId);
    this.#idle.set(userId, { since: clock.now(), seq: register.seq });
    const commands: Array<Promise<unknown>> = [];
    if (rememberSeconds > 0) {
      // Before the field is removed: a process that finds no field must find how the user ended.
      commands.push(
        register.last === 'unlogined' ? store.forgetOffline(userId) : store.rememberOffline(userId, rememberSeconds),
      );
    }
    commands.push(store.erase(userId, incarnation), bus.publishRegister(userId, encodeRegister(incarnation, register)));
    return commands;
  }
}
