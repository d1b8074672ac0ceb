/**
 * Real processes, each behind a proxy of its own to one Redis, and players who
 * follow each other. The truth is kept beside: what each player last said. It
 * is compared with what each sees.
 */
import { PresenceClient } from '../../src/client/index.ts';
import type { PresenceOptions } from '../../src/index.ts';
import { Random } from '../sim/random.ts';
import { ServerProcess } from '../support/processes.ts';
import { freePort } from '../support/server.ts';
import { until } from '../support/until.ts';
import { Client } from '@colyseus/sdk';
import { RespProxy } from './resp-proxy.ts';
import { RedisNode } from './redis-node.ts';

export interface Player {
  readonly userId: string;
  readonly place: number;
  /** The friends that it follows. */
  readonly friends: readonly string[];
  /** `undefined` while it has left. */
  helper: PresenceClient | undefined;
  /** What it said last; `undefined` while it is not online. */
  said: string | undefined;
  /** Its own process is hit: its friends may see it go, and it may miss something. */
  isAffected: boolean;
}

export interface Setup {
  processes: number;
  playersPerProcess: number;
  options?: PresenceOptions;
  /** By process. */
  clockOffsetsMs?: readonly number[];
  /** Instead of one Redis behind proxies: the nodes of a Redis Cluster, without. */
  nodes?: readonly RedisNode[];
}

const FRIENDS = 8;

export class Arena {
  readonly processes: ServerProcess[] = [];
  readonly proxies: RespProxy[] = [];
  readonly players: Player[] = [];
  readonly random = new Random(1);
  /** Users who were seen going though they were there all the time. */
  readonly blinks: string[] = [];
  redis!: RedisNode;
  readonly #setup: Setup;
  #isLoaded = false;
  #load: Promise<unknown> = Promise.resolve();
  #said = 0;

  private constructor(setup: Setup) {
    this.#setup = setup;
  }

  static async open(setup: Setup): Promise<Arena> {
    const arena = new Arena(setup);
    try {
      await arena.#open();
      return arena;
    } catch (error) {
      await arena.close();
      throw error;
    }
  }

