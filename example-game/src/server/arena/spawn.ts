/** Where a ship begins, and in which colour. */
import { HUES, hueOf } from '../../shared/names.ts';
import { GRAVITY } from '../../shared/rules.ts';
import type { Ship } from './arena-state.ts';
import type { Random } from './shards.ts';

const SPAWN_RADIUS = 470;
/** Hues closer than this look alike. */
const LOOKALIKE = 25;

/** Puts a ship on the spawn ring, already circling. */
export function placeOnRing(ship: Ship, angle: number): void {
  const speed = Math.sqrt(GRAVITY / SPAWN_RADIUS);
  ship.x = Math.cos(angle) * SPAWN_RADIUS;
  ship.y = Math.sin(angle) * SPAWN_RADIUS;
  ship.vx = -Math.sin(angle) * speed;
  ship.vy = Math.cos(angle) * speed;
  ship.angle = angle + Math.PI / 2;
}

/** The place on the spawn ring that is farthest from every ship. */
export function emptiestAngle(ships: readonly Ship[], random: Random): number {
  const angles = Array.from({ length: 12 }, (_, index) => (index / 12) * Math.PI * 2);
  const room = (angle: number): number =>
    Math.min(
      ...ships.map((ship) =>
        Math.hypot(ship.x - Math.cos(angle) * SPAWN_RADIUS, ship.y - Math.sin(angle) * SPAWN_RADIUS),
      ),
    );
  return angles.reduce((best, angle) => (room(angle) > room(best) ? angle : best), random() * Math.PI * 2);
}

/** The player's own hue, or the one farthest from all ships when somebody here looks alike. */
export function freeHue(userId: string, ships: readonly Ship[]): number {
  const gap = (hue: number): number =>
    Math.min(360, ...ships.map((ship) => 180 - Math.abs(180 - Math.abs(hue - ship.hue))));
  const own = hueOf(userId);
  return gap(own) >= LOOKALIKE ? own : HUES.reduce<number>((best, hue) => (gap(hue) > gap(best) ? hue : best), own);
}
