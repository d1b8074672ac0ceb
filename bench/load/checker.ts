/**
 * Watches every follow: which update its follower saw last, over each channel.
 * Anything that is not the next value of a followed user is an error.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { Channel, System } from '../systems.ts';
import { type Found, scan } from './marker.ts';

/** Updates of one user that may be under way at once. */
export const WINDOW = 256;

/** Errors; all zero when the system is correct. */
export interface Errors {
  /** Updates that a follower never saw, though a later one of the same user came. */
  lost: number;
  /** Statuses of users whom the receiver does not follow. */
  foreign: number;
  /** Values that came after a newer one. */
  reordered: number;
  /** Values that came twice over the messages. */
  repeated: number;
  /** Frames of a channel that this client has not chosen. */
  unexpected: number;
  /** Follows whose last value is not the last one sent, after the drain. */
  wrongLast: number;
  /** Connections that the server closed. */
  closed: number;
}

export interface Tally {
  updates: number;
  /** Updates seen by a follower, merged ones included; each counts once, however many channels carry it. */
  deliveries: number;
  /** Updates that a follower got only inside a later one. */
  merged: number;
  frames: number;
  /** WebSocket bytes of those frames, headers included. */
  bytes: number;
}

export class Checker {
  readonly channels: readonly Channel[];
  /** Microseconds from the update to its arrival. */
  readonly latency: Record<Channel, RecordableHistogram> = { deltas: createHistogram(), state: createHistogram() };
  errors = noErrors();
  tally = noTally();
  /** Called for every update seen over a channel. */
  onSeen: ((user: number, sequence: number) => void) | null = null;
  /** Last update sent, per user. */
  readonly sent: Int32Array;

  readonly #merges: boolean;
  readonly #sentAt: Float64Array;
  readonly #last: Record<Channel, Int32Array>;
  /** Per receiver: followed user → index into `#last`. */
  readonly #links: ReadonlyArray<ReadonlyMap<number, number>>;
  readonly #found: Found = { count: 0, users: [], sequences: [], leaving: [] };

  constructor(system: System, follows: readonly (readonly number[])[]) {
    let links = 0;
    this.channels = system.channels;
    this.#merges = system.merges;
    this.#links = follows.map((users) => new Map(users.map((user) => [user, links++])));
    this.#last = { deltas: new Int32Array(links).fill(-1), state: new Int32Array(links).fill(-1) };
    this.sent = new Int32Array(follows.length);
    this.#sentAt = new Float64Array(follows.length * WINDOW);
  }

  /** Counts the next update of a user as sent now and returns its number. */
  next(user: number): number {
    const sequence = ++this.sent[user]!;
    this.#sentAt[user * WINDOW + (sequence % WINDOW)] = performance.now();
    this.tally.updates++;
    return sequence;
  }

  /** The presences in the answer to a follow: where the messages start from. */
  snapshot(receiver: number, bytes: Buffer, start: number, end: number): void {
    if (this.channels.includes('deltas')) {
      scan(bytes, start, end, this.#found);
      this.#each(receiver, false, (link, _user, sequence) => {
        this.#last.deltas[link] = Math.max(this.#last.deltas[link]!, sequence);
      });
    }
  }

  /** A frame that carries updates. */
  frame(channel: Channel, receiver: number, bytes: Buffer, start: number, end: number, size: number): void {
    scan(bytes, start, end, this.#found);
    if (!this.channels.includes(channel)) {
      this.errors.unexpected += this.#found.count > 0 ? 1 : 0;
      return;
    }
    const last = this.#last[channel];
    this.tally.frames++;
    this.tally.bytes += size;
    if (channel === 'deltas') {
      this.#each(receiver, true, (link, _user, sequence) => {
        const gap = last[link]! < 0 ? 0 : sequence - last[link]!;
        this.errors.lost += Math.max(0, gap);
        this.errors.reordered += gap < 0 ? 1 : 0;
      });
    }
    this.#each(receiver, false, (link, user, sequence) => this.#seen(channel, last, link, user, sequence));
  }

  /** Follows that have not seen all that was sent; before any update: that have no snapshot yet. */
  behind(receivers?: { from: number; to: number }): number {
    let count = 0;
    const to = receivers?.to ?? this.#links.length;
    for (let receiver = receivers?.from ?? 0; receiver < to; receiver++) {
      for (const [user, link] of this.#links[receiver] ?? []) {
        for (const channel of this.channels) {
          if (this.#last[channel][link] !== this.sent[user]) {
            count++;
          }
        }
      }
    }
    return count;
  }

  /** Forgets that these receivers follow anybody, for when they have left. */
  forget(from: number, to: number): void {
    for (let receiver = from; receiver < to; receiver++) {
      for (const link of this.#links[receiver]?.values() ?? []) {
        this.#last.deltas[link] = this.#last.state[link] = -1;
      }
    }
  }

  /** Starts a new measurement; errors stay. */
  clear(): void {
    this.tally = noTally();
    this.latency.deltas.reset();
    this.latency.state.reset();
  }

  #seen(channel: Channel, last: Int32Array, link: number, user: number, sequence: number): void {
    const before = last[link]!;
    if (sequence <= before) {
      if (sequence < before) {
        this.errors.reordered++;
      } else if (channel === 'deltas') {
        this.errors.repeated++;
      }
      return;
    }
    last[link] = sequence;
    if (before < 0) {
      return;
    }
    const now = performance.now();
    const counts = channel === this.channels[0];
    for (let seen = before + 1; seen <= sequence; seen++) {
      // A histogram begins at 1.
      this.latency[channel].record(
        Math.max(1, Math.round((now - this.#sentAt[user * WINDOW + (seen % WINDOW)]!) * 1000)),
      );
      this.onSeen?.(user, seen);
    }
    if (counts) {
      this.tally.deliveries += sequence - before;
      this.tally.merged += sequence - before - 1;
    }
    if (!this.#merges || (channel === 'deltas' && sequence > before + 1 && !this.#leaves(user))) {
      this.errors.lost += sequence - before - 1;
    }
  }

  /** Whether the scanned delta removes the old value of this user, which proves that a skipped value was merged. */
  #leaves(user: number): boolean {
    const { count, users, leaving } = this.#found;
    for (let i = 0; i < count; i++) {
      if (leaving[i] && users[i] === user) {
        return true;
      }
    }
    return false;
  }

  /** Visits what the last scan found under `leaves` (or not); the receiver's own statuses are skipped. */
  #each(receiver: number, leaving: boolean, visit: (link: number, user: number, sequence: number) => void): void {
    const found = this.#found;
    const links = this.#links[receiver];
    for (let i = 0; i < found.count; i++) {
      const user = found.users[i]!;
      if (found.leaving[i] !== leaving || user === receiver) {
        continue;
      }
      const link = links?.get(user);
      if (link === undefined) {
        this.errors.foreign++;
      } else {
        visit(link, user, found.sequences[i]!);
      }
    }
  }
}

export function noErrors(): Errors {
  return { lost: 0, foreign: 0, reordered: 0, repeated: 0, unexpected: 0, wrongLast: 0, closed: 0 };
}

function noTally(): Tally {
  return { updates: 0, deliveries: 0, merged: 0, frames: 0, bytes: 0 };
}
