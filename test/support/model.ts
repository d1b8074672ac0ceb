/** Plain pieces of the model, for unit tests. */
import { Registers } from '../../src/core/registers.ts';
import type { User } from '../../src/core/model.ts';

/** A user nobody has seen or follows. */
export function userOf(userId: string, ref: number, username?: string): User {
  return {
    userId,
    ref,
    username,
    visible: new Map(),
    followers: new Set(),
    own: new Set(),
    lock: undefined,
    last: 'unlogined',
    registers: new Registers('here'),
    party: undefined,
    stays: 0,
    pins: 0,
    known: undefined,
    stateBytes: undefined,
  };
}
