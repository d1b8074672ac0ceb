/** Soft lights, painted once and stamped many times: gradients are too slow to make for every frame. */

export type Sprite = HTMLCanvasElement;

const SIZE = 128;
const cache = new Map<string, Sprite>();

/** A round glow in one colour; `core` is the part of it that is nearly white. */
export function glow(hue: number, saturation = 95, core = 0.16): Sprite {
  return cached(`glow:${hue}:${saturation}:${core}`, SIZE, (paint) => {
    const light = paint.createRadialGradient(SIZE / 2, SIZE / 2, 0, SIZE / 2, SIZE / 2, SIZE / 2);
    light.addColorStop(0, `hsla(${hue}, ${saturation}%, 92%, 1)`);
    light.addColorStop(core, `hsla(${hue}, ${saturation}%, 68%, .8)`);
    light.addColorStop(0.42, `hsla(${hue}, ${saturation}%, 58%, .2)`);
    light.addColorStop(1, `hsla(${hue}, ${saturation}%, 50%, 0)`);
    paint.fillStyle = light;
    paint.fillRect(0, 0, SIZE, SIZE);
  });
}

/** A faint halo without a core, for ships and wide lights. */
export function halo(hue: number, saturation = 90): Sprite {
  return cached(`halo:${hue}:${saturation}`, SIZE, (paint) => {
    const light = paint.createRadialGradient(SIZE / 2, SIZE / 2, 0, SIZE / 2, SIZE / 2, SIZE / 2);
    light.addColorStop(0, `hsla(${hue}, ${saturation}%, 62%, .55)`);
    light.addColorStop(0.5, `hsla(${hue}, ${saturation}%, 55%, .14)`);
    light.addColorStop(1, `hsla(${hue}, ${saturation}%, 50%, 0)`);
    paint.fillStyle = light;
    paint.fillRect(0, 0, SIZE, SIZE);
  });
}

/** A cut gem with light in it. */
export function gem(hue: number): Sprite {
  return cached(`gem:${hue}`, 64, (paint) => {
    paint.translate(32, 32);
    const facet = (points: ReadonlyArray<readonly [number, number]>, lightness: number): void => {
      paint.fillStyle = `hsl(${hue}, 95%, ${lightness}%)`;
      paint.beginPath();
      for (const [x, y] of points) {
        paint.lineTo(x, y);
      }
      paint.fill();
    };
    facet(
      [
        [0, -28],
        [18, 0],
        [0, 0],
      ],
      78,
    );
    facet(
      [
        [18, 0],
        [0, 28],
        [0, 0],
      ],
      54,
    );
    facet(
      [
        [0, 28],
        [-18, 0],
        [0, 0],
      ],
      64,
    );
    facet(
      [
        [-18, 0],
        [0, -28],
        [0, 0],
      ],
      92,
    );
  });
}

/** The body of the star: white-hot in the middle, orange at the rim. */
export function starBody(): Sprite {
  return cached('star', 256, (paint) => {
    const fire = paint.createRadialGradient(112, 108, 8, 128, 128, 120);
    fire.addColorStop(0, '#fffdf2');
    fire.addColorStop(0.35, '#ffe9a8');
    fire.addColorStop(0.72, '#ffb64a');
    fire.addColorStop(0.95, '#ff7a3d');
    fire.addColorStop(1, 'rgba(255, 96, 48, 0)');
    paint.fillStyle = fire;
    paint.beginPath();
    paint.arc(128, 128, 120, 0, Math.PI * 2);
    paint.fill();
  });
}

/** Rays around the star, uneven on purpose. */
export function starRays(): Sprite {
  return cached('rays', 512, (paint) => {
    paint.translate(256, 256);
    paint.globalCompositeOperation = 'lighter';
    paint.filter = 'blur(5px)';
    for (let index = 0; index < 34; index++) {
      const wobble = Math.abs(Math.sin(index * 12.9898) * 43758.5453) % 1;
      const length = 110 + wobble ** 2 * 135;
      const width = 0.05 + (1 - wobble) * 0.11;
      paint.rotate((Math.PI * 2) / 34 + (wobble - 0.5) * 0.12);
      const ray = paint.createLinearGradient(40, 0, length, 0);
      ray.addColorStop(0, 'rgba(255, 190, 90, .2)');
      ray.addColorStop(0.5, 'rgba(255, 160, 74, .09)');
      ray.addColorStop(1, 'rgba(255, 130, 64, 0)');
      paint.fillStyle = ray;
      paint.beginPath();
      paint.moveTo(50, 0);
      paint.lineTo(Math.cos(width) * length, Math.sin(width) * length);
      paint.lineTo(Math.cos(-width) * length, Math.sin(-width) * length);
      paint.fill();
    }
  });
}

/** Draws a sprite around a point. */
export function stamp(paint: CanvasRenderingContext2D, sprite: Sprite, x: number, y: number, size: number): void {
  paint.drawImage(sprite, x - size / 2, y - size / 2, size, size);
}

function cached(key: string, size: number, draw: (paint: CanvasRenderingContext2D) => void): Sprite {
  let sprite = cache.get(key);
  if (sprite === undefined) {
    sprite = document.createElement('canvas');
    sprite.width = size;
    sprite.height = size;
    draw(sprite.getContext('2d') as CanvasRenderingContext2D);
    cache.set(key, sprite);
  }
  return sprite;
}
