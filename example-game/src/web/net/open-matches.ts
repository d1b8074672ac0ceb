/** The live list of matches, from the `rooms`, `+` and `-` messages of Colyseus's LobbyRoom. */
import type { Room } from '@colyseus/sdk';
import { ARENA_ROOM } from '../../shared/rules.ts';

export interface OpenMatch {
  roomId: string;
  host: string;
  players: number;
  maxPlayers: number;
}

export class OpenMatches {
  readonly #matches = new Map<string, OpenMatch>();
  readonly #listeners = new Set<() => void>();

  /** Free seats first, then the fuller ones: company is near. */
  get list(): OpenMatch[] {
    const full = (match: OpenMatch): number => Number(match.players >= match.maxPlayers);
    return [...this.#matches.values()].sort((a, b) => full(a) - full(b) || b.players - a.players);
  }

  /** Listens to a lobby room; to be called for every room object of the connection. */
  listen(room: Room): void {
    room.onMessage('rooms', (rooms: unknown) => {
      this.#matches.clear();
      for (const listing of Array.isArray(rooms) ? rooms : []) {
        this.#put(listing);
      }
      this.#changed();
    });
    room.onMessage('+', (entry: unknown) => {
      this.#put(Array.isArray(entry) ? entry[1] : undefined);
      this.#changed();
    });
    room.onMessage('-', (roomId: unknown) => {
      this.#matches.delete(String(roomId));
      this.#changed();
    });
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #put(listing: unknown): void {
    if (typeof listing !== 'object' || listing === null) {
      return;
    }
    const { roomId, name, clients, maxClients, metadata } = listing as Record<string, unknown>;
    if (typeof roomId !== 'string' || name !== ARENA_ROOM) {
      return;
    }
    const host = typeof metadata === 'object' && metadata !== null && 'host' in metadata ? metadata.host : undefined;
    this.#matches.set(roomId, {
      roomId,
      host: typeof host === 'string' ? host : '',
      players: Number(clients) || 0,
      maxPlayers: Number(maxClients) || 0,
    });
  }

  #changed(): void {
    for (const listener of this.#listeners) {
      listener();
    }
  }
}
