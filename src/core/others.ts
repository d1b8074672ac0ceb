/** What the other processes say of the users that are known here. */
import type { Appearance } from './appearance.ts';
import type { EndedStatus } from '../protocol.ts';
import type { User } from './model.ts';
import type { Register } from './registers.ts';

const NOTHING_SAID: ReadonlyMap<string, Register> = Object.freeze(new Map<string, Register>());

export class Others {
  readonly #users: ReadonlyMap<string, User>;
  readonly #appearance: Appearance;
  readonly #onChange: (user: User) => void;
  /** Users that have something from this incarnation. */
  readonly #byIncarnation = new Map<string, Set<User>>();

  constructor(users: ReadonlyMap<string, User>, appearance: Appearance, onChange: (user: User) => void) {
    this.#onChange = onChange;
    this.#users = users;
    this.#appearance = appearance;
  }

  /** See `ClusterHost.applyRegister`. */
  applyRegister(userId: string, incarnation: string, register: Register): void {
    const user = this.#users.get(userId);
    const merged = user?.registers.merge(incarnation, register);
    if (user === undefined || merged === undefined) {
      return;
    }
    this.#link(user, incarnation);
    if (merged.forgotten !== undefined) {
      this.#unlink(user, merged.forgotten);
    }
    if (register.entries.length > 0) {
      this.#appearance.rename(user, register.username);
    }
    for (const connectionId of merged.changed) {
      this.#appearance.settle(user, connectionId, register.last ?? 'offline');
    }
    if (register.entries.length === 0 && user.visible.size === 0 && register.last !== undefined) {
      this.#appearance.end(user, register.last);
    }
    this.#onChange(user);
  }

  /** See `ClusterHost.applyRemembered`. */
  applyRemembered(userId: string, last: EndedStatus): void {
    const user = this.#users.get(userId);
    if (user !== undefined && user.visible.size === 0) {
      this.#appearance.end(user, last);
    }
  }

  /** See `ClusterHost.dropIncarnation`. */
  dropIncarnation(incarnation: string): void {
    for (const user of this.#byIncarnation.get(incarnation) ?? []) {
      for (const connectionId of user.registers.drop(incarnation)) {
        this.#appearance.settle(user, connectionId, 'offline');
      }
      this.#onChange(user);
    }
    this.#byIncarnation.delete(incarnation);
  }

  /** See `ClusterHost.heardOf`. */
  heardOf(userId: string): ReadonlyMap<string, Register> {
    return this.#users.get(userId)?.registers.others ?? NOTHING_SAID;
  }

  /** See `ClusterHost.retractedFrom`. */
  retractedFrom(incarnation: string): string[] {
    return [...(this.#byIncarnation.get(incarnation) ?? [])]
      .filter(({ registers }) => registers.isRetracted(incarnation))
      .map(({ userId }) => userId);
  }

  /** See `ClusterHost.takeRetracted`. */
  takeRetracted(userId: string, isDue: (incarnation: string) => boolean): Array<[string, Register]> {
    return this.#users.get(userId)?.registers.takeRetracted(isDue) ?? [];
  }

  /** Nobody here needs the user any more. */
  forget(user: User): void {
    for (const incarnation of user.registers.others.keys()) {
      this.#unlink(user, incarnation);
    }
  }

  #link(user: User, incarnation: string): void {
    let users = this.#byIncarnation.get(incarnation);
    if (users === undefined) {
      users = new Set();
      this.#byIncarnation.set(incarnation, users);
    }
    users.add(user);
  }

  #unlink(user: User, incarnation: string): void {
    const users = this.#byIncarnation.get(incarnation);
    users?.delete(user);
    if (users?.size === 0) {
      this.#byIncarnation.delete(incarnation);
    }
  }
}
