/**
 * Real server processes over one Redis, forked; and real clients at them. Ask
 * `startCluster` for the processes, then `cluster.player(process, id)`.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client } from '@colyseus/sdk';
import { PresenceClient, type PresenceClientOptions } from '../../src/client/index.ts';
import type { PresenceJoinOptions, PresenceOptions, PresenceRoom, PresenceServer } from '../../src/index.ts';
import type {
  ApiMethod,
  Ask,
  FromServer,
  ProcessStats,
  Question,
  ServerSetup,
} from '../processes/support/server-process.ts';
import type { Resources } from '../processes/support/resources.ts';
import { Person } from './person.ts';
import { freePort } from './server.ts';
import { until } from './until.ts';
import type { TestRedis } from './redis.ts';

const SERVER = fileURLToPath(new URL('../processes/support/server-process.ts', import.meta.url));

/** A forked server. */
export class ServerProcess {
  readonly name: string;
  readonly port: number;
  /** Everything it has written, line by line. */
  readonly output: string[] = [];
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>();
  #asked = 0;
  #ready = false;

  constructor(setup: ServerSetup) {
    this.name = setup.name;
    this.port = setup.port;
    // Maps survive the way with `advanced`.
    this.#child = fork(SERVER, [JSON.stringify(setup)], { execArgv: [], silent: true, serialization: 'advanced' });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.output.push(line);
      });
    }
    this.#child.on('message', (message: FromServer) => {
      this.#hear(message);
    });
    this.#child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) {
        reject(new Error(`The process "${this.name}" has ended.`));
      }
      this.#waiting.clear();
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** `null` while it runs, and after a signal. */
  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  /** Uncaught errors and unhandled rejections. */
  get faults(): string[] {
    return this.output.filter((line) => line.startsWith('FAULT'));
  }

  /** What this package has logged. */
  get log(): string[] {
    return this.output.filter((line) => line.includes('[presence:'));
  }

  async ready(): Promise<this> {
    await until(
      () => {
        if (this.hasEnded) {
          throw new Error(`The process "${this.name}" could not start:\n${this.output.join('\n')}`);
        }
        return this.#ready;
      },
      `process "${this.name}" to listen`,
      60_000,
    );
    return this;
  }

  stats(): Promise<ProcessStats> {
    return this.#ask({ kind: 'stats' }) as Promise<ProcessStats>;
  }

  /** As what it knows a connection: `away` in its grace, `undefined` when it has gone. */
  delivery(userId: string, connectionId: string): Promise<string | undefined> {
    return this.#ask({ kind: 'delivery', userId, connectionId }) as Promise<string | undefined>;
  }

  /** How much it holds. */
  resources(): Promise<Resources> {
    return this.#ask({ kind: 'resources' }) as Promise<Resources>;
  }

  /** Ids of the rooms it runs. */
  rooms(): Promise<string[]> {
    return this.#ask({ kind: 'rooms' }) as Promise<string[]>;
  }

  /** The server API, called there. */
  api<M extends ApiMethod>(
    method: M,
    ...args: Parameters<PresenceServer[M]>
  ): Promise<Awaited<ReturnType<PresenceServer[M]>>> {
    return this.#ask({ kind: 'api', method, args }) as Promise<Awaited<ReturnType<PresenceServer[M]>>>;
  }

  /** Does not wait for anything. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** SIGTERM: it shuts down gracefully. SIGKILL: it is gone at once. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!this.hasEnded) {
      const ended = once(this.#child, 'exit');
      this.#child.kill(signal);
      await ended;
    }
  }

  #ask(question: Question): Promise<unknown> {
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, question } satisfies Ask);
    });
  }

  #hear(message: FromServer): void {
    if ('ready' in message) {
      this.#ready = true;
    } else if ('id' in message) {
      // Colyseus itself also talks on this channel (metrics).
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if ('error' in message) {
        waiting?.reject(new Error(message.error));
      } else {
        waiting?.resolve(message.answer);
      }
    }
  }
}

/** Rejoins soon, and reconnects however young the room is. */
const EAGER: PresenceClientOptions = {
  rejoin: { minMs: 10, maxMs: 200 },
  onRoom: ({ reconnection }) => {
    Object.assign(reconnection, { minUptime: 0, minDelay: 10, delay: 10 });
  },
};

/** Lua: the memories of who is offline, and the seats, that never expire. */
const ENDLESS = `
  local endless = {}
  for _, key in ipairs(redis.call('KEYS', 'presence:[oijgm]:*')) do
    if redis.call('TTL', key) == -1 then
      table.insert(endless, key)
    end
  end
  return endless
`;

export class TestCluster {
  readonly redis: TestRedis;
  /** Those that have been started last, by name. */
  readonly processes = new Map<string, ServerProcess>();
  readonly #options: PresenceOptions;
  readonly #monitor: boolean;
  readonly #players: PresenceClient[] = [];
  readonly #people: Person[] = [];

