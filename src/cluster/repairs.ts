/** Counts and logs the keys of the store that held something of another kind than they should. */
import { quoted } from './health.ts';
import type { Log } from '../log-codes.ts';

export class Repairs {
  count = 0;
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** The value of this key, or a part of it, was removed. */
  note(key: string): void {
    this.count++;
    this.#log.warn(
      `[presence:store_repaired] The key ${quoted(key)} in the shared store held what does not belong there. It was removed; what belongs there is written again.`,
    );
  }
}
