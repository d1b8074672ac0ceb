/**
 * What other processes have to write again, because the store lacks a register
 * or holds an older one than was heard: it does not mean that the user is gone.
 */
import type { Peers } from './peers.ts';

/** What one process has to write again. */
export interface Asked {
  readonly userIds: Set<string>;
  /** The highest known sequence number of that process. */
  above: number;
}

export class Asks {
  readonly #peers: Peers;
  #asked = new Map<string, Asked>();

  constructor(peers: Peers) {
    this.#peers = peers;
  }

  /** `incarnation` has to write the user again, with a sequence number above `seq`. A process that leaves does not answer any more. */
  add(incarnation: string, userId: string, seq: number): void {
    if (this.#peers.counts(incarnation) && !this.#peers.isLeaving(incarnation)) {
      const asked = this.#asked.get(incarnation) ?? { userIds: new Set(), above: 0 };
      asked.userIds.add(userId);
      asked.above = Math.max(asked.above, seq);
      this.#asked.set(incarnation, asked);
    }
  }

  /** By incarnation. Each is returned once. */
  take(): Map<string, Asked> {
    const asked = this.#asked;
    this.#asked = new Map();
    return asked;
  }
}
