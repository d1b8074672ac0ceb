import type { ClusterHost, Register, RegisterEntry } from '../../../src/core/ports.ts';

type Last = 'offline' | 'unlogined';

/** A tracker as the cluster sees it, reduced to what tests look at. */
export class FakeHost implements ClusterHost {
  /** Own users. */
  readonly own = new Map<string, { entries: RegisterEntry[]; last?: Last }>();
  readonly remembered: Array<[userId: string, last: Last]> = [];
  readonly dropped: string[] = [];
  readonly commands: unknown[] = [];
  /** All registers applied, in order. */
  readonly applied: Array<{ userId: string; incarnation: string; register: Register }> = [];
  readonly #said = new Map<string, Map<string, Register>>();
  seq = 0;
  /** Methods that fail for now. */
  readonly broken = new Set<keyof ClusterHost>();

  applyRegister(userId: string, incarnation: string, register: Register): void {
    this.#check('applyRegister');
    let said = this.#said.get(userId);
    if (said === undefined) {
      said = new Map();
      this.#said.set(userId, said);
    }
    const known = said.get(incarnation);
    if (known === undefined || register.seq > known.seq) {
      this.applied.push({ userId, incarnation, register });
      said.set(incarnation, register);
    }
  }

  applyRemembered(userId: string, last: Last): void {
    this.#check('applyRemembered');
    this.remembered.push([userId, last]);
  }

  dropIncarnation(incarnation: string): void {
    this.#check('dropIncarnation');
    this.dropped.push(incarnation);
    for (const said of this.#said.values()) {
      const known = said.get(incarnation);
      if (known !== undefined) {
        said.set(incarnation, { seq: known.seq, entries: [] });
      }
    }
  }

  register(userId: string): Register {
    this.#check('register');
    return { seq: ++this.seq, ...(this.own.get(userId) ?? { entries: [] }) };
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
    return [...(this.#said.get(userId)?.values() ?? [])]
      .flatMap(({ entries }) => entries.map(({ status }) => status))
      .sort();
  }

  /** The last register of one other process about the user. */
  said(userId: string, incarnation: string): Register | undefined {
    return this.#said.get(userId)?.get(incarnation);
  }
}
