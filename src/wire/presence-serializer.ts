/**
 * Gives Colyseus the schema state of each client. Patches do not use the room's
 * patch interval: they are sent in the same flush as the deltas, and a room
 * without changes does nothing.
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
    // The data is in the tracker; the instance that Colyseus holds only describes the shape.
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
