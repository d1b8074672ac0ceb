/** Everything that is there without players: sky, star, orbits, wall, shards. */
import { orbitPosition, type Orbit } from '../../shared/physics.ts';
import { ARENA_RADIUS, GOLD_VALUE, STAR_RADIUS } from '../../shared/rules.ts';
import { gem, glow, halo, stamp, starBody, starRays } from './sprites.ts';

type Paint = CanvasRenderingContext2D;

export const SHARD_HUE = 172;
export const GOLD_HUE = 45;
const ORBITS = [150, 250, 360, 480, 600];

interface SkyStar {
  x: number;
  y: number;
  depth: number;
  size: number;
  phase: number;
}

/** Distant stars that shift with the camera. Coordinates are parts of the screen, so any screen is filled. */
export class Sky {
  readonly #stars: SkyStar[] = Array.from({ length: 170 }, () => ({
    x: Math.random(),
    y: Math.random(),
    depth: 0.02 + Math.random() ** 2 * 0.13,
    size: 0.5 + Math.random() * 1.3,
    phase: Math.random() * 7,
  }));

  draw(paint: Paint, width: number, height: number, cameraX: number, cameraY: number, seconds: number): void {
    paint.fillStyle = '#dfe6ff';
    for (const { x, y, depth, size, phase } of this.#stars) {
      paint.globalAlpha = 0.25 + depth * 3 + Math.sin(seconds * 0.9 + phase) * 0.14;
      paint.fillRect(wrap(x * width - cameraX * depth, width), wrap(y * height - cameraY * depth, height), size, size);
    }
    paint.globalAlpha = 1;
  }
}

export function drawOrbits(paint: Paint): void {
  paint.lineWidth = 1.4;
  for (const [index, radius] of ORBITS.entries()) {
    paint.strokeStyle = `rgba(150, 168, 255, ${0.13 - index * 0.017})`;
    circle(paint, radius);
    paint.stroke();
  }
}

/** The wall at the edge, brighter near the point (x, y). */
export function drawWall(paint: Paint, x: number, y: number): void {
  circle(paint, ARENA_RADIUS);
  paint.fillStyle = 'rgba(84, 100, 220, .05)';
  paint.fill();
  paint.strokeStyle = 'rgba(116, 132, 255, .14)';
  paint.lineWidth = 16;
  paint.stroke();
  paint.strokeStyle = 'rgba(150, 164, 255, .5)';
  paint.lineWidth = 2.5;
  paint.stroke();
  const nearness = Math.max(0, 1 - (ARENA_RADIUS - Math.hypot(x, y)) / 160);
  if (nearness > 0) {
    const angle = Math.atan2(y, x);
    paint.strokeStyle = `rgba(142, 240, 255, ${nearness * 0.9})`;
    paint.lineWidth = 5;
    paint.beginPath();
    paint.arc(0, 0, ARENA_RADIUS, angle - 0.28, angle + 0.28);
    paint.stroke();
  }
}

export function drawStar(paint: Paint, seconds: number): void {
  const beat = 1 + Math.sin(seconds * 2.1) * 0.03;
  paint.save();
  paint.globalCompositeOperation = 'lighter';
  stamp(paint, halo(32, 100), 0, 0, STAR_RADIUS * 9.5 * beat);
  paint.rotate(seconds * 0.06);
  stamp(paint, starRays(), 0, 0, STAR_RADIUS * 8 * beat);
  paint.rotate(-seconds * 0.15);
  stamp(paint, starRays(), 0, 0, STAR_RADIUS * 6);
  paint.restore();
  stamp(paint, starBody(), 0, 0, STAR_RADIUS * 2.14 * beat);
}

/** Shards at the room's time `time`; a new one grows into view. */
export function drawShards(paint: Paint, shards: Iterable<Orbit & { value: number }>, time: number): void {
  for (const shard of shards) {
    const { x, y } = orbitPosition(shard, time);
    const gold = shard.value === GOLD_VALUE;
    const grown = Math.min(1, Math.max(0.05, (time - shard.bornAt) / 300));
    const twinkle = 1 + Math.sin(time / 260 + shard.phase * 9) * 0.12;
    const size = (gold ? 34 : 22) * grown * twinkle;
    paint.globalCompositeOperation = 'lighter';
    paint.globalAlpha = 0.6;
    stamp(paint, glow(gold ? GOLD_HUE : SHARD_HUE), x, y, size * 3);
    paint.globalCompositeOperation = 'source-over';
    paint.globalAlpha = 1;
    stamp(paint, gem(gold ? GOLD_HUE : SHARD_HUE), x, y, size);
  }
}

function circle(paint: Paint, radius: number): void {
  paint.beginPath();
  paint.arc(0, 0, radius, 0, Math.PI * 2);
}

function wrap(value: number, size: number): number {
  return ((value % size) + size) % size;
}
