/** What happens when ships touch each other or the star. */
import { BURN_DROP, DASH_MS, MAX_DROP, SHIELD_MS, SHIP_RADIUS, STAR_RADIUS } from '../../shared/rules.ts';
import type { Ship } from './arena-state.ts';

export interface Bump {
  by: Ship;
  hit: Ship;
  /** Shards that `hit` lost. */
  dropped: number;
}

/**
 * Pushes two touching ships apart. While there are `stakes`, a dashing ship
 * that meets an unshielded one shakes shards out of it; that is the returned bump.
 */
export function collide(a: Ship, b: Ship, now: number, stakes: boolean): Bump | undefined {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const distance = Math.hypot(dx, dy) || 0.001;
  const overlap = SHIP_RADIUS * 2 - distance;
  if (overlap <= 0) {
    return undefined;
  }
  const nx = dx / distance;
  const ny = dy / distance;
  a.x -= (nx * overlap) / 2;
  a.y -= (ny * overlap) / 2;
  b.x += (nx * overlap) / 2;
  b.y += (ny * overlap) / 2;

  const closing = (a.vx - b.vx) * nx + (a.vy - b.vy) * ny;
  if (closing > 0) {
    a.vx -= nx * closing;
    a.vy -= ny * closing;
    b.vx += nx * closing;
    b.vy += ny * closing;
  }
  return stakes ? (ram(a, b, now) ?? ram(b, a, now)) : undefined;
}

/** Whether the ship burns in the star; if so it is thrown out and shielded. Returns the shards lost, none without `stakes`. */
export function burn(ship: Ship, now: number, stakes: boolean): number | undefined {
  const distance = Math.hypot(ship.x, ship.y) || 0.001;
  if (distance > STAR_RADIUS + SHIP_RADIUS * 0.5) {
    return undefined;
  }
  ship.vx = (ship.x / distance) * 760;
  ship.vy = (ship.y / distance) * 760;
  return shake(ship, stakes ? BURN_DROP : 0, now);
}

function isDashing(ship: Ship, now: number): boolean {
  return ship.dashedAt > 0 && now - ship.dashedAt < DASH_MS;
}

function ram(by: Ship, hit: Ship, now: number): Bump | undefined {
  if (!isDashing(by, now) || isDashing(hit, now) || now < hit.shieldUntil) {
    return undefined;
  }
  const dropped = shake(hit, Math.min(MAX_DROP, Math.max(1, Math.ceil(hit.score / 4))), now);
  return { by, hit, dropped };
}

function shake(ship: Ship, count: number, now: number): number {
  const dropped = now < ship.shieldUntil ? 0 : Math.min(ship.score, count);
  ship.score -= dropped;
  ship.shieldUntil = now + SHIELD_MS;
  return dropped;
}
