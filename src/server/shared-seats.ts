/**
 * The seats that wait for a user, as all processes know them: one key per user
 * and match, which expires. Its field `seat` is the last seat. When that one is
 * taken, or there is none, one process may reserve the next seat: the first to
 * increment the field that is named after the last seat. The others wait for the
 * seat it reserves. Redis commands: 1 to ask, 3 to reserve.
 */
import type { Presence } from '@colyseus/core';
import type { JoinReply } from '../protocol.ts';

/** Seconds after which another process may reserve instead: longer than any reservation takes, so the first process has crashed. */
const CLAIM_SECONDS = 10;
/** Seconds for which a seat is remembered: longer than a room holds it. */
export const SEAT_SECONDS = 60;
const LOOK_AGAIN_MS = 25;
/** Milliseconds to wait for the seat that another process reserves. */
const MAX_WAIT_MS = 4000;

type Store = Pick<Presence, 'hgetall' | 'hset' | 'hdel' | 'hincrbyex' | 'expire'>;

export class SharedSeats {
  readonly #store: Store;
  readonly #prefix: string;

  constructor(store: Store, prefix: string) {
    this.#store = store;
    this.#prefix = prefix;
  }

  /** The last seat of the user in the match, taken or not. */
  async last(roomId: string, userId: string): Promise<JoinReply | undefined> {
    const fields = (await this.#store.hgetall(this.#keyOf(roomId, userId))) as Record<string, unknown> | null;
    return parseSeat(fields?.['seat'], roomId);
  }

  /** The seat that waits (`isWaiting`), of whatever process; or a new one. */
  async once(
    roomId: string,
    userId: string,
    isWaiting: (seat: JoinReply) => Promise<boolean>,
    reserve: () => Promise<JoinReply>,
  ): Promise<JoinReply> {
    const until = performance.now() + MAX_WAIT_MS;
    const key = this.#keyOf(roomId, userId);
    for (;;) {
      const last = await this.last(roomId, userId);
      if (last !== undefined && (await isWaiting(last))) {
        return last;
      }
      const turn = `after:${last?.sessionId ?? ''}`;
      if ((await this.#store.hincrbyex(key, turn, 1, CLAIM_SECONDS)) === 1) {
        return this.#reserve(key, turn, reserve);
      }
      if (performance.now() > until) {
        throw new Error('Another process is reserving the seat, and takes too long.');
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
  }

  async #reserve(key: string, turn: string, reserve: () => Promise<JoinReply>): Promise<JoinReply> {
    let seat: JoinReply;
    try {
      seat = await reserve();
    } catch (error) {
      await this.#store.hdel(key, turn);
      throw error;
    }
    await this.#write(key, seat);
    return seat;
  }

  /** Notes a seat that was reserved in another way. */
  async note(roomId: string, userId: string, seat: JoinReply): Promise<void> {
    await this.#write(this.#keyOf(roomId, userId), seat);
  }

  async #write(key: string, seat: JoinReply): Promise<void> {
    await this.#store.hset(key, 'seat', JSON.stringify(seat));
    await this.#store.expire(key, SEAT_SECONDS);
  }

  #keyOf(roomId: string, userId: string): string {
    return `${this.#prefix}:j:${encodeURIComponent(roomId)}:${userId}`;
  }
}

/** `undefined` for a value that is not a seat in that room. */
function parseSeat(text: unknown, room: string): JoinReply | undefined {
  try {
    const value: unknown = typeof text === 'string' ? JSON.parse(text) : undefined;
    const { name, sessionId, roomId, processId, publicAddress } = (value ?? {}) as Record<string, unknown>;
    const isSeat = [name, sessionId, processId].every((part) => typeof part === 'string') && roomId === room;
    return isSeat
      ? ({
          name,
          sessionId,
          roomId,
          processId,
          ...(typeof publicAddress === 'string' && { publicAddress }),
        } as JoinReply)
      : undefined;
  } catch {
    return undefined;
  }
}
