/**
 * The end of a Colyseus client's socket, without a network: what the server
 * writes is recorded in order, and what the player writes is read in the very
 * turn, as two messages in one TCP segment are.
 */
import { EventEmitter } from 'node:events';
import { Protocol } from '@colyseus/core';

const OPEN = 1;
const CLOSED = 3;

export class RecordedSocket extends EventEmitter {
  readyState = OPEN;
  /** What the operating system has not taken yet. */
  bufferedAmount = 0;
  readonly #note: (what: string) => void;

  constructor(note: (what: string) => void) {
    super();
    this.#note = note;
  }

  send(data: Uint8Array | Buffer): void {
    // The confirmation of a join carries a random token, for the player's own use.
    this.#note(data[0] === Protocol.JOIN_ROOM ? 'join' : Buffer.from(data).toString('latin1'));
  }

  /** The server closes. */
  close(code = 1005): void {
    this.#note(`closed ${code}`);
    this.end(code);
  }

  /** The connection ends. */
  end(code: number): void {
    if (this.readyState === OPEN) {
      this.readyState = CLOSED;
      setImmediate(() => this.emit('close', code));
    }
  }

  /** The player writes. */
  write(frame: Uint8Array): void {
    if (this.readyState === OPEN) {
      this.emit('message', Buffer.from(frame));
    }
  }
}
