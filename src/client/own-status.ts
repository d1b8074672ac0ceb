/** The status this connection should have, and whether the server has it. */
import { PresenceError, type Status } from '../protocol.ts';
import { fitsFrame } from './chunk.ts';
import type { Requests } from './requests.ts';
import { wrong } from './require.ts';

export class OwnStatus {
  #requests: Requests;
  #maxFrameBytes: number;
  /** `undefined` until a status is set or received from the server. */
  #wanted: Status | undefined;
  #told: Status | undefined;
  #joining: Status | undefined;
  /** The server has locked the status that it shows. Ours is kept there and here, and is neither of the two that the server tells. */
  #locked = false;
  #turn = 0;
  #calls = 0;

  constructor(requests: Requests, maxFrameBytes: number) {
    this.#requests = requests;
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Sets the status that the first join carries. */
  begin(value: Status | object): void {
    this.#wanted = this.#encode(value);
  }

  /**
   * The status that the next join carries: the last one the server accepted,
   * because the server refuses the seat for an invalid status. Only `null`
   * (invisible) is sent at once.
   */
  forJoin(): Status | undefined {
    this.#joining = this.#wanted === null || this.#told === undefined ? this.#wanted : this.#told;
    return this.#joining;
  }

  /** The client has a new seat. `seen`: the status that the server shows for it. */
  joined(seen: Status, locked: boolean): void {
    this.#locked = locked;
    if (locked) {
      this.#told = this.#joining;
      return;
    }
    this.#told = this.#joining === undefined ? seen : this.#joining;
    this.#wanted = this.#wanted === undefined ? this.#told : this.#wanted;
  }

  /** The old seat is back, or its status is locked, or not any more. `seen`: the status that the server shows for it. */
  returned(seen: Status, locked: boolean): void {
    this.#locked = locked;
    if (locked) {
      return;
    }
    if (this.#wanted === this.#told) {
      this.#wanted = seen;
    }
    this.#told = seen;
  }

  /** A delta contains this status of the own connection. It replaces the local one unless a call is under way: the server may have changed it. */
  announced(status: Status): void {
    if (this.#calls === 0 && !this.#locked) {
      this.#wanted = status;
      this.#told = status;
    }
  }

  /**
   * Resolves when the server has accepted the status or a later call has replaced
   * it. A status that the server refuses is dropped; one that it keeps because
   * it has locked another (`status_locked`) is not sent again. A status that could not be
   * sent is kept and sent after the next reconnection or rejoin.
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
      if (error instanceof PresenceError && error.code === 'status_locked') {
        this.#told = status;
      } else if (turn === this.#turn && error instanceof PresenceError && !error.retryable) {
        this.#wanted = this.#told;
      }
      throw error;
    } finally {
      end();
    }
  }

  /** Online again: sends a status that could not be sent before, unless a waiting call does so. */
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
      throw wrong('A status', 'a string, an object that JSON can hold, or null', value);
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
