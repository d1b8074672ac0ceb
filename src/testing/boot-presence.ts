/**
 * A game with presence under test: a `ColyseusTestServer`, players who are signed
 * in, and a clock that can be moved. Works with any test runner.
 *
 *     const game = await bootPresence(server, { token: (id) => tokenOf(id) });
 *     const ann = await game.player('ann', { status: 'In lobby' });
 *     const bob = await game.player('bob', { follows: ['ann'] });
 *     await game.until(() => bob.sees('ann', 'In lobby'), 'bob to see ann');
 *     await game.cleanup();
 *
 * While a game is booted, the clock of the whole process is the game's: see
 * {@link PresenceGame.advance}. One game at a time, since Colyseus has one
 * match-maker per process.
 */
import { createServer, type AddressInfo } from 'node:net';
import { Server, type Client, type Room } from '@colyseus/core';
import { Client as SDKClient } from '@colyseus/sdk';
import { ColyseusTestServer } from '@colyseus/testing';
import type { PresenceClientOptions } from '../client/index.ts';
import { MovableClock } from './movable-clock.ts';
import { TestPlayer } from './test-player.ts';
import { until } from './until.ts';

export interface BootOptions {
  /** The name of the presence-aware room that players join. Default `'presence'`. */
  room?: string;
  /** The token a player signs in with: what the room's `onAuth` gets. Default: the user id itself. */
  token?: (userId: string) => string | Promise<string>;
}

export interface PlayerOptions extends PresenceClientOptions {
  /** Users to follow as soon as it has joined. */
  follows?: readonly string[];
  /** The address of another process of the game, such as `http://127.0.0.1:2569`. Default: the booted server. */
  endpoint?: string;
}

/** Most milliseconds that one step of `advance` moves; a long way is made in 60 steps. */
const STEP_MS = 1000;

/**
 * Boots the game's server (what `defineServer` returns) on a free port of
 * 127.0.0.1, or uses one that `boot()` of `@colyseus/testing` has booted. Call
 * `cleanup()` when done.
 */
export async function bootPresence(
  server: Server | ColyseusTestServer,
  options: BootOptions = {},
): Promise<PresenceGame> {
  const isBooted = server instanceof ColyseusTestServer;
  if (!isBooted && !(server instanceof Server)) {
    throw new TypeError('bootPresence() needs what defineServer() or boot() of @colyseus/testing returns.');
  }
  const clock = new MovableClock();
  const uninstall = clock.install();
  try {
    if (isBooted) {
      return new PresenceGame(server, options, clock, uninstall);
    }
    await server.listen(await freePort());
    return new PresenceGame(new ColyseusTestServer(server), options, clock, uninstall);
  } catch (error) {
    uninstall();
    throw error;
  }
}

export class PresenceGame {
  /** The server, with `createRoom`, `connectTo`, `getRoomById` and `http`. */
  readonly colyseus: ColyseusTestServer;
  readonly #options: BootOptions;
  readonly #clock: MovableClock;
  readonly #uninstall: () => void;
  readonly #players: TestPlayer[] = [];
  #cleaning: Promise<void> | undefined;

  /** @internal */
  constructor(colyseus: ColyseusTestServer, options: BootOptions, clock: MovableClock, uninstall: () => void) {
    this.colyseus = colyseus;
    this.#options = options;
    this.#clock = clock;
    this.#uninstall = uninstall;
  }

  /** Signs in and joins the presence room. Fails as `PresenceClient.join` and `follow` do. */
  async player(userId: string, options: PlayerOptions = {}): Promise<TestPlayer> {
    const { follows = [], endpoint = this.#endpoint, ...joining } = options;
    const sdk = new SDKClient(endpoint);
    sdk.auth.token = await (this.#options.token?.(userId) ?? userId);
    const player = new TestPlayer(userId, sdk);
    await player.join(this.#options.room ?? 'presence', joining);
    this.#players.push(player);
    if (follows.length > 0) {
      await player.friends.follow(follows);
    }
    return player;
  }

  /** Waits for a condition: see {@link until}. */
  readonly until = until;

  /** The presence room of a player on the server; `undefined` if another process runs it. */
  roomOf(player: TestPlayer): Room | undefined {
    return this.colyseus.getRoomById(player.room.roomId) as Room | undefined;
  }

  /** A player's connection on the server; `undefined` while it is away, or when another process has it. */
  clientOf(player: TestPlayer): Client | undefined {
    return this.roomOf(player)?.clients.find(({ sessionId }) => sessionId === player.room.sessionId);
  }

  /** Cuts a player's network. Resolves when both ends have noticed; the player's grace begins. It stays away until `comeBack`. */
  async drop(player: TestPlayer): Promise<void> {
    player.cut();
    await until(
      () => player.friends.connection !== 'online' && this.clientOf(player) === undefined,
      `${player.userId} to be away`,
    );
  }

  /** Mends the network: the player gets its old seat back, or a new one when its grace is over. */
  async comeBack(player: TestPlayer): Promise<void> {
    player.mend();
    await until(() => player.friends.connection === 'online', `${player.userId} to come back`);
    await player.settle();
  }

  /**
   * Moves the time of this process: graces, rate windows, hook timeouts and your
   * own timers end as if they had taken so long. In steps of a second (of a
   * sixtieth of a way longer than a minute); a timer runs at most once in a step,
   * and after each one all players have heard what it has caused. Other processes
   * and Redis keep their time.
   *
   * @example await game.advance(15_000); // the default grace
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Infinity)) {
      throw new TypeError('advance() needs a number of milliseconds, 0 or more.');
    }
    const step = Math.max(STEP_MS, ms / 60);
    for (let left = ms; left > 0; left -= step) {
      this.#clock.jump(Math.min(step, left));
      await this.#settle();
    }
  }

  /** Players leave, the server stops, the time of the process is the real one again. Idempotent. */
  cleanup(): Promise<void> {
    return (this.#cleaning ??= this.#cleanup());
  }

  get #endpoint(): string {
    return `http://127.0.0.1:${(this.colyseus.server as unknown as { port: number }).port}`;
  }

  /** What timers have caused has been heard by all. The second round trip follows the answers to the pings. */
  async #settle(): Promise<void> {
    for (let trip = 0; trip < 2; trip++) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      await Promise.all(
        this.#players
          .filter(({ friends }) => friends.connection === 'online')
          // Whom a timer has just sent away does not answer.
          .map((player) => player.settle().catch(() => undefined)),
      );
    }
  }

  async #cleanup(): Promise<void> {
    try {
      for (const player of this.#players) {
        player.mend();
      }
      await Promise.all(this.#players.map(({ friends }) => friends.leave()));
      await this.colyseus.shutdown();
    } finally {
      this.#uninstall();
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
