/**
 * The registers of all processes about one user, and the rule that decides which
 * process owns a connection that several claim. Pure, and the same on every
 * process, so that all decide the same, in any order of messages.
 *
 * A register of a later sequence number replaces an earlier one of the same
 * process. Of two with the same number only the common entries count: a process
 * gives each register a new number, so the shorter one is the same register
 * from which another process has removed entries.
 */
import type { EndedStatus, PartyBadge } from '../protocol.ts';
import type { MatchRecord, Said } from './match.ts';

/** Above so many processes, one whose register has no entries is forgotten. */
const MAX_REGISTERS = 16;
/** Maximum of `setAt`: what a `Date` can hold. */
export const MAX_SET_AT = 8.64e15;
/** Maximum of an epoch. No connection is taken over so often: a higher value is dropped as invalid. */
export const MAX_EPOCH = 2 ** 32;

/** One visible connection inside a register. */
export interface RegisterEntry extends Said {
  readonly connectionId: string;
  readonly status: string;
  /** The match its status names, if that is to be shown although nobody has seen the user there. */
  readonly matchId?: string | undefined;
  /** The connection is a stay in this match, as its room says. */
  readonly match?: MatchRecord | undefined;
  /** With the policy `mutual`: whom the user follows. */
  readonly friends?: readonly string[] | undefined;
  /**
   * The order in which the statuses of a user were set: higher is later. The
   * owner's clock in milliseconds since the epoch, but always above what the owner
   * has heard of the user, so the order does not depend on whose clock is right.
   */
  readonly setAt: number;
  /** How often the connection was taken over; of two processes that claim it, the higher is right. Default 0. */
  readonly epoch?: number | undefined;
  /**
   * Set while the client is away in its grace, and on a process that shuts down:
   * the connection may be taken over by a rejoin elsewhere. Until when, in ms since
   * the epoch on the owner's clock: to others only whether it is set means anything.
   */
  readonly handoffUntil?: number | undefined;
  /** The party of its user. */
  readonly party?: PartyBadge | undefined;
}

/** The complete state of one user on one process. */
export interface Register {
  /** Higher is newer, per incarnation. */
  readonly seq: number;
  readonly username?: string;
  /** Visible connections on that process; empty = none (any more). */
  readonly entries: readonly RegisterEntry[];
  /** With no entries: how the last visible connection ended. */
  readonly last?: EndedStatus;
  /** A connection here has chosen to be invisible. */
  readonly hides?: boolean;
  /** While the user is in a match with the policy `mutual`: whom its connections here follow. */
  readonly follows?: readonly string[];
}

/** A connection as one process claims it. */
export interface Claim {
  readonly incarnation: string;
  readonly entry: RegisterEntry;
}

export interface Merged {
  /** Connections to look at again: those that are said now before those that no longer are. */
  readonly changed: string[];
  /** A process that was forgotten to make room. */
  readonly forgotten: string | undefined;
}

export class Registers {
  readonly #self: string;
  readonly #others = new Map<string, Register>();
  /** Made with the first connection here that is visible: most users are elsewhere. */
  #own: Map<string, RegisterEntry> | undefined;
  /** Connections here that were taken over from elsewhere, visible or not, and their epoch. */
  #held: Map<string, number> | undefined;
  /** Processes from which a connection was taken over here, and which have not yet said that they gave it up. */
  #retracted: Set<string> | undefined;

  /** @param self The incarnation of this process. */
  constructor(self: string) {
    this.#self = self;
  }

  /** The latest register of every other process, by incarnation. */
  get others(): ReadonlyMap<string, Register> {
    return this.#others;
  }

  /** The visible connections here. */
  get own(): Iterable<RegisterEntry> {
    return this.#own?.values() ?? [];
  }

  get hasOwn(): boolean {
    return this.#own !== undefined && this.#own.size > 0;
  }

  ownEntry(connectionId: string): RegisterEntry | undefined {
    return this.#own?.get(connectionId);
  }

  /** A connection here is visible, as this. */
  say(entry: RegisterEntry): void {
    this.#own ??= new Map();
    this.#own.delete(entry.connectionId); // to be the last in order
    this.#own.set(entry.connectionId, entry);
  }

  /** A connection here is not visible any more. Returns whether it was. */
  unsay(connectionId: string): boolean {
    return this.#own?.delete(connectionId) === true;
  }

  /** The connection lives here since this `epoch`. A process that claims it with an earlier epoch does not know of that yet. */
  hold(connectionId: string, epoch: number): void {
    this.#held ??= new Map();
    this.#held.set(connectionId, epoch);
  }

  /** How often the connection was taken over, as far as it lives here. */
  epochOf(connectionId: string): number {
    return this.#held?.get(connectionId) ?? 0;
  }

  /** The connection does not live here any more. */
  letGo(connectionId: string): void {
    this.#held?.delete(connectionId);
  }

