/** Reads the schema state out of raw frames, as the SDK does. */
import { Protocol } from '@colyseus/core';
import { Reflection, type Decoder } from '@colyseus/schema';
import { stateHandshake, type PresenceState } from '../../src/wire/state.ts';

export class StateReader {
  readonly decoder: Decoder = Reflection.decode(Buffer.from(stateHandshake()), { offset: 0 });
  #read = 0;

  /** Takes in the frames that were not taken in yet; `frames` only grows. */
  read(frames: readonly Buffer[]): PresenceState {
    for (; this.#read < frames.length; this.#read++) {
      const frame = Buffer.from(frames[this.#read]!);
      if (frame[0] === Protocol.ROOM_STATE) {
        this.decoder.decodeResync(frame, { offset: 1 });
      } else if (frame[0] === Protocol.ROOM_STATE_PATCH) {
        this.decoder.decode(frame, { offset: 1 });
      }
    }
    return this.decoder.state as PresenceState;
  }
}

/** The number of a decoded structure. */
export function refIdOf(instance: object): number {
  const symbol = Object.getOwnPropertySymbols(instance).find(({ description }) => description === '$refId')!;
  return (instance as Record<symbol, number>)[symbol]!;
}
