/**
 * Hands the schema state to Colyseus, per client. Patches do not go through
 * the room's patch interval: they leave with the flush that carries the
 * deltas, and a room in which nothing changed does nothing.
 */
import type { Client, Serializer } from '@colyseus/core';
import { stateHandshake, type PresenceState } from './state.ts';

export class PresenceSerializer implements Serializer<PresenceState> {
  readonly id = 'schema';
  readonly #fullState: (client: Client | undefined) => Uint8Array;

  constructor(fullState: (client: Client | undefined) => Uint8Array) {
    this.#fullState = fullState;
  }

  reset(): void {
    // The state lives in the tracker; the instance Colyseus holds only gives the shape.
  }

  handshake(): Uint8Array {
    return stateHandshake();
  }

  getFullState(client?: Client): Uint8Array {
    return this.#fullState(client);
  }

  applyPatches(): boolean {
    return false;
  }
}
