/** Who has blocked whom, and how the blocker looks from then on, also to later connections of the blocked user. */
import { noteBlock } from './view.ts';
import type { Look, View } from './model.ts';

const NOBODY: ReadonlyMap<string, Look> = Object.freeze(new Map<string, Look>());

export class Blocks {
  /** By the blocked user, by who blocks it. */
  readonly #looks = new Map<string, Map<string, Look>>();

  /** Who has blocked `blockedId`, and how each looks to it. */
  of(blockedId: string): ReadonlyMap<string, Look> {
    return this.#looks.get(blockedId) ?? NOBODY;
  }

  /** Begins or ends a block. `viewsOf` gives the views of the blocked user. Returns whether it changed anything. */
  set(userId: string, blockedId: string, blocked: boolean, viewsOf: () => readonly View[]): boolean {
    const looks = this.#looks.get(blockedId) ?? new Map<string, Look>();
    if (userId === blockedId || looks.has(userId) === blocked) {
      return false;
    }
    if (blocked) {
      this.#looks.set(blockedId, looks.set(userId, noteBlock(viewsOf(), userId)));
      return true;
    }
    viewsOf().forEach((view) => view.blocked.delete(userId));
    if (looks.delete(userId) && looks.size === 0) {
      this.#looks.delete(blockedId);
    }
    return true;
  }
}
