/** What the own friends see: place, custom text, invisibility. Published whenever one of them changes. */
import { activityOf, type Activity, type MatchInfo } from './activity.ts';
import type { PlayerMemory } from './memory.ts';

/** Longest custom text, in characters. */
export const MAX_TEXT = 60;

export class MyStatus {
  readonly #memory: PlayerMemory;
  readonly #listeners = new Set<() => void>();
  #match: MatchInfo | undefined;

  constructor(memory: PlayerMemory) {
    this.#memory = memory;
  }

  get text(): string {
    return this.#memory.text;
  }

  get invisible(): boolean {
    return this.#memory.invisible;
  }

  get match(): MatchInfo | undefined {
    return this.#match;
  }

  /** The status to publish; `null` = appear offline. */
  get value(): Activity | null {
    return this.invisible ? null : activityOf(this.text, this.#match);
  }

  setText(text: string): void {
    this.#memory.text = text.trim().slice(0, MAX_TEXT);
    this.#changed();
  }

  setInvisible(invisible: boolean): void {
    this.#memory.invisible = invisible;
    this.#changed();
  }

  /** `undefined` = in the lobby. */
  setMatch(match: MatchInfo | undefined): void {
    if (JSON.stringify(match) !== JSON.stringify(this.#match)) {
      this.#match = match;
      this.#changed();
    }
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(): void {
    for (const listener of this.#listeners) {
      listener();
    }
  }
}
