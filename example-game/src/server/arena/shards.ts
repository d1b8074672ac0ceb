/** The shards of a match: those that circle the star, and those that fly out of a bumped ship. */
import type { MapSchema } from '@colyseus/schema';
import {
  ARENA_RADIUS,
  GOLD_COUNT,
  GOLD_EVERY_MS,
  GOLD_VALUE,
  SHARD_COUNT,
  SHARD_EVERY_MS,
  STAR_RADIUS,
} from '../../shared/rules.ts';
import { Shard } from './arena-state.ts';

/** A number in [0, 1). */
export type Random = () => number;

export class ShardField {
  readonly #shards: MapSchema<Shard>;
  readonly #random: Random;
  #lastId = 0;
  #nextShardAt = 0;
  #nextGoldAt = 0;

  /** Fills `shards` at once. */
  constructor(shards: MapSchema<Shard>, random: Random) {
    this.#shards = shards;
    this.#random = random;
    this.fill(0);
  }

  /** Clears the field and fills it for a new round. */
  fill(now: number): void {
    this.#shards.clear();
    while (this.#shards.size < SHARD_COUNT) {
      this.#put(this.#shards.size < GOLD_COUNT ? newGold(now, this.#random) : newShard(now, this.#random));
    }
  }

  /** Replaces collected shards, one at a time. */
  refill(now: number): void {
    const gold = [...this.#shards.values()].filter((shard) => shard.value === GOLD_VALUE).length;
    if (gold < GOLD_COUNT && now >= this.#nextGoldAt) {
      this.#nextGoldAt = now + GOLD_EVERY_MS;
      this.#put(newGold(now, this.#random));
    }
    if (this.#shards.size < SHARD_COUNT && now >= this.#nextShardAt) {
      this.#nextShardAt = now + SHARD_EVERY_MS;
      this.#put(newShard(now, this.#random));
    }
  }

  /** Lets `count` shards fly out of a place. */
  scatter({ x, y }: { x: number; y: number }, count: number, now: number): void {
    for (let index = 0; index < count; index++) {
      this.#put(droppedShard(x, y, now, this.#random));
    }
  }

  #put(shard: Shard): void {
    this.#lastId += 1;
    this.#shards.set(this.#lastId.toString(36), shard);
  }
}

function newShard(now: number, random: Random): Shard {
  return onOrbit(1, between(STAR_RADIUS + 130, ARENA_RADIUS - 50, random), now, random);
}

/** Worth more, faster, and dangerously close to the star. */
function newGold(now: number, random: Random): Shard {
  return onOrbit(GOLD_VALUE, between(STAR_RADIUS + 62, STAR_RADIUS + 105, random), now, random);
}

/** Flies from (x, y) to an orbit nearby. */
function droppedShard(x: number, y: number, now: number, random: Random): Shard {
  const fromRadius = Math.hypot(x, y);
  const fromPhase = Math.atan2(y, x);
  const least = STAR_RADIUS + between(100, 230, random);
  return new Shard({
    value: 1,
    radius: Math.min(ARENA_RADIUS - 40, Math.max(least, fromRadius + between(-130, 130, random))),
    phase: fromPhase + between(-150, 150, random) / Math.max(150, fromRadius),
    fromRadius,
    fromPhase,
    bornAt: now,
  });
}

function onOrbit(value: number, radius: number, now: number, random: Random): Shard {
  const phase = random() * Math.PI * 2;
  return new Shard({ value, radius, phase, fromRadius: radius, fromPhase: phase, bornAt: now });
}

function between(low: number, high: number, random: Random): number {
  return low + (high - low) * random();
}
