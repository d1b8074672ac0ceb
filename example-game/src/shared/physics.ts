/**
 * The motion of ships and shards. Pure: the server runs it to decide, the
 * browser to predict its own ship between two patches.
 */
import { ARENA_RADIUS, DASH_SPEED, DRAG, GRAVITY, SCATTER_MS, SHIP_RADIUS, THRUST } from './rules.ts';

export interface Body {
  x: number;
  y: number;
  vx: number;
  vy: number;
  /** Heading in radians. */
  angle: number;
}

/** A wish to accelerate: a vector of length 0 to 1. */
export interface Thrust {
  x: number;
  y: number;
}

/** Where a shard is, given the room's time. Its whole life follows from these numbers. */
export interface Orbit {
  /** Orbit it is on, or flies to. */
  radius: number;
  phase: number;
  /** Where it was born; equals the orbit unless it was dropped by a ship. */
  fromRadius: number;
  fromPhase: number;
  bornAt: number;
}

/** Advances one ship by `seconds`: thrust, the star's pull, drag, the wall. */
export function stepBody(body: Body, thrust: Thrust, seconds: number): void {
  const distance = Math.max(40, Math.hypot(body.x, body.y));
  const pull = GRAVITY / distance ** 3;
  body.vx += (thrust.x * THRUST - body.x * pull) * seconds;
  body.vy += (thrust.y * THRUST - body.y * pull) * seconds;
  const kept = Math.exp(-DRAG * seconds);
  body.vx *= kept;
  body.vy *= kept;
  body.x += body.vx * seconds;
  body.y += body.vy * seconds;
  if (thrust.x !== 0 || thrust.y !== 0) {
    body.angle = turn(body.angle, Math.atan2(thrust.y, thrust.x), seconds * 14);
  }
  bounceOffWall(body);
}

/** Adds a dash along the heading. */
export function dash(body: Body): void {
  body.vx += Math.cos(body.angle) * DASH_SPEED;
  body.vy += Math.sin(body.angle) * DASH_SPEED;
}

/** Angular speed of a circular orbit, in radians per second. */
export function orbitSpeed(radius: number): number {
  return Math.sqrt(GRAVITY / radius ** 3);
}

/** Position of a shard at the room's time `now` (ms). */
export function orbitPosition(orbit: Orbit, now: number): { x: number; y: number } {
  const age = Math.max(0, now - orbit.bornAt);
  const flown = 1 - (1 - Math.min(1, age / SCATTER_MS)) ** 3;
  const radius = orbit.fromRadius + (orbit.radius - orbit.fromRadius) * flown;
  const phase = orbit.fromPhase + (orbit.phase - orbit.fromPhase) * flown;
  const angle = phase + orbitSpeed(orbit.radius) * (age / 1000);
  return { x: Math.cos(angle) * radius, y: Math.sin(angle) * radius };
}

/** `from` turned towards `to` by the fraction `amount` (0 to 1) of the shorter way. */
export function turn(from: number, to: number, amount: number): number {
  const difference = Math.atan2(Math.sin(to - from), Math.cos(to - from));
  return from + difference * Math.min(1, amount);
}

/** Shortens a vector to length 1; leaves shorter ones alone. */
export function clampThrust(x: number, y: number): Thrust {
  const length = Math.hypot(x, y);
  return length > 1 ? { x: x / length, y: y / length } : { x, y };
}

function bounceOffWall(body: Body): void {
  const limit = ARENA_RADIUS - SHIP_RADIUS;
  const distance = Math.hypot(body.x, body.y);
  if (distance <= limit) {
    return;
  }
  const nx = body.x / distance;
  const ny = body.y / distance;
  body.x = nx * limit;
  body.y = ny * limit;
  const outward = body.vx * nx + body.vy * ny;
  if (outward > 0) {
    body.vx -= nx * outward * 1.7;
    body.vy -= ny * outward * 1.7;
  }
}
