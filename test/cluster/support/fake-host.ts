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

  applyRegister(userId: string, incarnation: string, register: Register): void {
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
    this.remembered.push([userId, last]);
  }

  dropIncarnation(incarnation: string): void {
    this.dropped.push(incarnation);
    for (const said of this.#said.values()) {
      const known = said.get(incarnation);
      if (known !== undefined) {
        said.set(incarnation, { seq: known.seq, entries: [] });
      }
    }
  }

  register(userId: string): Register | null {
    const own = this.own.get(userId);
    return own === undefined ? null : { seq: ++this.seq, ...own };
  }

  *announcedUsers(): Generator<string> {
    for (const [userId, { entries }] of this.own) {
      if (entries.length > 0) {
        yield userId;
      }
    }
  }

  applyCommand(command: unknown): void {
    this.commands.push(command);
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
