/**
 * A host whose failures end in a log line instead of in the cluster's own
 * loops, and never in something being taken for gone.
 */
import type { Clock } from './clock.ts';
import type { Log } from './health.ts';
import type { ClusterHost } from '../core/ports.ts';
import type { Register } from '../core/registers.ts';

/** Of failures of one kind, one line is logged in this time. */
const LOG_EVERY_MS = 60_000;

/** Like the host, but nothing throws: what cannot be read is `undefined`, what cannot be applied is `false`. */
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
    this.#apply('applying a register', () => {
      this.#host.applyRegister(userId, incarnation, register);
    });
  }

  /** Returns whether it was applied. If not, it has to be applied again later. */
  applyRemembered(userId: string, last: 'offline' | 'unlogined'): boolean {
    return this.#apply('applying a remembered status', () => {
      this.#host.applyRemembered(userId, last);
    });
  }

  /** Returns whether it was done. If not, it has to be done again later. */
  dropIncarnation(incarnation: string): boolean {
    return this.#apply('dropping a process', () => {
      this.#host.dropIncarnation(incarnation);
    });
  }

  applyCommand(command: unknown): void {
    this.#apply('applying a command', () => {
      this.#host.applyCommand(command);
    });
  }

  /** `undefined`: not known now. */
  heardOf(userId: string): ReadonlyMap<string, Register> | undefined {
    return this.#guarded('reading a user', () => this.#host.heardOf(userId));
  }

  retractedFrom(incarnation: string): string[] {
    return this.#guarded('listing the users', () => [...this.#host.retractedFrom(incarnation)]) ?? [];
  }

  takeRetracted(userId: string, isDue: (incarnation: string) => boolean): Array<[string, Register]> {
    return this.#guarded('reading a user', () => this.#host.takeRetracted(userId, isDue)) ?? [];
  }

  /** `undefined`: not known now. Nothing may be written of the user then. */
  register(userId: string): Register | undefined {
    return this.#guarded('reading a user', () => this.#host.register(userId));
  }

  raiseSeq(seq: number): void {
    this.#apply('numbering registers', () => {
      this.#host.raiseSeq(seq);
    });
  }

  /** `undefined`: not known now. */
  announcedUsers(): string[] | undefined {
    return this.#guarded('listing the users', () => [...this.#host.announcedUsers()]);
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
        this.#log.error(`colyseus-presence: ${what} failed: ${error instanceof Error ? error.stack : String(error)}`);
      }
      return undefined;
    }
  }
}
