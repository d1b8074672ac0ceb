/**
 * Who answers an invite first, over all processes: of several answers at the
 * same time, one gets the claim. One Redis command to claim, and one to give back.
 */
import type { Presence } from '@colyseus/core';

const FIELD = 'n';

interface SharedClaims {
  readonly store: Pick<Presence, 'hincrbyex' | 'hdel'>;
  readonly prefix: string;
}

export class Claims {
  readonly #own = new Set<string>();
  readonly #shared: SharedClaims | undefined;

  /** @param shared Where the other processes claim, if there are others. */
  constructor(shared?: SharedClaims) {
    this.#shared = shared;
  }

  get size(): number {
    return this.#own.size;
  }

  /** Takes the claim for `seconds`. Resolves with whether the caller has got it; rejects when the store does not tell. */
  async take(id: string, seconds: number): Promise<boolean> {
    if (this.#own.has(id)) {
      return false;
    }
    this.#own.add(id);
    try {
      if (
        this.#shared === undefined ||
        (await this.#shared.store.hincrbyex(this.#keyOf(id), FIELD, 1, seconds)) === 1
      ) {
        return true;
      }
    } catch (error) {
      this.#own.delete(id);
      throw error;
    }
    this.#own.delete(id);
    return false;
  }

  /** Gives the claim back, so that somebody else may take it. */
  async giveBack(id: string): Promise<void> {
    await this.#shared?.store.hdel(this.#keyOf(id), FIELD);
    this.#own.delete(id);
  }

  /** Nobody asks for it any more. */
  forget(id: string): void {
    this.#own.delete(id);
  }

  #keyOf(id: string): string {
    return `${this.#shared?.prefix}:i:${id}`;
  }
}
