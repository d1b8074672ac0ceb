import type { Log } from '../log-codes.ts';

/** Maximum of characters of an error in a log line. */
const MAX_REASON_LENGTH = 200;

/**
 * Whether the shared store answers. It logs one line per change, however many
 * commands fail. The failure of a command issued before the last recovery says
 * nothing about the present, so a command remembers its `epoch`.
 */
export class Health {
  #state: 'up' | 'down' = 'up';
  #epoch = 0;
  readonly #log: Log;
  readonly #onDown: () => void;

  constructor(log: Log, onDown: () => void) {
    this.#log = log;
    this.#onDown = onDown;
  }

  get state(): 'up' | 'down' {
    return this.#state;
  }

  get epoch(): number {
    return this.#epoch;
  }

  failed(epoch: number, reason: unknown): void {
    if (this.#state === 'down' || epoch !== this.#epoch) {
      return;
    }
    this.#state = 'down';
    this.#log.warn(
      `[presence:store_unreachable] The shared store does not answer (${quoted(reason)}). Players on other processes are shown as last seen until it does.`,
    );
    this.#onDown();
  }

  /** Returns whether it was down. */
  recovered(): boolean {
    if (this.#state === 'up') {
      return false;
    }
    this.#state = 'up';
    this.#epoch++;
    this.#log.info(
      '[presence:store_recovered] The shared store answers again. Telling it who is here, and asking who is elsewhere.',
    );
    return true;
  }
}

/** An error of the store as one short line, whatever it holds. */
export function quoted(reason: unknown): string {
  const text = reason instanceof Error ? reason.message : String(reason);
  return JSON.stringify(text.toWellFormed().slice(0, MAX_REASON_LENGTH));
}
