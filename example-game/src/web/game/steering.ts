/** Tells the room what the player wants: only when it changed, and not more often than it reads it. */
import type { Thrust } from '../../shared/physics.ts';
import type { SteerMessage } from '../../shared/messages.ts';
import type { MatchRoom } from './match-page.ts';

const INTERVAL_MS = 33;
/** Smaller differences are not worth a message. */
const NOTICEABLE = 0.03;

export class Steering {
  readonly #room: MatchRoom;
  #sent: SteerMessage = { x: 0, y: 0 };
  #sentAt = 0;

  constructor(room: MatchRoom) {
    this.#room = room;
  }

  steer({ x, y }: Thrust, now: number): void {
    const changed =
      Math.hypot(x - this.#sent.x, y - this.#sent.y) > NOTICEABLE ||
      (x === 0 && y === 0 && (this.#sent.x !== 0 || this.#sent.y !== 0));
    if (changed && now - this.#sentAt >= INTERVAL_MS && this.#room.connection.isOpen) {
      this.#sent = { x, y };
      this.#sentAt = now;
      this.#room.send('steer', this.#sent);
    }
  }

  /** The room has forgotten the last wish: it is sent again. */
  forget(): void {
    this.#sent = { x: 0, y: 0 };
  }

  dash(): void {
    if (this.#room.connection.isOpen) {
      this.#room.send('dash');
    }
  }
}
