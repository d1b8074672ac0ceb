import type { ClusterHost } from '../../../src/core/ports.ts';
import { Registers, type Register, type RegisterEntry } from '../../../src/core/registers.ts';

type Last = 'offline' | 'unlogined';

/** A minimal tracker: only what the cluster calls and the tests check. */
export class FakeHost implements ClusterHost {
  /** Own users. */
  readonly own = new Map<string, { entries: RegisterEntry[]; last?: Last }>();
  readonly remembered: Array<[userId: string, last: Last]> = [];
  readonly dropped: string[] = [];
  /** Of whom all is known, in order. */
  readonly read: string[] = [];
  readonly commands: unknown[] = [];
  /** All registers applied, in order. */
  readonly applied: Array<{ userId: string; incarnation: string; register: Register }> = [];
  readonly #said = new Map<string, Registers>();
  seq = 0;
  /** Methods that fail for now. */
  readonly broken = new Set<keyof ClusterHost>();

  applyRegister(userId: string, incarnation: string, register: Register): void {
    this.#check('applyRegister');
    const said = this.#said.get(userId) ?? new Registers('self');
    this.#said.set(userId, said);
    if (said.merge(incarnation, register) !== undefined) {
      this.applied.push({ userId, incarnation, register });
    }
  }

  applyRemembered(userId: string, last: Last): void {
    this.#check('applyRemembered');
    this.remembered.push([userId, last]);
  }

  applyRead(userId: string): void {
    this.#check('applyRead');
    this.read.push(userId);
  }

  dropIncarnation(incarnation: string): void {
    this.#check('dropIncarnation');
    this.dropped.push(incarnation);
    for (const said of this.#said.values()) {
      said.drop(incarnation);
    }
  }

  heardOf(userId: string): ReadonlyMap<string, Register> {
    this.#check('heardOf');
    return this.#said.get(userId)?.others ?? new Map<string, Register>();
  }

  retractedFrom(incarnation: string): string[] {
    this.#check('retractedFrom');
    return [...this.#said].filter(([, said]) => said.isRetracted(incarnation)).map(([userId]) => userId);
  }

  takeRetracted(userId: string, isDue: (incarnation: string) => boolean): Array<[string, Register]> {
    this.#check('takeRetracted');
    return this.#said.get(userId)?.takeRetracted(isDue) ?? [];
  }

  register(userId: string): Register {
    this.#check('register');
    return { seq: ++this.seq, ...(this.own.get(userId) ?? { entries: [] }) };
  }

  raiseSeq(seq: number): void {
    this.#check('raiseSeq');
    this.seq = Math.max(this.seq, seq);
  }

  *announcedUsers(): Generator<string> {
    this.#check('announcedUsers');
    for (const [userId, { entries }] of this.own) {
      if (entries.length > 0) {
        yield userId;
      }
    }
  }

  applyCommand(command: unknown): void {
    this.#check('applyCommand');
    this.commands.push(command);
  }

  #check(method: keyof ClusterHost): void {
    if (this.broken.has(method)) {
      throw new Error(`${method} is broken`);
    }
  }

  /** As a tracker does that watches the user no more. */
  forget(userId: string): void {
    this.#said.delete(userId);
  }

  /** The statuses others report of the user now. */
  statuses(userId: string): string[] {
    return [...(this.#said.get(userId)?.others.values() ?? [])]
      .flatMap(({ entries }) => entries.map(({ status }) => status))
      .sort();
  }

  /** The last register of one other process about the user. */
  said(userId: string, incarnation: string): Register | undefined {
    return this.#said.get(userId)?.others.get(incarnation);
  }
}
