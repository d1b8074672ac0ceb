/** The living picture behind the lobby: the star, shards in orbit, a few ships passing by. */
import { orbitSpeed, type Orbit } from '../../shared/physics.ts';
import { GOLD_VALUE } from '../../shared/rules.ts';
import { drawOrbits, drawShards, drawStar, Sky } from '../game/scenery.ts';
import { drawHull, Trail } from '../game/ships.ts';
import { h, prefersCalm } from '../ui/dom.ts';

interface Passenger {
  radius: number;
  phase: number;
  sway: number;
  hue: number;
  trail: Trail;
}

interface View {
  x: number;
  y: number;
  scale: number;
}

/** The star above the name field. */
function splash(width: number, height: number): View {
  return { x: width / 2, y: height * 0.32, scale: width < 900 ? 0.8 : 1 };
}

/** The star beside the headline. */
function lobby(width: number): View {
  if (width < 900) {
    return { x: width - 76, y: 152, scale: 0.5 };
  }
  const content = Math.min(1180, width - 48);
  return { x: (width - content) / 2 + (content - 404) * 0.74, y: 300, scale: 0.76 };
}

const SHARDS: Array<Orbit & { value: number }> = Array.from({ length: 30 }, (_, index) => {
  const radius = 150 + ((index * 97) % 500);
  const phase = index * 2.399;
  return { radius, phase, fromRadius: radius, fromPhase: phase, bornAt: 0, value: index % 11 === 0 ? GOLD_VALUE : 1 };
});

export class Backdrop {
  readonly element = h('canvas', { class: 'backdrop', 'aria-hidden': 'true' });
  readonly #paint = this.element.getContext('2d', { alpha: false }) as CanvasRenderingContext2D;
  readonly #sky = new Sky();
  readonly #ships: Passenger[] = [
    { radius: 250, phase: 0.4, sway: 34, hue: 186, trail: new Trail() },
    { radius: 345, phase: 2.6, sway: 48, hue: 312, trail: new Trail() },
    { radius: 455, phase: 4.4, sway: 40, hue: 128, trail: new Trail() },
  ];
  #frame = 0;
  #view = splash(window.innerWidth, window.innerHeight);
  #place: typeof splash = splash;

  /** Moves the star to where the page leaves room for it. */
  frame(page: 'splash' | 'lobby'): void {
    this.#place = page === 'splash' ? splash : lobby;
  }

  start(): void {
    cancelAnimationFrame(this.#frame);
    for (const { trail } of this.#ships) {
      trail.clear();
    }
    const calm = prefersCalm();
    let drawnAt = -Infinity;
    const draw = (now: number): void => {
      // Calm: a still picture, redrawn now and then, and when the size of the window has changed.
      if (!calm || now - drawnAt > 500 || !this.#fits()) {
        drawnAt = now;
        this.#draw(calm ? 20_000 : 20_000 + now);
      }
      this.#frame = requestAnimationFrame(draw);
    };
    this.#frame = requestAnimationFrame(draw);
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
  }

  #fits(): boolean {
    const { width, height, clientWidth, clientHeight } = this.element;
    return width === Math.round(clientWidth * pixelRatio()) && height === Math.round(clientHeight * pixelRatio());
  }

  #draw(time: number): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    const ratio = pixelRatio();
    if (!this.#fits()) {
      this.element.width = Math.round(width * ratio);
      this.element.height = Math.round(height * ratio);
    }
    const paint = this.#paint;
    const goal = this.#place(width, height);
    const ease = prefersCalm() ? 1 : 0.06;
    this.#view = {
      x: this.#view.x + (goal.x - this.#view.x) * ease,
      y: this.#view.y + (goal.y - this.#view.y) * ease,
      scale: this.#view.scale + (goal.scale - this.#view.scale) * ease,
    };
    paint.setTransform(ratio, 0, 0, ratio, 0, 0);
    const dusk = paint.createLinearGradient(0, 0, 0, height);
    dusk.addColorStop(0, '#0b0f2a');
    dusk.addColorStop(1, '#060817');
    paint.fillStyle = dusk;
    paint.fillRect(0, 0, width, height);
    this.#sky.draw(paint, width, height, time / 400, 0, time / 1000);

    paint.translate(this.#view.x, this.#view.y);
    paint.scale(this.#view.scale, this.#view.scale);
    drawOrbits(paint);
    this.#drawShips(paint, time);
    drawShards(paint, SHARDS, time);
    drawStar(paint, time / 1000);
  }

  #drawShips(paint: CanvasRenderingContext2D, time: number): void {
    for (const { radius, phase, sway, hue, trail } of this.#ships) {
      const angle = phase + orbitSpeed(radius) * (time / 1000);
      const reach = radius + Math.sin(time / 1700 + phase) * sway;
      const ship = { x: Math.cos(angle) * reach, y: Math.sin(angle) * reach, angle: angle + Math.PI / 2, hue };
      trail.add(ship.x, ship.y);
      paint.globalCompositeOperation = 'lighter';
      trail.draw(paint, ship, 14);
      paint.globalCompositeOperation = 'source-over';
      drawHull(paint, ship, 0.7, time / 1000);
    }
  }
}

function pixelRatio(): number {
  return Math.min(2, window.devicePixelRatio || 1);
}
