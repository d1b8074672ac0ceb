/** Mouse, keyboard and touch become a thrust and a dash. */
import { clampThrust, type Thrust } from '../../shared/physics.ts';

const KEYS = new Map<string, Thrust>([
  ['KeyW', { x: 0, y: -1 }],
  ['ArrowUp', { x: 0, y: -1 }],
  ['KeyS', { x: 0, y: 1 }],
  ['ArrowDown', { x: 0, y: 1 }],
  ['KeyA', { x: -1, y: 0 }],
  ['ArrowLeft', { x: -1, y: 0 }],
  ['KeyD', { x: 1, y: 0 }],
  ['ArrowRight', { x: 1, y: 0 }],
]);
/** Pixels from the ship (mouse) or from where the finger went down (touch) that mean full thrust. */
const FULL_MOUSE = 150;
const FULL_TOUCH = 60;
/** Pixels around the ship in which the mouse asks for nothing. */
const DEAD_ZONE = 26;

export interface Stick {
  fromX: number;
  fromY: number;
  x: number;
  y: number;
}

export interface ControlsOptions {
  surface: HTMLElement;
  /** Where the own ship is on the surface, in CSS pixels. */
  shipOnScreen: () => { x: number; y: number };
  onDash: () => void;
}

export class Controls {
  /** The finger that steers, for drawing. */
  stick: Stick | undefined;
  readonly #options: ControlsOptions;
  readonly #abort = new AbortController();
  readonly #pressed = new Set<string>();
  #mouse: { x: number; y: number } | undefined;
  #stickPointer: number | undefined;

  constructor(options: ControlsOptions) {
    this.#options = options;
    const { signal } = this.#abort;
    const { surface } = options;
    window.addEventListener('keydown', (event) => this.#keyDown(event), { signal });
    window.addEventListener('keyup', (event) => this.#pressed.delete(event.code), { signal });
    window.addEventListener('blur', () => this.#release(), { signal });
    surface.addEventListener('pointerdown', (event) => this.#pointerDown(event), { signal });
    surface.addEventListener('pointermove', (event) => this.#pointerMove(event), { signal });
    surface.addEventListener(
      'pointerleave',
      () => {
        this.#mouse = undefined;
      },
      { signal },
    );
    for (const name of ['pointerup', 'pointercancel'] as const) {
      surface.addEventListener(name, (event) => this.#pointerUp(event), { signal });
    }
  }

  /** What the player wants now: keys first, then the finger, then the mouse. */
  get thrust(): Thrust {
    if (this.#pressed.size > 0) {
      const keys = [...this.#pressed].map((code) => KEYS.get(code) ?? { x: 0, y: 0 });
      return clampThrust(
        keys.reduce((sum, key) => sum + key.x, 0),
        keys.reduce((sum, key) => sum + key.y, 0),
      );
    }
    if (this.stick !== undefined) {
      return clampThrust(
        (this.stick.x - this.stick.fromX) / FULL_TOUCH,
        (this.stick.y - this.stick.fromY) / FULL_TOUCH,
      );
    }
    if (this.#mouse !== undefined) {
      const ship = this.#options.shipOnScreen();
      const x = this.#mouse.x - ship.x;
      const y = this.#mouse.y - ship.y;
      return Math.hypot(x, y) < DEAD_ZONE ? { x: 0, y: 0 } : clampThrust(x / FULL_MOUSE, y / FULL_MOUSE);
    }
    return { x: 0, y: 0 };
  }

  stop(): void {
    this.#abort.abort();
  }

  #keyDown(event: KeyboardEvent): void {
    if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (KEYS.has(event.code)) {
      this.#pressed.add(event.code);
      event.preventDefault();
    } else if (event.code === 'Space' && !(event.target instanceof HTMLButtonElement)) {
      event.preventDefault();
      if (!event.repeat) {
        this.#options.onDash();
      }
    }
  }

  #pointerDown(event: PointerEvent): void {
    if (event.pointerType === 'mouse' || this.#stickPointer !== undefined) {
      // A click, or the second finger.
      this.#options.onDash();
      return;
    }
    this.#stickPointer = event.pointerId;
    this.#options.surface.setPointerCapture(event.pointerId);
    const { x, y } = this.#at(event);
    this.stick = { fromX: x, fromY: y, x, y };
  }

  #pointerMove(event: PointerEvent): void {
    const { x, y } = this.#at(event);
    if (event.pointerType === 'mouse') {
      this.#mouse = { x, y };
    } else if (event.pointerId === this.#stickPointer && this.stick !== undefined) {
      this.stick = { ...this.stick, x, y };
    }
  }

  #pointerUp(event: PointerEvent): void {
    if (event.pointerId === this.#stickPointer) {
      this.#stickPointer = undefined;
      this.stick = undefined;
    }
  }

  #at(event: PointerEvent): { x: number; y: number } {
    const box = this.#options.surface.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #release(): void {
    this.#pressed.clear();
    this.#mouse = undefined;
    this.#stickPointer = undefined;
    this.stick = undefined;
  }
}
