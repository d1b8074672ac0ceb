/** The plugin with its defaults; the token is the user id, unchecked. */
import { PresenceRoom } from '../../src/index.ts';

/** Over Redis each process has one room that takes everybody, so that it is known who is local. */
export const oneRoomFitsAll = { maxClients: 100_000 };

export class MeasuredPresenceRoom extends PresenceRoom {
  static override onAuth(token: string): Promise<unknown> {
    return Promise.resolve({ userId: token });
  }
}
