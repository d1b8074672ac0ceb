/** Company for lonely players: simple pilots that chase shards and sometimes ram the leader. */
import { orbitPosition, clampThrust, type Thrust } from '../../shared/physics.ts';
import { DASH_COOLDOWN_MS, STAR_RADIUS } from '../../shared/rules.ts';
import type { ArenaState, Ship } from './arena-state.ts';
import type { Random } from './shards.ts';

export const BOT_NAMES = ['Nova', 'Comet', 'Pulsar', 'Quark'] as const;

/** Bots fly gently, so that people win. */
const THROTTLE = 0.66;
/** Chance per tick to ram a ship that is in front. */
const RAM_CHANCE = 0.02;

export interface BotWish {
  thrust: Thrust;
  dash: boolean;
}

/** What a bot does this tick. */
export function pilot(ship: Ship, state: ArenaState, random: Random): BotWish {
  const goal = nearestShard(ship, state) ?? { x: -ship.y, y: ship.x };
  const distance = Math.hypot(goal.x - ship.x, goal.y - ship.y) || 1;
  // Aims ahead of its own drift, so that it does not circle around the shard.
  const aimX = (goal.x - ship.x) / distance - ship.vx / 500;
  const aimY = (goal.y - ship.y) / distance - ship.vy / 500;
  const away = fear(ship);
  const wish = clampThrust(aimX + away.x, aimY + away.y);
  return {
    thrust: { x: wish.x * THROTTLE, y: wish.y * THROTTLE },
    dash: state.time - ship.dashedAt > DASH_COOLDOWN_MS * 2 && hasTarget(ship, state) && random() < RAM_CHANCE,
  };
}

function nearestShard(ship: Ship, state: ArenaState): { x: number; y: number } | undefined {
  let best: { x: number; y: number } | undefined;
  let bestCost = Infinity;
  for (const shard of state.shards.values()) {
    const position = orbitPosition(shard, state.time + 250);
    const tooHot = Math.hypot(position.x, position.y) < STAR_RADIUS + 115;
    const cost = Math.hypot(position.x - ship.x, position.y - ship.y);
    if (!tooHot && cost < bestCost) {
      best = position;
      bestCost = cost;
    }
  }
  return best;
}

/** The push away from the star, strong when close. */
function fear(ship: Ship): Thrust {
  const distance = Math.hypot(ship.x, ship.y) || 1;
  const strength = Math.max(0, (STAR_RADIUS + 170 - distance) / 70);
  return { x: (ship.x / distance) * strength, y: (ship.y / distance) * strength };
}

function hasTarget(ship: Ship, state: ArenaState): boolean {
  for (const other of state.ships.values()) {
    const dx = other.x - ship.x;
    const dy = other.y - ship.y;
    const distance = Math.hypot(dx, dy);
    if (other !== ship && other.score > 3 && distance < 190 && Math.cos(Math.atan2(dy, dx) - ship.angle) > 0.94) {
      return true;
    }
  }
  return false;
}