  constructor(redis: TestRedis, options: PresenceOptions, monitor = false) {
    this.redis = redis;
    this.#options = options;
    this.#monitor = monitor;
  }

  get(name: string): ServerProcess {
    const found = this.processes.get(name);
    if (found === undefined) {
      throw new Error(`There is no process "${name}".`);
    }
    return found;
  }

  /** Forks a server; one whose name was there before gets the port of that one. */
  async start(name: string): Promise<ServerProcess> {
    const port = this.processes.get(name)?.port ?? (await freePort());
    const started = new ServerProcess({
      name,
      port,
      redisUrl: this.redis.url,
      options: { unverifiedMatches: 'show', ...this.#options },
      monitor: this.#monitor,
    });
    this.processes.set(name, started);
    return started.ready();
  }

  client(url: string, token: string): Client {
    const client = new Client(url);
    client.auth.token = token;
    return client;
  }

  /** A player with the client helper, on this very process. */
  player(at: ServerProcess, token: string, options: PresenceClientOptions = {}): Promise<PresenceClient> {
    return this.playerAt(at.url, `presence-${at.name}`, token, options);
  }

  async playerAt(
    url: string,
    roomName: string,
    token: string,
    options: PresenceClientOptions = {},
  ): Promise<PresenceClient> {
    const player = await PresenceClient.join(this.client(url, token), roomName, { ...EAGER, ...options });
    this.#players.push(player);
    return player;
  }

  /** A player at a bare room, on this very process, who does not come back when dropped. */
  async person(
    at: ServerProcess,
    token: string,
    options: PresenceJoinOptions = {},
    kind: 'presence' | 'lobby' = 'presence',
  ): Promise<Person> {
    const one = new Person(await this.client(at.url, token).joinOrCreate<PresenceRoom>(`${kind}-${at.name}`, options));
    one.room.reconnection.enabled = false;
    this.#people.push(one);
    return one;
  }

  /** Whether some process has told the others of this user. */
  async isAnnounced(userId: string): Promise<boolean> {
    return (await this.redis.cli('EXISTS', `presence:u:${userId}`)) === '1';
  }

  /** What is in Redis under our prefix, but for what ends by itself: the memory of who is offline, and of seats. */
  async keys(): Promise<string[]> {
    return (await this.#list('KEYS', 'presence:*')).filter((key) => !/^presence:[oijgm]:/.test(key));
  }

  /** Topics of ours that somebody is subscribed to. */
  topics(): Promise<string[]> {
    return this.#list('PUBSUB', 'CHANNELS', 'presence:*');
  }

  /** Everybody leaves; then nothing of ours may be left, though the processes live on. */
  async clear(): Promise<void> {
    await Promise.all([
      ...this.#players.splice(0).map((player) => player.leave()),
      ...this.#people.splice(0).map(async ({ room }) => (room.connection.isOpen ? room.leave() : undefined)),
    ]);
    await this.expectNothing();
  }

  async expectNothing(timeoutMs = 10_000): Promise<void> {
    let left: string[] = [];
    await until(
      async () => {
        left = [
          ...(await this.keys()).map((key) => `key ${key}`),
          ...(await this.topics()).map((topic) => `topic ${topic}`),
        ];
        return left.length === 0;
      },
      'Redis to hold nothing of ours',
      timeoutMs,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)} Left: ${left.join(', ')}`);
    });
    const endless = await this.#list('EVAL', ENDLESS, '0');
    if (endless.length > 0) {
      throw new Error(`These keys have no end: ${endless.join(', ')}.`);
    }
  }

  /** Ends all processes gracefully, and looks at what they leave: nothing, and no subscription of any kind. */
  async stop(): Promise<void> {
    await Promise.all(this.#players.splice(0).map((player) => player.leave()));
    const running = [...this.processes.values()];
    try {
      await Promise.all(running.map((one) => one.end('SIGTERM')));
      await this.expectNothing();
      const topics = await this.#list('PUBSUB', 'CHANNELS');
      const faults = running.flatMap(({ name, faults: own }) => own.map((line) => `${name}: ${line}`));
      if (topics.length > 0 || faults.length > 0) {
        throw new Error(`Left: ${[...topics, ...faults].join('\n')}`);
      }
    } finally {
      await this.kill();
    }
  }

  /** Ends everything, Redis too, whatever state it is in. */
  async kill(): Promise<void> {
    await Promise.all([...this.processes.values()].map((one) => one.end('SIGKILL')));
    await this.redis.stop();
  }

  async #list(...command: string[]): Promise<string[]> {
    return (await this.redis.cli(...command)).split('\n').filter((line) => line !== '');
  }
}

/** Processes with these names, all with the same options, ready. */
export async function startCluster(
  redis: TestRedis,
  names: readonly string[],
  options: PresenceOptions = {},
  monitor = false,
): Promise<TestCluster> {
  const cluster = new TestCluster(redis, options, monitor);
  try {
    await Promise.all(names.map((name) => cluster.start(name)));
    return cluster;
  } catch (error) {
    await cluster.kill();
    throw error;
  }
}
