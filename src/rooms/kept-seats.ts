/**
 * Colyseus's devMode, and the hot reload of its Vite plugin, recreate each room
 * and keep the seats of its clients, but not their auth and join options. These
 * are kept here, through Colyseus's `onCacheRoom` and `onRestoreRoom`, which store
 * them in `.devmode.json` or in the process.
 */
import type { Client, Room } from '@colyseus/core';
import { around } from './around.ts';

/** What is kept of a client besides its seat. JSON. */
export interface KeptSeat {
  auth: unknown;
  presence?: KeptPresence | undefined;
}

export interface KeptPresence {
  status: string | null;
  sync: string;
  /** The users it follows by its own request. */
  follows: string[];
}

interface Cached {
  seats: Record<string, KeptSeat>;
  /** What the room itself keeps. */
  own: unknown;
}

export class KeptSeats {
  readonly #seats = new Map<string, KeptSeat>();

  constructor(room: Room, presenceOf: (client: Client) => KeptPresence | undefined = () => undefined) {
    around(room, {
      onCacheRoom: (own): Cached => {
        const seats = room.clients.map((client) => {
          const seat: KeptSeat = { auth: client.auth as unknown, presence: presenceOf(client) };
          return [client.sessionId, seat];
        });
        return { seats: Object.fromEntries(seats) as Cached['seats'], own: own() };
      },
      onRestoreRoom: (own, cached) => {
        const { seats = {}, own: rest } = (cached ?? {}) as Partial<Cached>;
        for (const [sessionId, seat] of Object.entries(seats)) {
          this.#seats.set(sessionId, seat);
        }
        return own(rest);
      },
    });
  }

  /** What was kept of a client that joins a recreated room. */
  of({ sessionId }: Client): KeptSeat | undefined {
    return this.#seats.get(sessionId);
  }

  /** The client takes its seat: it gets its auth back. */
  take(client: Client): KeptSeat | undefined {
    const seat = this.of(client);
    if (seat !== undefined) {
      this.#seats.delete(client.sessionId);
      client.auth = seat.auth;
    }
    return seat;
  }
}
