/** A small line chart. */
import { el } from './dom.ts';

const [WIDTH, HEIGHT] = [100, 30];
const SVG = 'http://www.w3.org/2000/svg';

/** The line through these values, the last at the right; absent ones leave a gap. Pure. */
export function lineOf(values: ReadonlyArray<number | undefined>, most: number): string {
  const top = Math.max(...values.map((value) => value ?? 0), 1);
  let isDrawing = false;
  return values
    .map((value, at) => {
      const command = isDrawing ? 'L' : 'M';
      isDrawing = value !== undefined;
      const x = WIDTH - ((values.length - 1 - at) * WIDTH) / Math.max(1, most - 1);
      return value === undefined
        ? ''
        : `${command}${x.toFixed(1)} ${(HEIGHT - (value / top) * (HEIGHT - 2) - 1).toFixed(1)}`;
    })
    .join('');
}

export function chart(
  title: string,
  now: string,
  values: ReadonlyArray<number | undefined>,
  most: number,
): HTMLElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', lineOf(values, most));
  svg.append(path);
  return el('div', { class: 'chart' }, el('b', {}, now), el('span', {}, title), svg);
}