  /** What another process says. `undefined`: nothing new. */
  merge(from: string, register: Register): Merged | undefined {
    const known = this.#others.get(from);
    const entries = known?.entries ?? [];
    if (known === undefined || register.seq > known.seq) {
      this.#others.delete(from); // to be the last in order
      this.#others.set(from, register);
      this.#retracted?.delete(from);
      const changed = [...register.entries, ...entries].map(({ connectionId }) => connectionId);
      return { changed: [...new Set(changed)], forgotten: this.#makeRoom() };
    }
    if (register.seq < known.seq) {
      return undefined;
    }
    const ids = new Set(register.entries.map(({ connectionId }) => connectionId));
    const changed = entries.map(({ connectionId }) => connectionId).filter((connectionId) => !ids.has(connectionId));
    if (changed.length === 0) {
      return undefined;
    }
    this.#others.set(from, { ...known, entries: entries.filter(({ connectionId }) => ids.has(connectionId)) });
    return { changed, forgotten: undefined };
  }

  /** Takes a connection out of what the others say: it lives here now. */
  retract(connectionId: string): void {
    for (const [incarnation, register] of this.#others) {
      const entries = register.entries.filter((entry) => entry.connectionId !== connectionId);
      if (entries.length < register.entries.length) {
        this.#others.set(incarnation, { ...register, entries });
        this.#retracted ??= new Set();
        this.#retracted.add(incarnation);
      }
    }
  }

  /** Whether a connection was taken over here from `from`, while that process has not yet said that it gave the connection up. */
  isRetracted(from: string): boolean {
    return this.#retracted?.has(from) === true;
  }

  /** The processes of {@link isRetracted} for which `isDue` is true, and what is left of their registers. Returns each once. */
  takeRetracted(isDue: (incarnation: string) => boolean): Array<[incarnation: string, register: Register]> {
    const due: Array<[string, Register]> = [];
    for (const incarnation of this.#retracted ?? []) {
      const register = this.#others.get(incarnation);
      if (register !== undefined && isDue(incarnation)) {
        this.#retracted?.delete(incarnation);
        due.push([incarnation, register]);
      }
    }
    return due;
  }

  /** Nothing that `from` said holds any more. Returns the connections to look at again. */
  drop(from: string): string[] {
    const known = this.#others.get(from);
    if (known === undefined) {
      return [];
    }
    this.#retracted?.delete(from);
    // Keep the sequence number, so that a late message of the dropped process cannot raise it.
    this.#others.set(from, { seq: known.seq, entries: [] });
    return known.entries.map(({ connectionId }) => connectionId);
  }

  /** The process that owns a connection. */
  winner(connectionId: string): Claim | undefined {
    const best = bestClaim(this.#others, connectionId);
    const entry = this.#own?.get(connectionId);
    if (entry === undefined) {
      // The process it was taken over from may not know of that yet: while invisible here, it must not be shown from there.
      return (best?.entry.epoch ?? 0) < this.epochOf(connectionId) ? undefined : best;
    }
    const own = { incarnation: this.#self, entry };
    return best !== undefined && outranks(best, own) ? best : own;
  }

  #makeRoom(): string | undefined {
    if (this.#others.size <= MAX_REGISTERS) {
      return undefined;
    }
    const silent = [...this.#others].find(([, { entries }]) => entries.length === 0)?.[0];
    if (silent !== undefined) {
      this.#others.delete(silent);
    }
    return silent;
  }
}

/** Compares by when they were set; the same on every process. */
export function bySetAt(
  a: Pick<RegisterEntry, 'setAt' | 'connectionId'>,
  b: Pick<RegisterEntry, 'setAt' | 'connectionId'>,
): number {
  return a.setAt - b.setAt || (a.connectionId < b.connectionId ? -1 : 1);
}

/** Whether `a` counts rather than `b`: who has the player, then who took over last, then the later status, then anything that is the same for all. */
export function outranks(a: Claim, b: Claim): boolean {
  return (
    (Number(holds(a)) - Number(holds(b)) ||
      (a.entry.epoch ?? 0) - (b.entry.epoch ?? 0) ||
      a.entry.setAt - b.entry.setAt ||
      (a.incarnation > b.incarnation ? 1 : -1)) > 0
  );
}

/** The best claim to `connectionId` among these registers. */
export function bestClaim(
  registers: Iterable<readonly [incarnation: string, register: Register]>,
  connectionId: string,
): Claim | undefined {
  let best: Claim | undefined;
  for (const [incarnation, { entries }] of registers) {
    for (const entry of entries) {
      if (entry.connectionId === connectionId && (best === undefined || outranks({ incarnation, entry }, best))) {
        best = { incarnation, entry };
      }
    }
  }
  return best;
}

function holds({ entry }: Claim): boolean {
  return entry.handoffUntil === undefined;
}
