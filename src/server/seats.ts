/** Over all processes, at most one seat per user and match is reserved and not taken yet. Who asks again gets the same seat. */
import type { JoinReply } from '../protocol.ts';
import { SEAT_SECONDS, type SharedSeats } from './shared-seats.ts';

interface Seat {
  readonly at: number;
  readonly reply: Promise<JoinReply>;
}

/** Whether a seat is reserved and not taken yet. */
type IsWaiting = (seat: JoinReply) => Promise<boolean>;

export class Seats {
  readonly #isWaiting: IsWaiting;
  readonly #shared: SharedSeats | undefined;
  /** Seats that this process has reserved, oldest first. */
  readonly #seats = new Map<string, Seat>();

  /** @param shared What the other processes have reserved, if there are others. */
  constructor(isWaiting: IsWaiting, shared?: SharedSeats) {
    this.#isWaiting = async (seat) => {
      try {
        return await isWaiting(seat);
      } catch {
        return false;
      }
    };
    this.#shared = shared;
  }

  /** The seat that waits for this user in this match. */
  async held(roomId: string, userId: string): Promise<JoinReply | undefined> {
    const own = await this.#own(keyOf(roomId, userId));
    if (own !== undefined || this.#shared === undefined) {
      return own;
    }
    const seat = await this.#shared.last(roomId, userId);
    return seat !== undefined && (await this.#isWaiting(seat)) ? seat : undefined;
  }

  async #own(key: string): Promise<JoinReply | undefined> {
    try {
      const seat = await this.#seats.get(key)?.reply;
      return seat !== undefined && (await this.#isWaiting(seat)) ? seat : undefined;
    } catch {
      return undefined;
    }
  }

  /** Reserves a seat, unless one waits already. */
  async once(roomId: string, userId: string, reserve: () => Promise<JoinReply>): Promise<JoinReply> {
    const key = keyOf(roomId, userId);
    const before = this.#seats.get(key);
    const held = await this.#own(key);
    if (held !== undefined) {
      return held;
    }
    if (this.#seats.get(key) !== before) {
      return this.once(roomId, userId, reserve); // another call of this user was faster
    }
    this.#forgetOld();
    const reply = this.#shared?.once(roomId, userId, this.#isWaiting, reserve) ?? reserve();
    this.#seats.delete(key);
    this.#seats.set(key, { at: performance.now(), reply });
    return reply;
  }

  /** Notes a seat that was reserved in another way. */
  async note(roomId: string, userId: string, seat: JoinReply): Promise<void> {
    const key = keyOf(roomId, userId);
    this.#seats.delete(key);
    this.#seats.set(key, { at: performance.now(), reply: Promise.resolve(seat) });
    await this.#shared?.note(roomId, userId, seat);
  }

  #forgetOld(): void {
    for (const [key, { at }] of this.#seats) {
      if (performance.now() - at < SEAT_SECONDS * 1000) {
        return;
      }
      this.#seats.delete(key);
    }
  }
}

function keyOf(roomId: string, userId: string): string {
  return JSON.stringify([roomId, userId]);
}
