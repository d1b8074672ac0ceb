/**
 * What to draw at this very moment, from states that arrive 20 times a second:
 * other ships a little in the past, between two patches; shards from their
 * orbits; the own ship predicted, so that it answers at once.
 */
import type { ArenaState } from '../../server/arena/arena-state.ts';
import { turn, type Orbit, type Thrust } from '../../shared/physics.ts';
import { OwnShip } from './own-ship.ts';

/** How far other ships are drawn in the past, in ms: two patches. */
const DELAY_MS = 100;
/** Patches kept per ship. */
const HISTORY = 12;

export interface ShipView {
  shipId: string;
  userId: string;
  name: string;
  hue: number;
  bot: boolean;
  mine: boolean;
  connected: boolean;
  x: number;
  y: number;
  vx: number;
  vy: number;
  angle: number;
  score: number;
  dashedAt: number;
  shielded: boolean;
}

export interface ShardView extends Orbit {
  shardId: string;
  value: number;
}

interface Sample {
  at: number;
  x: number;
  y: number;
  vx: number;
  vy: number;
  angle: number;
}
interface Track {
  samples: Sample[];
  facts: Omit<ShipView, keyof Sample | 'mine' | 'shielded'> & { shieldUntil: number };
}

export class World {
  readonly own: OwnShip;
  readonly #tracks = new Map<string, Track>();
  #shards: ShardView[] = [];
  #offset = Number.NaN;
  #latest = { phase: 'playing' as ArenaState['phase'], phaseEndsAt: 0, round: 1 };

  constructor(ownShipId: string) {
    this.own = new OwnShip(ownShipId);
  }

  get phase(): ArenaState['phase'] {
    return this.#latest.phase;
  }
  get phaseEndsAt(): number {
    return this.#latest.phaseEndsAt;
  }
  get round(): number {
    return this.#latest.round;
  }
  get shards(): readonly ShardView[] {
    return this.#shards;
  }

  /** The room's time at the local time `now` (performance.now()). */
  time(now: number): number {
    return Number.isNaN(this.#offset) ? 0 : now + this.#offset;
  }

  /** Takes a decoded state that has just arrived. */
  apply(state: ArenaState, now: number): void {
    this.#syncClock(state.time - now);
    this.#latest = { phase: state.phase, phaseEndsAt: state.phaseEndsAt, round: state.round };
    for (const shipId of this.#tracks.keys()) {
      if (!state.ships.has(shipId)) {
        this.#tracks.delete(shipId);
      }
    }
    for (const [shipId, ship] of state.ships) {
      const { userId, name, hue, bot, connected, score, dashedAt, shieldUntil, x, y, vx, vy, angle } = ship;
      const samples = this.#tracks.get(shipId)?.samples ?? [];
      samples.push({ at: state.time, x, y, vx, vy, angle });
      samples.splice(0, samples.length - HISTORY);
      this.#tracks.set(shipId, {
        samples,
        facts: { shipId, userId, name, hue, bot, connected, score, dashedAt, shieldUntil },
      });
      if (shipId === this.own.shipId) {
        this.own.correct({ x, y, vx, vy, angle }, Math.max(0, this.time(now) - state.time));
      }
    }
    this.#shards = [...state.shards].map(([shardId, { value, radius, phase, fromRadius, fromPhase, bornAt }]) => ({
      shardId,
      value,
      radius,
      phase,
      fromRadius,
      fromPhase,
      bornAt,
    }));
  }

  /** Moves the own ship on by the time since the last frame. */
  advance(seconds: number, thrust: Thrust): void {
    this.own.advance(seconds, this.phase === 'playing' ? thrust : { x: 0, y: 0 });
  }

  /** Every ship as it is to be drawn at `now`. */
  ships(now: number): ShipView[] {
    const time = this.time(now);
    return [...this.#tracks.values()].map(({ samples, facts: { shieldUntil, ...facts } }) => {
      const own = facts.shipId === this.own.shipId ? this.own.view : undefined;
      const mine = own !== undefined;
      const { x, y, vx, vy, angle } = own ?? between(samples, time - DELAY_MS);
      return {
        ...facts,
        mine,
        x,
        y,
        vx,
        vy,
        angle,
        dashedAt: mine ? Math.max(facts.dashedAt, this.own.dashedAt) : facts.dashedAt,
        shielded: time < shieldUntil,
      };
    });
  }

  /** The least delayed patch tells the clock best; the estimate relaxes slowly, and jumps after a stall. */
  #syncClock(sample: number): void {
    this.#offset =
      Number.isNaN(this.#offset) || Math.abs(sample - this.#offset) > 400
        ? sample
        : Math.max(sample, this.#offset - 0.4);
  }
}

/** The ship's place at the room's time `at`: between two samples, or a short way beyond the last. */
function between(samples: readonly Sample[], at: number): Sample {
  const index = samples.findLastIndex((sample) => sample.at <= at);
  const from = samples[Math.max(0, index)] as Sample;
  const to = samples[index + 1];
  if (to === undefined || index < 0) {
    const ahead = index < 0 ? 0 : Math.min(150, at - from.at) / 1000;
    return { ...from, x: from.x + from.vx * ahead, y: from.y + from.vy * ahead };
  }
  const part = (at - from.at) / Math.max(1, to.at - from.at);
  const mix = (a: number, b: number): number => a + (b - a) * part;
  // A new round puts ships elsewhere: no streak across the arena.
  if (Math.hypot(to.x - from.x, to.y - from.y) > 300) {
    return to;
  }
  return {
    at,
    x: mix(from.x, to.x),
    y: mix(from.y, to.y),
    vx: mix(from.vx, to.vx),
    vy: mix(from.vy, to.vy),
    angle: turn(from.angle, to.angle, part),
  };
}
