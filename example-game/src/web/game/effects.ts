/** Sparks, rings and numbers that fly up: pictures of what the room reported. */
import type { Effect } from '../../shared/messages.ts';
import { prefersCalm } from '../ui/dom.ts';
import { GOLD_HUE, SHARD_HUE } from './scenery.ts';
import { glow, stamp } from './sprites.ts';

type Paint = CanvasRenderingContext2D;

interface Spark {
  x: number;
  y: number;
  vx: number;
  vy: number;
  life: number;
  age: number;
  size: number;
  hue: number;
}
interface Ring {
  x: number;
  y: number;
  age: number;
  life: number;
  reach: number;
  hue: number;
}
interface Words {
  x: number;
  y: number;
  age: number;
  text: string;
  color: string;
}

const MOST_SPARKS = 420;
const WORDS_LIFE = 0.9;

export class Effects {
  /** How hard the screen shakes now, in pixels. */
  shake = 0;
  readonly #calm = prefersCalm();
  #sparks: Spark[] = [];
  #rings: Ring[] = [];
  #words: Words[] = [];

  /** Starts the picture of an effect. `hueOf` tells a ship's colour. */
  show(effect: Effect, ownShipId: string, hueOf: (shipId: string) => number): void {
    const { x, y } = effect;
    switch (effect.kind) {
      case 'pickup': {
        const hue = effect.value > 1 ? GOLD_HUE : SHARD_HUE;
        this.#burst(x, y, effect.value > 1 ? 18 : 8, 160, hue);
        if (effect.shipId === ownShipId) {
          this.#say(x, y - 24, `+${effect.value}`, effect.value > 1 ? '#ffd76a' : '#8ff5e0');
        }
        return;
      }
      case 'bump':
        this.#burst(x, y, 26, 380, hueOf(effect.hit));
        this.#rings.push({ x, y, age: 0, life: 0.5, reach: 130, hue: hueOf(effect.by) });
        this.#lost(effect, effect.hit === ownShipId);
        if (effect.hit === ownShipId || effect.by === ownShipId) {
          this.#shakeBy(effect.hit === ownShipId ? 9 : 5);
        }
        return;
      case 'burn':
        this.#burst(x, y, 34, 420, 28);
        this.#rings.push({ x, y, age: 0, life: 0.6, reach: 150, hue: 28 });
        this.#lost(effect, effect.shipId === ownShipId);
        if (effect.shipId === ownShipId) {
          this.#shakeBy(10);
        }
        return;
      case 'dash':
        this.#burst(x, y, 12, 220, hueOf(effect.shipId));
        this.#rings.push({ x, y, age: 0, life: 0.35, reach: 60, hue: hueOf(effect.shipId) });
    }
  }

  /** A shower of colours for the winner. */
  celebrate(x: number, y: number): void {
    for (const hue of [45, 186, 282, 336]) {
      this.#burst(x, y, 26, 520, hue);
    }
  }

  advance(seconds: number): void {
    this.shake *= Math.exp(-seconds * 9);
    for (const spark of this.#sparks) {
      spark.age += seconds;
      spark.x += spark.vx * seconds;
      spark.y += spark.vy * seconds;
      spark.vx *= Math.exp(-seconds * 3.2);
      spark.vy *= Math.exp(-seconds * 3.2);
    }
    for (const one of [...this.#rings, ...this.#words]) {
      one.age += seconds;
    }
    this.#sparks = this.#sparks.filter(({ age, life }) => age < life);
    this.#rings = this.#rings.filter(({ age, life }) => age < life);
    this.#words = this.#words.filter(({ age }) => age < WORDS_LIFE);
  }

  draw(paint: Paint, scale: number): void {
    paint.save();
    paint.globalCompositeOperation = 'lighter';
    for (const { x, y, age, life, size, hue } of this.#sparks) {
      paint.globalAlpha = 1 - age / life;
      stamp(paint, glow(hue), x, y, size);
    }
    for (const { x, y, age, life, reach, hue } of this.#rings) {
      const part = age / life;
      paint.globalAlpha = (1 - part) * 0.8;
      paint.strokeStyle = `hsl(${hue}, 100%, 75%)`;
      paint.lineWidth = 6 * (1 - part) + 1;
      paint.beginPath();
      paint.arc(x, y, reach * (1 - (1 - part) ** 3), 0, Math.PI * 2);
      paint.stroke();
    }
    paint.globalCompositeOperation = 'source-over';
    paint.textAlign = 'center';
    paint.font = `800 ${Math.round(19 / scale)}px "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif`;
    for (const { x, y, age, text, color } of this.#words) {
      paint.globalAlpha = Math.min(1, (WORDS_LIFE - age) * 3);
      paint.fillStyle = color;
      paint.fillText(text, x, y - age * 46);
    }
    paint.restore();
  }

  #lost({ x, y, dropped }: { x: number; y: number; dropped: number }, mine: boolean): void {
    if (dropped > 0 && mine) {
      this.#say(x, y - 30, `-${dropped}`, '#ff8fa3');
    }
  }

  #say(x: number, y: number, text: string, color: string): void {
    this.#words.push({ x, y, age: 0, text, color });
  }

  #shakeBy(pixels: number): void {
    this.shake = this.#calm ? 0 : Math.max(this.shake, pixels);
  }

  #burst(x: number, y: number, count: number, speed: number, hue: number): void {
    const wanted = this.#calm ? Math.ceil(count / 4) : count;
    for (let index = 0; index < wanted && this.#sparks.length < MOST_SPARKS; index++) {
      const angle = Math.random() * Math.PI * 2;
      const pace = speed * (0.25 + Math.random() * 0.75);
      this.#sparks.push({
        x,
        y,
        vx: Math.cos(angle) * pace,
        vy: Math.sin(angle) * pace,
        age: 0,
        life: 0.35 + Math.random() * 0.5,
        size: 10 + Math.random() * 18,
        hue,
      });
    }
  }
}
