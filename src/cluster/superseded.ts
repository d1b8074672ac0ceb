/**
 * What processes said whose connections have been taken over from here. One
 * that lives takes it back itself, as soon as it hears of the takeover; for
 * one that has said goodbye somebody else has to, or its word would stand
 * until its handover is over. So it is kept until then, one user each.
 */
import type { Register } from '../core/ports.ts';

export class Superseded {
  /** By incarnation, then by user: what it says from now on. */
  readonly #registers = new Map<string, Map<string, Register>>();

  add(userId: string, incarnation: string, register: Register): void {
    const ofIncarnation = this.#registers.get(incarnation) ?? new Map<string, Register>();
    this.#registers.set(incarnation, ofIncarnation.set(userId, register));
  }

  /** Whose users have to be looked at when it says goodbye. */
  usersOf(incarnation: string): string[] {
    return [...(this.#registers.get(incarnation)?.keys() ?? [])];
  }

  /** What is to be said of the user now, once. `isDue`: the incarnation has left. */
  take(userId: string, isDue: (incarnation: string) => boolean): Array<[incarnation: string, register: Register]> {
    const due: Array<[string, Register]> = [];
    for (const [incarnation, registers] of this.#registers) {
      const register = registers.get(userId);
      if (register !== undefined && isDue(incarnation)) {
        due.push([incarnation, register]);
        registers.delete(userId);
      }
    }
    return due;
  }

  /** It has spoken for itself. */
  heard(userId: string, incarnation: string, seq: number): void {
    const registers = this.#registers.get(incarnation);
    if (seq > (registers?.get(userId)?.seq ?? Infinity)) {
      registers?.delete(userId);
    }
  }

  /** Nobody here knows any more what is said of the user. */
  forget(userId: string): void {
    for (const registers of this.#registers.values()) {
      registers.delete(userId);
    }
  }

  /** Nothing of it counts any more. */
  drop(incarnation: string): void {
    this.#registers.delete(incarnation);
  }
}
