/** The status this connection is meant to have, and whether the server knows. */
import { PresenceError, type Status } from '../protocol.ts';
import { fitsFrame } from './chunk.ts';
import type { Requests } from './requests.ts';

export class OwnStatus {
  #requests: Requests;
  #maxFrameBytes: number;
  /** `undefined` = nobody has set any, as far as we know. */
  #wanted: Status | undefined;
  #told: Status | undefined;
  #joining: Status | undefined;
  #turn = 0;
  #calls = 0;

  constructor(requests: Requests, maxFrameBytes: number) {
    this.#requests = requests;
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Goes along with the first join. */
  begin(value: Status | object): void {
    this.#wanted = this.#encode(value);
  }

  /**
   * What the next join carries. A text the server has not accepted yet does
   * not go along: refusing it, the server would refuse the seat. Becoming
   * invisible cannot wait.
   */
  forJoin(): Status | undefined {
    this.#joining = this.#wanted === null || this.#told === undefined ? this.#wanted : this.#told;
    return this.#joining;
  }

  /** Took a seat. `seen`: the status the server shows for it. */
  joined(seen: Status): void {
    this.#told = this.#joining === undefined ? seen : this.#joining;
    this.#wanted = this.#wanted === undefined ? this.#told : this.#wanted;
  }

  /** Got the old seat back, of which the server shows this. */
  returned(seen: Status): void {
    if (this.#wanted === this.#told) {
      this.#wanted = seen;
    }
    this.#told = seen;
  }

  /** The server announced this status for this connection; with no call of ours under way it is the valid one, whoever set it. */
  announced(status: Status): void {
    if (this.#calls === 0) {
      this.#wanted = status;
      this.#told = status;
    }
  }

  /**
   * Resolves when the server has it, or a later call has replaced it. A status
   * the server refuses is forgotten; one it could not be told is kept, and told
   * on return.
   */
  async set(value: Status | object): Promise<void> {
    const status = this.#encode(value);
    const turn = ++this.#turn;
    this.#wanted = status;
    this.#calls += 1;
    let ended = false;
    const end = (): void => {
      this.#calls -= ended ? 0 : 1;
      ended = true;
    };
    const accepted = (): void => {
      this.#told = status;
      end();
    };
    try {
      await this.#requests.call('presence:status', { status }, accepted, { skip: () => turn !== this.#turn });
    } catch (error) {
      if (turn === this.#turn && error instanceof PresenceError && !error.retryable) {
        this.#wanted = this.#told;
      }
      throw error;
    } finally {
      end();
    }
  }

  /** Back on line: tells the server what it could not be told meanwhile, unless a call that still waits will. */
  restore(): void {
    if (this.#calls === 0 && this.#wanted !== undefined && this.#wanted !== this.#told) {
      this.set(this.#wanted).catch(() => undefined);
    }
  }

  #encode(value: Status | object): Status {
    if (value === null) {
      return null;
    }
    const text = typeof value === 'object' ? toJson(value) : value;
    if (typeof text !== 'string') {
      throw new PresenceError('invalid_payload', {
        message: 'A status is a string, an object that JSON can hold, or null.',
      });
    }
    if (!fitsFrame([text], this.#maxFrameBytes)) {
      throw new PresenceError('status_too_long');
    }
    return text;
  }
}

function toJson(value: object): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
