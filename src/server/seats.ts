/** One seat that nobody has taken yet per user and match: asking again gives the same one. Of this process's calls. */
import type { JoinReply } from '../protocol.ts';

/** Longer than a room holds a seat. */
const MAX_SEAT_AGE_MS = 60_000;

interface Seat {
  readonly at: number;
  readonly reply: Promise<JoinReply>;
}

/** Whether a seat is reserved and not taken yet. */
type IsWaiting = (seat: JoinReply) => Promise<boolean>;

export class Seats {
  readonly #isWaiting: IsWaiting;
  /** Oldest first. */
  readonly #seats = new Map<string, Seat>();

  constructor(isWaiting: IsWaiting) {
    this.#isWaiting = isWaiting;
  }

  /** The seat that waits for this user in this match. */
  async held(roomId: string, userId: string): Promise<JoinReply | undefined> {
    const seat = this.#seats.get(keyOf(roomId, userId));
    if (seat === undefined) {
      return undefined;
    }
    try {
      const reply = await seat.reply;
      return (await this.#isWaiting(reply)) ? reply : undefined;
    } catch {
      return undefined;
    }
  }

  /** Reserves a seat, unless one waits already. */
  async once(roomId: string, userId: string, reserve: () => Promise<JoinReply>): Promise<JoinReply> {
    const key = keyOf(roomId, userId);
    const before = this.#seats.get(key);
    const held = await this.held(roomId, userId);
    if (held !== undefined) {
      return held;
    }
    if (this.#seats.get(key) !== before) {
      return this.once(roomId, userId, reserve); // another call of this user was faster
    }
    this.#forgetOld();
    const reply = reserve();
    this.#seats.delete(key);
    this.#seats.set(key, { at: performance.now(), reply });
    return reply;
  }

  #forgetOld(): void {
    for (const [key, { at }] of this.#seats) {
      if (performance.now() - at < MAX_SEAT_AGE_MS) {
        return;
      }
      this.#seats.delete(key);
    }
  }
}

function keyOf(roomId: string, userId: string): string {
  return JSON.stringify([roomId, userId]);
}