  async #open(): Promise<void> {
    const { processes, playersPerProcess, nodes } = this.#setup;
    this.redis = nodes?.[0] ?? (await RedisNode.start());
    for (let place = 0; place < processes; place++) {
      this.proxies.push(await new RespProxy(this.redis.port, () => this.random.next()).listen());
    }
    await Promise.all(this.proxies.map((_, place) => this.startProcess(place)));
    await this.acquainted();
    const users = Array.from({ length: processes * playersPerProcess }, (_, i) => `user-${i}`);
    for (const [i, userId] of users.entries()) {
      const place = i % processes;
      const friends = [...new Set(Array.from({ length: FRIENDS }, () => this.random.pick(users)))].filter(
        (other) => other !== userId,
      );
      this.players.push({ userId, place, friends, helper: undefined, said: undefined, isAffected: false });
    }
    await this.everybodyBack();
    await this.settle(30_000);
  }

  async startProcess(place: number): Promise<void> {
    const old = this.processes[place];
    const { nodes, clockOffsetsMs, options = {} } = this.#setup;
    const process = new ServerProcess({
      name: `p${place}`,
      port: old?.port ?? (await freePort()),
      redisUrl: this.proxies[place]!.url,
      options: { rateLimit: 1e6, rateLimitIds: 1e9, ...options },
      ...(clockOffsetsMs !== undefined && { clockOffsetMs: clockOffsetsMs[place] ?? 0 }),
      ...(nodes !== undefined && { redisPorts: nodes.map(({ port }) => port) }),
    });
    await process.ready();
    this.processes[place] = process;
    await process.api('start');
  }

  /** Every process knows all others. */
  async acquainted(): Promise<void> {
    await until(
      async () =>
        (await Promise.all(this.processes.map((one) => one.stats()))).every(
          (stats) => stats?.processes === this.processes.length - 1 && stats.state === 'up',
        ),
      'the processes to know each other',
      20_000,
    );
  }

  async join(player: Player): Promise<void> {
    const { url, name } = this.processes[player.place]!;
    const client = new Client(url);
    client.auth.token = player.userId;
    const said = `${++this.#said}`;
    player.helper = await PresenceClient.join(client, `presence-${name}`, {
      status: said,
      timeoutMs: 30_000,
      rejoin: { minMs: 10, maxMs: 300 },
      onRoom: ({ reconnection }) => {
        Object.assign(reconnection, { minUptime: 0, minDelay: 10, maxDelay: 100, delay: 10 });
      },
    });
    player.said = said;
    player.helper.onUserStatusChanged((changes) => {
      for (const { userId, general } of changes) {
        const friend = this.players.find((one) => one.userId === userId);
        const isHit = friend === undefined || friend.isAffected || player.isAffected;
        if (general !== 'online' && !isHit && friend.said !== undefined) {
          this.blinks.push(`${player.userId} saw ${userId} ${general}`);
        }
      }
    });
    await player.helper.follow(player.friends);
  }

  /** Who has left joins, on all processes at once, one after the other on each. */
  async everybodyBack(): Promise<void> {
    await Promise.all(
      this.processes.map(async (_, place) => {
        for (const player of this.players) {
          if (player.place === place && player.helper === undefined) {
            await this.join(player);
          }
        }
      }),
    );
  }

  async leave(player: Player): Promise<void> {
    const { helper } = player;
    player.helper = undefined;
    player.said = undefined;
    await helper?.leave();
  }

  /** Who is online says something new now and then, up to 50 times a second per 200 players, until `quiet`. */
  load(): void {
    this.#isLoaded = true;
    this.#load = Promise.all(
      Array.from({ length: Math.max(1, Math.round(this.players.length / 200)) }, async () => {
        while (this.#isLoaded) {
          await this.#say(this.random.pick(this.players));
          await pause(20);
        }
      }),
    );
  }

  async quiet(): Promise<void> {
    this.#isLoaded = false;
    await this.#load;
  }

  async #say(player: Player): Promise<void> {
    const { helper } = player;
    if (helper?.connection !== 'online' || player.said === undefined) {
      return;
    }
    const said = `${++this.#said}`;
    // What cannot be sent now is sent when the connection is back.
    player.said = said;
    await helper.setStatus(said).catch(() => undefined);
  }

  /** Views that are not the truth: `viewer of user: seen, said`. */
  wrong(): string[] {
    const truth = new Map(this.players.map(({ userId, said }) => [userId, said]));
    return this.players.flatMap(({ helper, userId: viewer }) =>
      (helper?.getSnapshot() ?? [])
        .filter(({ userId, online, customStatus }) => (online ? customStatus : undefined) !== truth.get(userId))
        .map(({ userId, online, customStatus }) => {
          return `${viewer} of ${userId}: ${online ? customStatus : 'offline'}, said ${truth.get(userId) ?? 'offline'}`;
        }),
    );
  }

  /** Users who have left, and whom somebody sees online. */
  ghosts(): number {
    return this.wrong().filter((line) => line.endsWith('said offline')).length;
  }

  /** Milliseconds until every view is right. What is still wrong after `timeoutMs` is left to be counted. */
  async heal(timeoutMs: number): Promise<number> {
    const began = performance.now();
    await until(
      () =>
        this.players.every(({ helper }) => helper === undefined || helper.connection === 'online') &&
        this.wrong().length === 0,
      'all views to be right',
      timeoutMs,
    ).catch(() => undefined);
    return performance.now() - began;
  }

  async settle(timeoutMs: number): Promise<void> {
    await this.heal(timeoutMs);
    const wrong = this.wrong();
    if (wrong.length > 0) {
      throw new Error(`Before any fault ${wrong.length} views are wrong: ${wrong.slice(0, 5).join('; ')}`);
    }
  }

  /** Lines that the package has logged so far. */
  logged(): number {
    return this.processes.reduce((sum, { log }) => sum + log.length, 0);
  }

  /** Everybody leaves, and every process says goodbye; what is still in Redis then. */
  async keysLeft(): Promise<string[]> {
    await Promise.all(this.players.map((player) => this.leave(player)));
    let left: string[] = [];
    await until(
      async () => {
        left = (await this.redis.cli('KEYS', 'presence:u:*')).split('\n').filter((key) => key !== '');
        return left.length === 0;
      },
      'no user to be left',
      10_000,
    ).catch(() => undefined);
    return left;
  }

  async close(): Promise<void> {
    this.#isLoaded = false;
    await Promise.all(this.players.map((player) => this.leave(player).catch(() => undefined)));
    await Promise.all(this.processes.map((one) => one.end('SIGKILL')));
    this.proxies.forEach((proxy) => proxy.close());
    await Promise.all([this.redis, ...(this.#setup.nodes ?? [])].map((node) => node.stop()));
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
