/** What goes wrong, one at a time. Times are in the arena's own pace: `beat` is one heartbeat. */
import { RedisNode } from './redis-node.ts';
import { pause, type Arena, type Player } from './arena.ts';

export interface ChaosFault {
  readonly name: string;
  /** Makes the fault and ends it again; what it returns counts as healing. `beatMs`: one heartbeat. */
  run(arena: Arena, beatMs: number): Promise<void>;
  /** Colyseus's own list of rooms stays as old as its Redis: nobody can join any more. */
  isLasting?: boolean;
  /** Whose process is hit: their going may be seen. */
  hits?: (player: Player) => boolean;
}

const hitsFirst = ({ place }: Player): boolean => place === 0;

/** For `beats` heartbeats something of the first process's link is wrong, or of all links. */
const link = (name: string, spoil: (arena: Arena) => void, beats = 6): ChaosFault => ({
  name,
  // Longer than the lease: to the others its process is gone.
  hits: hitsFirst,
  async run(arena, beatMs) {
    spoil(arena);
    await pause(beats * beatMs);
    arena.proxies.forEach((proxy) => proxy.heal());
  },
});

/** Changes while Redis is about to come back older: somebody leaves, somebody says something, somebody comes. */
async function changes(arena: Arena): Promise<void> {
  const online = arena.players.filter(({ helper }) => helper !== undefined);
  for (const player of online.slice(0, 3)) {
    await arena.leave(player);
  }
}

export const FAULTS: readonly ChaosFault[] = [
  link('slow link (300 ms ± 200)', ({ proxies }) => Object.assign(proxies[0]!, { delayMs: 200, jitterMs: 200 })),
  link('link cut, new connections refused', ({ proxies }) => {
    proxies[0]!.refuses = true;
    proxies[0]!.cut();
  }),
  link('link cut once', ({ proxies }) => proxies[0]!.cut(), 1),
  link('half-open: both directions silent', ({ proxies }) => proxies[0]!.silence('both')),
  link('one way: Redis is not heard', ({ proxies }) => proxies[0]!.silence('out')),
  link('one way: the process is not heard', ({ proxies }) => proxies[0]!.silence('in')),
  link('half of all published messages lost', ({ proxies }) => proxies.forEach((proxy) => (proxy.loss = 0.5))),
  {
    name: 'FLUSHALL',
    run: async ({ redis }) => void (await redis.cli('FLUSHALL')),
  },
  {
    name: 'every second user key evicted',
    async run({ redis }) {
      const keys = (await redis.cli('KEYS', 'presence:u:*')).split('\n');
      await redis.cli('DEL', ...keys.filter((_, i) => i % 2 === 0));
    },
  },
  {
    name: 'eviction: maxmemory below what is used, allkeys-random',
    async run({ redis }, beatMs) {
      await redis.cli('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random');
      await redis.cli('CONFIG', 'SET', 'maxmemory', '1');
      await pause(2 * beatMs);
      await redis.cli('CONFIG', 'SET', 'maxmemory', '0');
      await redis.cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    },
  },
  {
    name: 'Redis killed, back empty',
    async run({ redis }, beatMs) {
      await redis.kill();
      await pause(4 * beatMs);
      await redis.start();
    },
  },
  {
    name: 'Redis stalls (CLIENT PAUSE)',
    async run({ redis }, beatMs) {
      await redis.cli('CLIENT', 'PAUSE', String(6 * beatMs), 'ALL');
      await pause(6 * beatMs);
    },
  },
  {
    name: 'Redis back from an older RDB file',
    isLasting: true,
    async run(arena, beatMs) {
      await arena.redis.cli('SAVE');
      await changes(arena);
      await pause(2 * beatMs);
      await arena.redis.kill();
      await arena.redis.start();
    },
  },
  {
    name: 'lagging replica promoted',
    isLasting: true,
    async run(arena, beatMs) {
      const replica = await RedisNode.start('--replicaof', `127.0.0.1 ${arena.redis.port}`);
      while (!(await replica.cli('INFO', 'replication')).includes('master_link_status:up')) {
        await pause(20);
      }
      // From here on it lags behind.
      await replica.cli('REPLICAOF', 'NO', 'ONE');
      await changes(arena);
      await pause(2 * beatMs);
      const old = arena.redis;
      arena.redis = replica;
      for (const proxy of arena.proxies) {
        proxy.target = replica.port;
      }
      await old.stop();
    },
  },
  {
    name: 'a process stopped (SIGSTOP), longer than its lease',
    hits: hitsFirst,
    async run({ processes }, beatMs) {
      processes[0]!.signal('SIGSTOP');
      await pause(8 * beatMs);
      processes[0]!.signal('SIGCONT');
    },
  },
  {
    name: 'a process killed (SIGKILL), and started again',
    hits: hitsFirst,
    async run(arena) {
      await arena.processes[0]!.end('SIGKILL');
      await arena.startProcess(0);
    },
  },
];

/** In short form in the tests. */
export const SHORT: readonly string[] = [
  'half-open: both directions silent',
  'link cut, new connections refused',
  'half of all published messages lost',
  'FLUSHALL',
  'every second user key evicted',
  'Redis killed, back empty',
  'Redis stalls (CLIENT PAUSE)',
  'a process killed (SIGKILL), and started again',
  'lagging replica promoted',
];
