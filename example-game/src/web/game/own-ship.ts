/**
 * The player's own ship: runs the server's physics ahead of it, and is pulled
 * to what the server says. A correction moves the truth at once, but the
 * picture only step by step, so that nothing jerks.
 */
import { dash, stepBody, turn, type Body, type Thrust } from '../../shared/physics.ts';
import { DASH_COOLDOWN_MS, STEP_SECONDS } from '../../shared/rules.ts';

/** Part of the difference to the server that is taken over with each patch. */
const TRUST = 0.5;
/** Beyond this distance the server is simply right: a bump's end, a new round. */
const SNAP_DISTANCE = 220;
/** How fast the picture catches up, per second. */
const SETTLE = 9;

export class OwnShip {
  readonly shipId: string;
  /** Room time of the last predicted dash. */
  dashedAt = 0;
  #body: Body | undefined;
  #thrust: Thrust = { x: 0, y: 0 };
  /** Time not yet simulated. */
  #rest = 0;
  /** How far the picture still is from the truth. */
  #gap = { x: 0, y: 0 };

  constructor(shipId: string) {
    this.shipId = shipId;
  }

  /** Where to draw the ship; `undefined` until the server has said where it is. */
  get view(): Body | undefined {
    const body = this.#body;
    return (
      body && {
        ...body,
        x: body.x + body.vx * this.#rest + this.#gap.x,
        y: body.y + body.vy * this.#rest + this.#gap.y,
      }
    );
  }

  /** Fixed steps, as on the server; what is left over waits for the next frame. */
  advance(seconds: number, thrust: Thrust): void {
    this.#thrust = thrust;
    const kept = Math.exp(-SETTLE * seconds);
    this.#gap = { x: this.#gap.x * kept, y: this.#gap.y * kept };
    this.#rest = Math.min(0.25, this.#rest + seconds);
    while (this.#body !== undefined && this.#rest >= STEP_SECONDS) {
      stepBody(this.#body, thrust, STEP_SECONDS);
      this.#rest -= STEP_SECONDS;
    }
  }

  /** Dashes at once; false while the engine still cools down. */
  dash(time: number): boolean {
    if (this.#body === undefined || (this.dashedAt > 0 && time - this.dashedAt < DASH_COOLDOWN_MS)) {
      return false;
    }
    this.dashedAt = time;
    dash(this.#body);
    return true;
  }

  /** Takes the server's word about the ship, `ageMs` old. */
  correct(truth: Body, ageMs: number): void {
    for (let left = Math.min(250, ageMs) / 1000 - this.#rest; left > 0; left -= STEP_SECONDS) {
      stepBody(truth, this.#thrust, Math.min(left, STEP_SECONDS));
    }
    const body = this.#body;
    if (body === undefined || Math.hypot(truth.x - body.x, truth.y - body.y) > SNAP_DISTANCE) {
      this.#body = truth;
      this.#gap = { x: 0, y: 0 };
      return;
    }
    const moved = { x: (truth.x - body.x) * TRUST, y: (truth.y - body.y) * TRUST };
    this.#gap = { x: this.#gap.x - moved.x, y: this.#gap.y - moved.y };
    body.x += moved.x;
    body.y += moved.y;
    body.vx += (truth.vx - body.vx) * TRUST;
    body.vy += (truth.vy - body.vy) * TRUST;
    body.angle = turn(body.angle, truth.angle, TRUST / 3);
  }
}
