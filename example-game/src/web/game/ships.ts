/** Ships and the light they leave behind. */
import { DASH_COOLDOWN_MS, DASH_MS, SHIP_RADIUS } from '../../shared/rules.ts';
import { glow, halo, stamp } from './sprites.ts';
import type { ShipView } from './world.ts';

type Paint = CanvasRenderingContext2D;
type DrawnShip = Pick<ShipView, 'x' | 'y' | 'angle' | 'hue'>;

/** Points per trail, and the least distance between two. */
const TRAIL_LENGTH = 26;
const TRAIL_STEP = 7;

/** The last places of one ship. */
export class Trail {
  readonly #points: Array<{ x: number; y: number }> = [];

  add(x: number, y: number): void {
    const last = this.#points.at(-1);
    const moved = last === undefined ? Infinity : Math.hypot(x - last.x, y - last.y);
    if (moved > 150) {
      this.clear();
    }
    if (moved >= TRAIL_STEP) {
      this.#points.push({ x, y });
    }
    if (this.#points.length > TRAIL_LENGTH || moved < 1) {
      this.#points.shift();
    }
  }

  clear(): void {
    this.#points.length = 0;
  }

  draw(paint: Paint, ship: DrawnShip, width: number, alpha = 0.5): void {
    const head = { x: ship.x - Math.cos(ship.angle) * 8, y: ship.y - Math.sin(ship.angle) * 8 };
    const points = [...this.#points, head];
    const [tail] = points;
    if (tail === undefined || points.length < 3) {
      return;
    }
    const fade = paint.createLinearGradient(tail.x, tail.y, head.x, head.y);
    fade.addColorStop(0, `hsla(${ship.hue}, 95%, 60%, 0)`);
    fade.addColorStop(1, `hsla(${ship.hue}, 95%, 66%, ${alpha})`);
    paint.fillStyle = fade;
    paint.beginPath();
    const sides = points.map((_, index) => side(points, index, ((index / points.length) * width) / 2));
    for (const { x, y, dx, dy } of sides) {
      paint.lineTo(x + dx, y + dy);
    }
    for (const { x, y, dx, dy } of sides.reverse()) {
      paint.lineTo(x - dx, y - dy);
    }
    paint.fill();
  }
}

/** A point of a path and the way from it to the edge of a ribbon of that half width. */
function side(
  path: ReadonlyArray<{ x: number; y: number }>,
  index: number,
  half: number,
): { x: number; y: number; dx: number; dy: number } {
  const { x, y } = path[index] as { x: number; y: number };
  const from = path[Math.max(0, index - 1)] as { x: number; y: number };
  const to = path[Math.min(path.length - 1, index + 1)] as { x: number; y: number };
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  return { x, y, dx: (-(to.y - from.y) / length) * half, dy: ((to.x - from.x) / length) * half };
}

/** The hull with its engine light; `burning` (0-1) is how hard the engine works. */
export function drawHull(paint: Paint, { x, y, angle, hue }: DrawnShip, burning: number, seconds: number): void {
  paint.save();
  paint.translate(x, y);
  paint.globalCompositeOperation = 'lighter';
  stamp(paint, halo(hue), 0, 0, SHIP_RADIUS * 6);
  paint.rotate(angle);
  if (burning > 0.05) {
    const flicker = 0.85 + Math.sin(seconds * 50 + hue) * 0.15;
    stamp(paint, glow(hue), -SHIP_RADIUS * 0.95, 0, SHIP_RADIUS * (0.9 + burning * 1.3) * flicker);
  }
  paint.globalCompositeOperation = 'source-over';
  const metal = paint.createLinearGradient(-SHIP_RADIUS, 0, SHIP_RADIUS * 1.2, 0);
  metal.addColorStop(0, `hsl(${hue}, 75%, 38%)`);
  metal.addColorStop(1, `hsl(${hue}, 95%, 72%)`);
  paint.fillStyle = metal;
  paint.strokeStyle = `hsl(${hue}, 100%, 88%)`;
  paint.lineWidth = 1.6;
  paint.lineJoin = 'round';
  paint.beginPath();
  paint.moveTo(SHIP_RADIUS * 1.3, 0);
  paint.quadraticCurveTo(SHIP_RADIUS * 0.3, SHIP_RADIUS * 0.42, -SHIP_RADIUS * 0.95, SHIP_RADIUS * 0.92);
  paint.lineTo(-SHIP_RADIUS * 0.5, 0);
  paint.lineTo(-SHIP_RADIUS * 0.95, -SHIP_RADIUS * 0.92);
  paint.quadraticCurveTo(SHIP_RADIUS * 0.3, -SHIP_RADIUS * 0.42, SHIP_RADIUS * 1.3, 0);
  paint.fill();
  paint.stroke();
  paint.fillStyle = `hsla(${hue}, 100%, 95%, .9)`;
  paint.beginPath();
  paint.ellipse(SHIP_RADIUS * 0.22, 0, SHIP_RADIUS * 0.3, SHIP_RADIUS * 0.14, 0, 0, Math.PI * 2);
  paint.fill();
  paint.restore();
}

/** A ship in a match: hull, shield, cooldown of the own dash, name. */
export function drawShip(paint: Paint, ship: ShipView, time: number, scale: number): void {
  const seconds = time / 1000;
  paint.save();
  paint.globalAlpha = ship.connected ? 1 : 0.35;
  const dashing = ship.dashedAt > 0 && time - ship.dashedAt < DASH_MS;
  drawHull(paint, ship, dashing ? 1 : Math.min(0.8, Math.hypot(ship.vx, ship.vy) / 500), seconds);
  if (ship.shielded) {
    ring(paint, ship, SHIP_RADIUS * 1.75, `hsla(${ship.hue}, 100%, 80%, ${0.45 + Math.sin(seconds * 18) * 0.25})`, 2.5);
  }
  if (ship.mine && ship.dashedAt > 0) {
    const ready = Math.min(1, (time - ship.dashedAt) / DASH_COOLDOWN_MS);
    if (ready < 1) {
      ring(paint, ship, SHIP_RADIUS * 1.9, `hsla(${ship.hue}, 100%, 80%, .75)`, 3, ready);
    }
  }
  paint.font = `${ship.mine ? 700 : 600} ${Math.round(13 / scale)}px ${NAME_FONT}`;
  paint.textAlign = 'center';
  paint.fillStyle = ship.mine ? '#ffffff' : `hsla(${ship.hue}, 80%, 84%, .85)`;
  paint.fillText(ship.name, ship.x, ship.y + SHIP_RADIUS * 1.5 + 15 / scale);
  paint.restore();
}

const NAME_FONT = '"Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif';

function ring(
  paint: Paint,
  at: { x: number; y: number },
  radius: number,
  color: string,
  width: number,
  part = 1,
): void {
  paint.strokeStyle = color;
  paint.lineWidth = width;
  paint.beginPath();
  paint.arc(at.x, at.y, radius, -Math.PI / 2, -Math.PI / 2 + Math.PI * 2 * part);
  paint.stroke();
}
