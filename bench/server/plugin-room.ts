/** The plugin with its defaults; only the token is taken at its word. */
import { PresenceRoom } from '../../src/index.ts';

/** Over Redis each process has one room, so that who is local is known: it takes everybody. */
export const oneRoomFitsAll = { maxClients: 100_000 };

export class MeasuredPresenceRoom extends PresenceRoom {
  static override onAuth(token: string): Promise<unknown> {
    return Promise.resolve({ userId: token });
  }
}
