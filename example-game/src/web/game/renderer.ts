/** Paints a match: camera, scenery, ships, effects. */
import type { Effects } from './effects.ts';
import { drawOrbits, drawShards, drawStar, drawWall, Sky } from './scenery.ts';
import { drawShip, Trail } from './ships.ts';
import { ARENA_RADIUS } from '../../shared/rules.ts';
import type { Stick } from './controls.ts';
import type { ShipView, World } from './world.ts';

type Paint = CanvasRenderingContext2D;

/** World units that fit into the shorter side of the screen. */
const VIEW_SPAN = 1180;
/** Pixels per unit below which ships would be too small to see: the camera then shows less. */
const LEAST_SCALE = 0.52;
const MOST_PIXEL_RATIO = 2;
/** World units shown behind the wall. */
const BEYOND_WALL = 70;

export class Renderer {
  readonly canvas: HTMLCanvasElement;
  readonly #paint: Paint;
  readonly #sky = new Sky();
  readonly #trails = new Map<string, Trail>();
  #camera = { x: 0, y: 0, ready: false };
  #width = 0;
  #height = 0;
  #scale = 1;

  constructor(canvas: HTMLCanvasElement) {
    this.canvas = canvas;
    this.#paint = canvas.getContext('2d', { alpha: false }) as Paint;
  }

  /** Where a point of the world is on the screen, in CSS pixels. */
  toScreen({ x, y }: { x: number; y: number }): { x: number; y: number } {
    return {
      x: this.#width / 2 + (x - this.#camera.x) * this.#scale,
      y: this.#height / 2 + (y - this.#camera.y) * this.#scale,
    };
  }

  draw(
    world: World,
    ships: readonly ShipView[],
    effects: Effects,
    stick: Stick | undefined,
    now: number,
    seconds: number,
  ): void {
    this.#fit();
    const paint = this.#paint;
    const time = world.time(now);
    const me = ships.find(({ mine }) => mine);
    this.#follow(me ?? { x: 0, y: 0 }, seconds);

    paint.fillStyle = '#070a1c';
    paint.fillRect(0, 0, this.#width, this.#height);
    this.#sky.draw(paint, this.#width, this.#height, this.#camera.x, this.#camera.y, time / 1000);

    paint.save();
    paint.translate(
      this.#width / 2 + (Math.random() - 0.5) * effects.shake,
      this.#height / 2 + (Math.random() - 0.5) * effects.shake,
    );
    paint.scale(this.#scale, this.#scale);
    paint.translate(-this.#camera.x, -this.#camera.y);
    drawWall(paint, me?.x ?? 0, me?.y ?? 0);
    drawOrbits(paint);
    this.#drawTrails(ships);
    drawShards(paint, world.shards, time);
    drawStar(paint, time / 1000);
    for (const ship of ships.toSorted((a, b) => Number(a.mine) - Number(b.mine))) {
      drawShip(paint, ship, time, this.#scale);
    }
    effects.draw(paint, this.#scale);
    paint.restore();

    this.#drawPointers(ships);
    if (stick !== undefined) {
      drawStick(paint, stick);
    }
  }

  #drawTrails(ships: readonly ShipView[]): void {
    const paint = this.#paint;
    paint.save();
    paint.globalCompositeOperation = 'lighter';
    for (const ship of ships) {
      const trail = this.#trails.get(ship.shipId) ?? new Trail();
      this.#trails.set(ship.shipId, trail);
      trail.add(ship.x, ship.y);
      trail.draw(paint, ship, ship.connected ? 15 : 5);
    }
    paint.restore();
    for (const shipId of this.#trails.keys()) {
      if (!ships.some((ship) => ship.shipId === shipId)) {
        this.#trails.delete(shipId);
      }
    }
  }

  /** A small arrow at the edge for every ship that is out of view. */
  #drawPointers(ships: readonly ShipView[]): void {
    const paint = this.#paint;
    const margin = 20;
    for (const ship of ships) {
      const { x, y } = this.toScreen(ship);
      if (ship.mine || (x > 0 && x < this.#width && y > 0 && y < this.#height)) {
        continue;
      }
      const angle = Math.atan2(y - this.#height / 2, x - this.#width / 2);
      paint.save();
      paint.translate(
        Math.min(this.#width - margin, Math.max(margin, x)),
        Math.min(this.#height - margin, Math.max(margin, y)),
      );
      paint.rotate(angle);
      paint.fillStyle = `hsla(${ship.hue}, 95%, 70%, .85)`;
      paint.beginPath();
      paint.moveTo(9, 0);
      paint.lineTo(-6, -7);
      paint.lineTo(-3, 0);
      paint.lineTo(-6, 7);
      paint.fill();
      paint.restore();
    }
  }

  #follow({ x, y }: { x: number; y: number }, seconds: number): void {
    const ease = this.#camera.ready ? 1 - Math.exp(-seconds * 5) : 1;
    this.#camera.x += (this.#aim(x, this.#width) - this.#camera.x) * ease;
    this.#camera.y += (this.#aim(y, this.#height) - this.#camera.y) * ease;
    this.#camera.ready = true;
  }

  /** Towards the ship, so that the star stays in sight, and never far beyond the wall. */
  #aim(position: number, screen: number): number {
    const most = Math.max(0, ARENA_RADIUS + BEYOND_WALL - screen / 2 / this.#scale);
    return Math.max(-most, Math.min(most, position * 0.75));
  }

  #fit(): void {
    const { clientWidth, clientHeight } = this.canvas;
    const ratio = Math.min(MOST_PIXEL_RATIO, window.devicePixelRatio || 1);
    const [width, height] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    this.#width = clientWidth;
    this.#height = clientHeight;
    this.#scale = Math.max(LEAST_SCALE, Math.min(clientWidth, clientHeight) / VIEW_SPAN);
    this.#paint.setTransform(ratio, 0, 0, ratio, 0, 0);
  }
}

function drawStick(paint: Paint, { fromX, fromY, x, y }: Stick): void {
  const length = Math.hypot(x - fromX, y - fromY) || 1;
  const reach = Math.min(60, length);
  paint.strokeStyle = 'rgba(190, 204, 255, .35)';
  paint.lineWidth = 2;
  paint.beginPath();
  paint.arc(fromX, fromY, 60, 0, Math.PI * 2);
  paint.stroke();
  paint.fillStyle = 'rgba(190, 204, 255, .4)';
  paint.beginPath();
  paint.arc(fromX + ((x - fromX) / length) * reach, fromY + ((y - fromY) / length) * reach, 24, 0, Math.PI * 2);
  paint.fill();
}
