import { hueOf } from '../../shared/names.ts';
import { h } from './dom.ts';

/** A round initial in the player's own colours: the same as the player's ship. */
export function avatar(userId: string, name: string): HTMLElement {
  return h(
    'span',
    { class: 'avatar', style: `--hue: ${hueOf(userId)}`, 'aria-hidden': 'true' },
    name.slice(0, 1).toUpperCase(),
  );
}
