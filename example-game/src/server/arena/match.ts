/**
 * One match: ships, shards, rounds. Knows the state and nothing of sockets;
 * time moves by `step()`, chance comes from `random`.
 */
import type { Effect } from '../../shared/messages.ts';
import { dash, orbitPosition, stepBody, type Thrust } from '../../shared/physics.ts';
import {
  BOTS_BELOW,
  DASH_COOLDOWN_MS,
  MAX_PLAYERS,
  PICKUP_RADIUS,
  RESULTS_MS,
  ROUND_MS,
  STEP_SECONDS,
} from '../../shared/rules.ts';
import { ArenaState, Ship } from './arena-state.ts';
import { BOT_NAMES, pilot } from './bots.ts';
import { burn, collide } from './collisions.ts';
import { ShardField, type Random } from './shards.ts';
import { emptiestAngle, freeHue, placeOnRing } from './spawn.ts';

const IDLE: Thrust = { x: 0, y: 0 };

export class Match {
  readonly state = new ArenaState();
  readonly #random: Random;
  readonly #field: ShardField;
  readonly #thrusts = new Map<string, Thrust>();
  #effects: Effect[] = [];
  #clock = 0;
  #lastId = 0;

  constructor(random: Random = Math.random) {
    this.#random = random;
    this.state.phaseEndsAt = ROUND_MS;
    this.#field = new ShardField(this.state.shards, random);
    this.#balanceBots();
  }

  /** Adds a player's ship and returns its id. */
  addPlayer(userId: string, name: string): string {
    const shipId = this.#addShip(userId, name, false);
    this.#recolorBots();
    this.#balanceBots();
    return shipId;
  }

  /** Removes a ship; unknown ids are fine. */
  removePlayer(shipId: string): void {
    this.state.ships.delete(shipId);
    this.#thrusts.delete(shipId);
    this.#balanceBots();
  }

  /** Marks a ship whose player dropped or came back. */
  setConnected(shipId: string, connected: boolean): void {
    const ship = this.state.ships.get(shipId);
    if (ship !== undefined) {
      ship.connected = connected;
      this.#thrusts.delete(shipId);
    }
  }

  /** Takes the player's wish; it holds until the next one. */
  steer(shipId: string, thrust: Thrust): void {
    if (this.state.ships.has(shipId)) {
      this.#thrusts.set(shipId, thrust);
    }
  }

  /** Dashes along the heading, unless the last dash was too recent. */
  dash(shipId: string): void {
    const ship = this.state.ships.get(shipId);
    if (
      ship === undefined ||
      this.state.phase !== 'playing' ||
      (ship.dashedAt > 0 && this.state.time - ship.dashedAt < DASH_COOLDOWN_MS)
    ) {
      return;
    }
    dash(ship);
    ship.dashedAt = this.state.time;
    this.#effects.push({ kind: 'dash', x: ship.x, y: ship.y, shipId });
  }

  /** What happened since the last call. */
  takeEffects(): Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** Advances the match by one fixed step. */
  step(): void {
    const { state } = this;
    this.#clock += STEP_SECONDS * 1000;
    state.time = Math.round(this.#clock);
    if (state.time >= state.phaseEndsAt) {
      this.#nextPhase();
    }
    for (const [shipId, ship] of state.ships) {
      stepBody(ship, this.#wishOf(shipId, ship), STEP_SECONDS);
    }
    this.#collisions();
    if (state.phase === 'playing') {
      this.#pickups();
      this.#field.refill(state.time);
    }
  }

  #wishOf(shipId: string, ship: Ship): Thrust {
    if (this.state.phase === 'results') {
      return IDLE;
    }
    if (!ship.bot) {
      return this.#thrusts.get(shipId) ?? IDLE;
    }
    const wish = pilot(ship, this.state, this.#random);
    if (wish.dash) {
      this.dash(shipId);
    }
    return wish.thrust;
  }

  #collisions(): void {
    const { time } = this.state;
    // The scoreboard is final: between rounds nobody loses anything.
    const stakes = this.state.phase === 'playing';
    const ships = [...this.state.ships];
    for (const [index, [shipId, ship]] of ships.entries()) {
      const burnt = burn(ship, time, stakes);
      if (burnt !== undefined) {
        this.#field.scatter(ship, burnt, time);
        this.#effects.push({ kind: 'burn', x: ship.x, y: ship.y, shipId, dropped: burnt });
      }
      for (const [otherId, other] of ships.slice(index + 1)) {
        const bump = collide(ship, other, time, stakes);
        if (bump !== undefined) {
          this.#field.scatter(bump.hit, bump.dropped, time);
          const [by, hit] = bump.by === ship ? [shipId, otherId] : [otherId, shipId];
          this.#effects.push({ kind: 'bump', x: bump.hit.x, y: bump.hit.y, by, hit, dropped: bump.dropped });
        }
      }
    }
  }

  #pickups(): void {
    const { ships, shards, time } = this.state;
    for (const [shardId, shard] of shards) {
      // A dropped shard flies a moment before anybody can have it back.
      if (shard.fromRadius !== shard.radius && time - shard.bornAt < 350) {
        continue;
      }
      const { x, y } = orbitPosition(shard, time);
      for (const [shipId, ship] of ships) {
        if (Math.hypot(ship.x - x, ship.y - y) < PICKUP_RADIUS) {
          ship.score += shard.value;
          shards.delete(shardId);
          this.#effects.push({ kind: 'pickup', x, y, shipId, value: shard.value });
          break;
        }
      }
    }
  }

  #nextPhase(): void {
    const { state } = this;
    if (state.phase === 'playing') {
      state.phase = 'results';
      state.phaseEndsAt = state.time + RESULTS_MS;
      return;
    }
    state.phase = 'playing';
    state.phaseEndsAt = state.time + ROUND_MS;
    state.round += 1;
    this.#field.fill(state.time);
    [...state.ships.values()].forEach((ship, index, all) => {
      ship.score = 0;
      ship.dashedAt = 0;
      placeOnRing(ship, (index / all.length) * Math.PI * 2);
    });
  }

  #balanceBots(): void {
    const { ships } = this.state;
    const bots = [...ships].filter(([, ship]) => ship.bot);
    const people = ships.size - bots.length;
    const wanted = people < BOTS_BELOW ? MAX_PLAYERS - people : 0;
    for (const [shipId] of bots.slice(wanted)) {
      ships.delete(shipId);
    }
    const taken = new Set(bots.map(([, ship]) => ship.name));
    for (const name of BOT_NAMES.filter((name) => !taken.has(name)).slice(0, Math.max(0, wanted - bots.length))) {
      this.#addShip(`bot:${name.toLowerCase()}`, name, true);
    }
  }

  #addShip(userId: string, name: string, bot: boolean): string {
    const shipId = this.#newId();
    const ships = [...this.state.ships.values()];
    const rivals = bot ? ships : ships.filter((other) => !other.bot);
    const ship = new Ship({ userId, name, hue: freeHue(userId, rivals), bot, shieldUntil: this.state.time + 1000 });
    placeOnRing(ship, emptiestAngle(ships, this.#random));
    this.state.ships.set(shipId, ship);
    return shipId;
  }

  /** People keep their own colour; bots give way. */
  #recolorBots(): void {
    const ships = [...this.state.ships.values()];
    for (const bot of ships.filter((ship) => ship.bot)) {
      bot.hue = freeHue(
        bot.userId,
        ships.filter((ship) => ship !== bot),
      );
    }
  }

  #newId(): string {
    this.#lastId += 1;
    return this.#lastId.toString(36);
  }
}
