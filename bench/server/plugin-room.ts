/** The plugin with its defaults; only the token is taken at its word. */
import { PresenceRoom } from '../../src/index.ts';

export class MeasuredPresenceRoom extends PresenceRoom {
  static override onAuth(token: string): Promise<unknown> {
    return Promise.resolve({ userId: token });
  }
}
