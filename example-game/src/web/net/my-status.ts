/** What this player says: custom text, invisibility. In which match it is, the server tells. */
import type { Activity } from './activity.ts';
import type { PlayerMemory } from './memory.ts';

/** Longest custom text, in characters. */
export const MAX_TEXT = 60;

export class MyStatus {
  readonly #memory: PlayerMemory;
  readonly #listeners = new Set<() => void>();

  constructor(memory: PlayerMemory) {
    this.#memory = memory;
  }

  get text(): string {
    return this.#memory.text;
  }

  get invisible(): boolean {
    return this.#memory.invisible;
  }

  /** The status to publish; `null` = appear offline. */
  get value(): Activity | null {
    return this.invisible ? null : { text: this.text };
  }

  setText(text: string): void {
    this.#memory.text = text.trim().slice(0, MAX_TEXT);
    this.#changed();
  }

  setInvisible(invisible: boolean): void {
    this.#memory.invisible = invisible;
    this.#changed();
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
