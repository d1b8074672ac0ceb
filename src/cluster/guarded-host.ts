/**
 * Wraps the host: an error of the host becomes a log line. It neither breaks the
 * loops of the cluster nor makes a user look offline.
 */
import { reasonOf } from '../core/hooks.ts';
import type { Clock } from './clock.ts';
import type { Log } from '../log-codes.ts';
import type { ClusterHost } from '../core/ports.ts';
import type { Register } from '../core/registers.ts';

/** Milliseconds between two log lines for failures of the same kind. */
const LOG_EVERY_MS = 60_000;

/** Like the host, but nothing throws: a failed read returns `undefined`, a failed change returns `false`. */
export class GuardedHost {
  readonly #host: ClusterHost;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #quietUntil = new Map<string, number>();

  constructor(host: ClusterHost, log: Log, clock: Clock) {
    this.#host = host;
    this.#log = log;
    this.#clock = clock;
  }

  applyRegister(userId: string, incarnation: string, register: Register): void {
    this.#apply('Applying a register', () => {
      this.#host.applyRegister(userId, incarnation, register);
    });
  }

  /** Returns whether it was applied. If not, the caller has to try again later. */
  applyRemembered(userId: string, last: 'offline' | 'unlogined'): boolean {
    return this.#apply('Applying a remembered status', () => {
      this.#host.applyRemembered(userId, last);
    });
  }

  applyRead(userId: string): void {
    this.#apply('Noting a read user', () => {
      this.#host.applyRead(userId);
    });
  }

  /** Returns whether it was done. If not, the caller has to try again later. */
  dropIncarnation(incarnation: string): boolean {
    return this.#apply('Dropping a process', () => {
      this.#host.dropIncarnation(incarnation);
    });
  }

  applyCommand(command: unknown): void {
    this.#apply('Applying a command', () => {
      this.#host.applyCommand(command);
    });
  }

  /** `undefined`: not known now. */
  heardOf(userId: string): ReadonlyMap<string, Register> | undefined {
    return this.#guarded('Reading a user', () => this.#host.heardOf(userId));
  }

  retractedFrom(incarnation: string): string[] {
    return this.#guarded('Listing the users', () => [...this.#host.retractedFrom(incarnation)]) ?? [];
  }

  takeRetracted(userId: string, isDue: (incarnation: string) => boolean): Array<[string, Register]> {
    return this.#guarded('Reading a user', () => this.#host.takeRetracted(userId, isDue)) ?? [];
  }

  /** `undefined`: not known now. Then nothing may be written about the user. */
  register(userId: string): Register | undefined {
    return this.#guarded('Reading a user', () => this.#host.register(userId));
  }

  raiseSeq(seq: number): void {
    this.#apply('Numbering registers', () => {
      this.#host.raiseSeq(seq);
    });
  }

  /** `undefined`: not known now. */
  announcedUsers(): string[] | undefined {
    return this.#guarded('Listing the users', () => [...this.#host.announcedUsers()]);
  }

  #apply(what: string, run: () => void): boolean {
    return (
      this.#guarded(what, () => {
        run();
        return true;
      }) === true
    );
  }

  #guarded<T>(what: string, run: () => T): T | undefined {
    try {
      return run();
    } catch (error) {
      const now = this.#clock.now();
      const quietUntil = this.#quietUntil.get(what) ?? -Infinity;
      if (now >= quietUntil || quietUntil - now > LOG_EVERY_MS) {
        this.#quietUntil.set(what, now + LOG_EVERY_MS);
        this.#log.error(`[presence:cluster_fault] ${what} failed: ${reasonOf(error)}`);
      }
      return undefined;
    }
  }
}
