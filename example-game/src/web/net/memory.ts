/** What the browser remembers. Storage may be forbidden; then nothing is remembered. */
import { isName } from '../../shared/names.ts';

/** Who plays in this tab: two tabs may be two players. */
export const tabName = {
  get: (): string | undefined => nameFrom(read(sessionStorage, 'orbit-rush:name')),
  set: (name: string): void => write(sessionStorage, 'orbit-rush:name', name),
  clear: (): void => write(sessionStorage, 'orbit-rush:name', null),
};

/** The name used last in this browser, to be offered again. */
export const lastName = {
  get: (): string | undefined => nameFrom(read(localStorage, 'orbit-rush:name')),
  set: (name: string): void => write(localStorage, 'orbit-rush:name', name),
};

/** What a player set up: custom text, invisibility. */
export class PlayerMemory {
  readonly #prefix: string;

  constructor(userId: string) {
    this.#prefix = `orbit-rush:${userId}:`;
  }

  get text(): string {
    const stored = read(localStorage, `${this.#prefix}text`);
    return typeof stored === 'string' ? stored : '';
  }

  set text(text: string) {
    write(localStorage, `${this.#prefix}text`, text);
  }

  get invisible(): boolean {
    return read(localStorage, `${this.#prefix}invisible`) === true;
  }

  set invisible(invisible: boolean) {
    write(localStorage, `${this.#prefix}invisible`, invisible);
  }
}

function nameFrom(value: unknown): string | undefined {
  return isName(value) ? value : undefined;
}

function read(storage: Storage, key: string): unknown {
  try {
    return JSON.parse(storage.getItem(key) ?? 'null');
  } catch {
    return null;
  }
}

function write(storage: Storage, key: string, value: unknown): void {
  try {
    if (value === null) {
      storage.removeItem(key);
    } else {
      storage.setItem(key, JSON.stringify(value));
    }
  } catch {
    // A full or forbidden storage only means that the next visit starts afresh.
  }
}
