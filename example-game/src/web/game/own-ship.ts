/** The player's own ship: runs the server's physics ahead of it and is gently pulled to what the server says. */
import { dash, stepBody, turn, type Body, type Thrust } from '../../shared/physics.ts';
import { DASH_COOLDOWN_MS, STEP_SECONDS } from '../../shared/rules.ts';

/** Part of the difference to the server that is taken back with each patch. */
const CORRECTION = 0.22;
/** Beyond this distance the server is simply right. */
const SNAP_DISTANCE = 220;

export class OwnShip {
  readonly shipId: string;
  body: Body | undefined;
  /** Room time of the last predicted dash. */
  dashedAt = 0;
  #thrust: Thrust = { x: 0, y: 0 };
  #rest = 0;

  constructor(shipId: string) {
    this.shipId = shipId;
  }

  /** Fixed steps, as on the server; what is left over waits for the next frame. */
  advance(seconds: number, thrust: Thrust): void {
    this.#thrust = thrust;
    if (this.body === undefined) {
      return;
    }
    this.#rest = Math.min(0.25, this.#rest + seconds);
    while (this.#rest >= STEP_SECONDS) {
      stepBody(this.body, thrust, STEP_SECONDS);
      this.#rest -= STEP_SECONDS;
    }
  }

  /** Dashes at once; false while the engine still cools down. */
  dash(time: number): boolean {
    if (this.body === undefined || (this.dashedAt > 0 && time - this.dashedAt < DASH_COOLDOWN_MS)) {
      return false;
    }
    this.dashedAt = time;
    dash(this.body);
    return true;
  }

  /** Takes the server's word about the ship, `ageMs` old. */
  correct(truth: Body, ageMs: number): void {
    for (let left = Math.min(250, ageMs) / 1000; left > 0; left -= STEP_SECONDS) {
      stepBody(truth, this.#thrust, Math.min(left, STEP_SECONDS));
    }
    const { body } = this;
    if (body === undefined || Math.hypot(truth.x - body.x, truth.y - body.y) > SNAP_DISTANCE) {
      this.body = truth;
      return;
    }
    body.x += (truth.x - body.x) * CORRECTION;
    body.y += (truth.y - body.y) * CORRECTION;
    body.vx += (truth.vx - body.vx) * CORRECTION;
    body.vy += (truth.vy - body.vy) * CORRECTION;
    body.angle = turn(body.angle, truth.angle, CORRECTION);
  }
}
