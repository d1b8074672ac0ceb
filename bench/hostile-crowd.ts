/**
 * `npm run bench:hostile`: what an honest pair notices beside each attack, and
 * what the server's memory does. Three processes: the server, the attackers,
 * and the honest pair here.
 *
 *   node bench/hostile-crowd.ts [--redis] [--seconds 10] [--only queries,churn]
 *
 * Prints a Markdown table. Latency runs from the honest user's send to the
 * receipt by its follower, or from a request to its answer.
 */
import { createHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { defineRoom, defineServer, getMessageBytes, Protocol, Room } from '@colyseus/core';
import { RedisPresence } from '@colyseus/redis-presence';
import { WebSocketTransport } from '@colyseus/ws-transport';
import { WebSocket } from 'ws';
import { PresenceLobbyRoom, PresenceRoom } from '../src/index.ts';
import { startRedis } from './redis.ts';
import { Child, serve } from './rpc.ts';

const SELF = fileURLToPath(import.meta.url);
const BIG_STATUS = 'x'.repeat(2000);
/** Milliseconds between two updates of the honest user. */
const PACE_MS = 20;
/** Milliseconds between two looks at the server's memory. */
const SAMPLE_MS = 250;
/** Longest the honest pair waits for a frame before the attack has won. */
const PATIENCE_MS = 30_000;

/** Rooms in the lobby's list. */
const MATCHES = 100;

class MatchRoom extends Room {
  override maxClients = 1;

  override onCreate(): void {
    void this.setMetadata({ text: BIG_STATUS });
  }
}

const serverOps = {
  async start({ redisPort }: { redisPort?: number }): Promise<number> {
    (Room as { onAuth: unknown }).onAuth = (token: string) => Promise.resolve({ userId: token });
    const server = defineServer({
      transport: new WebSocketTransport({ pingInterval: 0 }),
      greet: false,
      gracefullyShutdown: false,
      ...(redisPort !== undefined && { presence: new RedisPresence({ port: redisPort }) }),
      rooms: {
        presence: defineRoom(PresenceRoom),
        lobby: defineRoom(PresenceLobbyRoom),
        match: defineRoom(MatchRoom).enableRealtimeListing(),
      },
    });
    await server.listen(0);
    return (server.transport.server as unknown as { address(): { port: number } }).address().port;
  },
  memory(): number {
    return process.memoryUsage().rss;
  },
};

/** A socket that speaks the protocol by hand and is in a room. */
class Player {
  readonly token: string;
  readonly socket: WebSocket;
  closed = false;

  private constructor(token: string, socket: WebSocket) {
    this.token = token;
    this.socket = socket;
    socket.on('close', () => {
      this.closed = true;
    });
    socket.on('error', () => {});
  }

  static async join(port: number, token: string, room: string, options: object = {}): Promise<Player> {
    const response = await fetch(`http://127.0.0.1:${port}/matchmake/joinOrCreate/${room}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ sync: 'deltas', ...options }),
    });
    const seat = (await response.json()) as { sessionId: string; roomId: string; processId: string; error?: string };
    if (seat.error !== undefined) {
      throw new Error(seat.error);
    }
    const url = `ws://127.0.0.1:${port}/${seat.processId}/${seat.roomId}?sessionId=${seat.sessionId}`;
    const player = new Player(token, new WebSocket(url));
    await new Promise<void>((resolve, reject) => {
      player.socket.on('message', (frame: Buffer) => {
        if (frame[0] === Protocol.JOIN_ROOM) {
          player.socket.send(Uint8Array.of(Protocol.JOIN_ROOM));
          resolve();
        }
      });
      player.socket.on('close', (code) => {
        reject(new Error(`closed with ${code}`));
      });
    });
    return player;
  }

  send(type: string, payload: object): void {
    if (!this.closed) {
      this.socket.send(getMessageBytes.raw(Protocol.ROOM_DATA, type, payload));
    }
  }

  /** Resolves with the milliseconds until a frame with this text comes. */
  async hears(text: string, act: () => void): Promise<number> {
    const started = performance.now();
    return new Promise((resolve, reject) => {
      const listen = (frame: Buffer): void => {
        if (frame.includes(text)) {
          this.socket.off('message', listen);
          clearTimeout(timer);
          resolve(performance.now() - started);
        }
      };
      const timer = setTimeout(() => {
        this.socket.off('message', listen);
        reject(new Error(`nothing within ${PATIENCE_MS} ms`));
      }, PATIENCE_MS);
      this.socket.on('message', listen);
      act();
    });
  }
}

/** Runs `act` for every player, `perSecond` times a second each, until the time is over. */
async function pressed(
  players: readonly Player[],
  perSecond: number,
  until: number,
  act: (player: Player) => void,
): Promise<void> {
  const tickMs = 20;
  for (let due = 0; performance.now() < until; due += (perSecond * tickMs) / 1000) {
    for (; due >= 1; due--) {
      players.forEach(act);
    }
    await sleep(tickMs);
  }
}

async function crowd(
  port: number,
  size: number,
  room: string,
  token = (i: number): string => `attacker${i}`,
): Promise<Player[]> {
  const joined = await Promise.allSettled(Array.from({ length: size }, (_, i) => Player.join(port, token(i), room)));
  return joined.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
}

let unique = 0;
const newIds = (count: number): string[] => Array.from({ length: count }, () => `nobody${unique++}`);
const query = (player: Player): void => {
  player.send('presence:query', { userIds: newIds(200) });
};

/** Each attack resolves with its sockets, closed or not. */
const ATTACKS: Record<string, (port: number, until: number) => Promise<Player[]>> = {
  async none(_port, until) {
    await sleep(until - performance.now());
    return [];
  },
  /** One account, 40 connections, queries of ids that nobody has. */
  async queries(port, until) {
    const players = await crowd(port, 40, 'presence', () => 'attacker');
    await pressed(players, 4, until, query);
    return players;
  },
  /** 5 accounts with 20 connections each, all with a long status, which ask about themselves and never read: a limit of messages is all there is. */
  async unread(port, until) {
    const players = await crowd(port, 100, 'presence', (i) => `attacker${i % 5}`);
    players.forEach((player) => {
      player.send('presence:status', { status: BIG_STATUS });
    });
    await sleep(200);
    players.forEach(({ socket }) => {
      socket.pause();
    });
    await pressed(players, 40, until, (player) => {
      player.send('presence:query', { userIds: [player.token], cid: 1 });
    });
    return players;
  },
  /** 16 connections of one account that make requests of types that do not exist, which Colyseus answers, and never read. */
  async faults(port, until) {
    const players = await crowd(port, 16, 'presence', () => 'attacker');
    players.forEach(({ socket }) => {
      socket.pause();
    });
    const type = Buffer.from('x'.repeat(4000));
    const frame = Buffer.concat([
      Buffer.of(Protocol.ROOM_REQUEST, 1, 0xda, type.length & 0xff, type.length >> 8),
      type,
    ]);
    await pressed(players, 500, until, ({ socket, closed }) => {
      if (!closed) {
        socket.send(frame);
      }
    });
    return players;
  },
  /** 20 lobby clients that change their filter all the time and do not read, beside 100 matches. */
  async filters(port, until) {
    const hosts = await crowd(port, MATCHES, 'match', (i) => `host${i}`);
    const players = await crowd(port, 20, 'lobby');
    players.forEach((player) => {
      player.socket.pause();
    });
    await pressed(players, 20, until, (player) => {
      player.send('filter', { name: 'match' });
    });
    hosts.forEach(({ socket }) => {
      socket.terminate();
    });
    return players;
  },
  /** 20 connections that change a long status as often as they may. */
  async statuses(port, until) {
    const players = await crowd(port, 20, 'presence');
    await pressed(players, 300, until, (player) => {
      player.send('presence:status', { status: `${unique++}${BIG_STATUS}` });
    });
    return players;
  },
  /** Joins and leaves without a pause, eight at a time. */
  async churn(port, until) {
    const worker = async (i: number): Promise<void> => {
      while (performance.now() < until) {
        const player = await Player.join(port, `attacker${i}`, 'presence', { status: '' }).catch(() => undefined);
        player?.socket.close(4000);
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, i) => worker(i)));
    return [];
  },
  /** One message each, of the kinds that have ended the process. */
  async poison(port, until) {
    const players = await crowd(port, 3, 'lobby');
    const nobodyCanRead = Buffer.concat([
      getMessageBytes.raw(Protocol.ROOM_DATA, 'presence:status'),
      Buffer.of(0x81, 0xa3, ...Buffer.from('cid'), 0xc7, 9, 0x42, 1, ...new Uint8Array(8)),
    ]);
    players[0]?.send('filter', { name: 'match' });
    players[1]?.send('*', { toString: 1, valueOf: 1 });
    players[2]?.socket.send(nobodyCanRead);
    await sleep(until - performance.now());
    return players;
  },
};

const attackerOps = {
  async attack({ name, port, seconds }: { name: string; port: number; seconds: number }): Promise<string> {
    const players = await ATTACKS[name]!(port, performance.now() + seconds * 1000);
    // Who did not read has not heard of it.
    players.forEach(({ socket }) => {
      socket.resume();
    });
    await sleep(500);
    const closed = players.filter((player) => player.closed).length;
    players.forEach((player) => {
      player.socket.terminate();
    });
    return players.length === 0 ? '–' : `${closed} of ${players.length}`;
  },
};

async function measure(name: string, seconds: number, redisPort: number | undefined): Promise<string> {
  const server = await Child.start<typeof serverOps>(new URL(import.meta.url), 'server');
  const attackers = await Child.start<typeof attackerOps>(new URL(import.meta.url), 'attackers');
  try {
    const port = await server.ops.start({ ...(redisPort !== undefined && { redisPort }) });
    const ann = await Player.join(port, 'ann', 'presence', { status: '' });
    const bob = await Player.join(port, 'bob', 'presence');
    await bob.hears('followed', () => {
      bob.send('presence:follow', { userIds: ['ann'], cid: 'followed' });
    });
    const before = await server.ops.memory();
    const attack = attackers.ops.attack({ name, port, seconds });
    const running = new Set([attack]);
    const whenOver = (act: () => void): void => {
      attack.then(act, act);
    };
    whenOver(() => {
      running.clear();
    });
    const updates = createHistogram();
    const follows = createHistogram();
    let peak = before;
    const ended = Promise.withResolvers<never>();
    ended.promise.catch(() => {});
    const sampling = setInterval(() => {
      server.ops.memory().then((bytes) => {
        peak = Math.max(peak, bytes);
      }, ended.reject);
    }, SAMPLE_MS);
    whenOver(() => {
      clearInterval(sampling);
    });
    const told = async (text: string, act: () => void): Promise<number> =>
      Promise.race([bob.hears(text, act), ended.promise]);
    for (let i = 0; running.size > 0; i++) {
      updates.record(
        micros(
          await told(`update${i}.`, () => {
            ann.send('presence:status', { status: `update${i}.` });
          }),
        ),
      );
      if (i % 25 === 0) {
        follows.record(
          micros(
            await told(`follow${i}.`, () => {
              bob.send('presence:follow', { userIds: [`friend${i}`], cid: `follow${i}.` });
            }),
          ),
        );
        bob.send('presence:unfollow', { userIds: [`friend${i}`] });
      }
      await sleep(PACE_MS);
    }
    const cells = [
      name,
      ms(updates.percentile(50)),
      ms(updates.percentile(99)),
      ms(follows.percentile(50)),
      ms(follows.percentile(99)),
    ];
    return `| ${[...cells, `+${Math.round((peak - before) / 1e6)} MB`, await attack].join(' | ')} |`;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return `| ${name} | the honest pair was lost: ${reason} | | | | | |`;
  } finally {
    await attackers.stop();
    await server.stop();
  }
}

const micros = (milliseconds: number): number => Math.max(1, Math.round(milliseconds * 1000));
const ms = (value: number): string => (value / 1000).toFixed(1);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { redis: { type: 'boolean' }, seconds: { type: 'string' }, only: { type: 'string' } },
  });
  const names = values.only?.split(',') ?? Object.keys(ATTACKS);
  const unknown = names.find((name) => !Object.hasOwn(ATTACKS, name));
  if (unknown !== undefined) {
    console.error(`There is no attack "${unknown}": ${Object.keys(ATTACKS).join(', ')}.`);
    process.exitCode = 2;
    return;
  }
  const redis = values.redis === true ? await startRedis() : undefined;
  console.log('| attack | update, median ms | p99 | follow, median ms | p99 | memory | attackers closed |');
  console.log('|---|---|---|---|---|---|---|');
  for (const name of names) {
    console.log(await measure(name, Number(values.seconds ?? 10), redis?.port));
  }
  redis?.stop();
}

const [, , role = ''] = process.argv;
if (role === '"server"') {
  serve(serverOps);
} else if (role === '"attackers"') {
  serve(attackerOps);
} else if (process.argv[1] === SELF) {
  await main();
}
