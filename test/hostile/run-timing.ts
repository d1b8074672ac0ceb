/**
 * `npm run fuzz:timing -- [probes]`: whether the time of an answer tells, over a real Redis, what a viewer must not
 * know. For each fact it probes ids of which the fact is true and ids of which it is not, in random order, and compares
 * the times by the rank test. A fact counts as told when guessing by the time of one probe is right in more than 55 of
 * 100 cases.
 * The last rows check the measurement: they compare what may be told apart, and must tell it.
 */
import { Protocol } from '@colyseus/core';
import { RedisPresence } from '@colyseus/redis-presence';
import { presence } from '../../src/index.ts';
import { ServerProcess } from '../support/processes.ts';
import { dataFrame, rawJoin, type RawClient } from '../support/raw.ts';
import { startRedis } from '../support/redis.ts';
import { freePort, startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import { rankTest } from './support/rank-test.ts';

/** Ids of each kind. */
const IDS = 40;
/** How often guessing by one probe may be right. */
const MAX_RIGHT = 0.55;
const VIEWER = 'viewer';

interface Place {
  readonly server: TestServer;
  readonly room: string;
}

/** Brings about what is so of these users. */
type Bring = (userId: string, place: Place) => Promise<unknown>;

const nothing: Bring = () => Promise.resolve();
const isInvisible: Bring = (userId, { server, room }) => rawJoin(server, userId, room, { sync: 'deltas' });
const isOnline: Bring = (userId, { server, room }) => rawJoin(server, userId, room, { sync: 'deltas', status: 'here' });
const hasBlocked: Bring = async (userId, place) => {
  await isOnline(userId, place);
  await presence.block(userId, VIEWER);
};
const hasLeft: Bring = async (userId, place) => {
  const client = (await isOnline(userId, place)) as RawClient;
  client.socket.send(Uint8Array.of(Protocol.LEAVE_ROOM));
  await client.closed();
};
const isFollowed: Bring = async (userId, { server, room }) => {
  const follower = await rawJoin(server, `follower of ${userId}`, room, { sync: 'deltas' });
  await timed(follower, 'presence:follow', [userId]);
};

interface Comparison {
  readonly what: string;
  readonly prefixes: readonly [string, string];
  readonly bring: readonly [Bring, Bring];
  readonly types: readonly string[];
  /** The measurement must tell these apart. */
  readonly differs?: true;
}

const BOTH = ['presence:follow', 'presence:query'];
const COMPARISONS: readonly Comparison[] = [
  { what: 'is here invisibly, or never came', prefixes: ['a', 'b'], bring: [isInvisible, nothing], types: BOTH },
  { what: 'has blocked the viewer, or has left', prefixes: ['c', 'd'], bring: [hasBlocked, hasLeft], types: BOTH },
  {
    what: 'is refused by canFollow, and here or not',
    prefixes: ['refused a', 'refused b'],
    bring: [isOnline, nothing],
    types: BOTH,
  },
  {
    what: 'is refused by canFollow, or does not exist',
    prefixes: ['refused c', 'e'],
    bring: [isOnline, nothing],
    types: ['presence:follow'],
  },
  {
    what: 'is followed by somebody else there, or by nobody',
    prefixes: ['f', 'g'],
    bring: [isFollowed, nothing],
    types: BOTH,
  },
  {
    what: 'is refused by canFollow, or does not exist (a query tells)',
    prefixes: ['refused d', 'h'],
    bring: [nothing, nothing],
    types: ['presence:query'],
    differs: true,
  },
];

let cids = 0;

/** Milliseconds until the answer is there. */
async function timed(client: RawClient, type: string, userIds: string[]): Promise<number> {
  const cid = `<${++cids}>`;
  const frame = dataFrame(type, { userIds, cid });
  return new Promise((resolve) => {
    const listen = (data: Buffer): void => {
      if (data.includes(cid)) {
        client.socket.off('message', listen);
        client.frames.length = 0;
        resolve(performance.now() - started);
      }
    };
    client.socket.on('message', listen);
    const started = performance.now();
    client.socket.send(frame);
  });
}

async function probe(viewer: RawClient, type: string, prefixes: readonly [string, string], probes: number) {
  const times: [number[], number[]] = [[], []];
  for (let i = 0; i < probes * 2; i++) {
    const kind = Math.random() < 0.5 ? 0 : 1;
    const userId = `${prefixes[kind]} ${Math.floor(Math.random() * IDS)}`;
    times[kind].push(await timed(viewer, type, [userId]));
    await timed(viewer, 'presence:unfollow', [userId]);
  }
  return times;
}

const probes = Number(process.argv[2] ?? 1000);
const redis = await startRedis();
if (redis === null) {
  process.exit(1);
}
const options = { rateWindowMs: 1, maxConnectionsPerUser: 1000, maxClients: 10_000, graceSeconds: 0 };
const far = await new ServerProcess({ name: 'far', port: await freePort(), redisUrl: redis.url, options }).ready();
const server = await startServer(
  { ...options, canFollow: (_, userIds) => userIds.map((userId) => !userId.startsWith('refused')) },
  {},
  60_000,
  new RedisPresence(redis.url),
);
const print = console.log;
console.error = console.warn = console.log = () => {};
const viewer = await rawJoin(server, VIEWER, 'presence', { sync: 'deltas' });
await until(async () => (await far.api('countAll')).processes === 2, 'the processes to know each other');
let failed = false;
print(`${probes} probes of each kind; told: more than ${MAX_RIGHT} right\n`);
print('| a user … | where | request | right guesses per probe | z | median ms |\n|---|---|---|---|---|---|');
for (const [where, place] of [
  ['the same process', { server, room: 'presence' }],
  ['another process', { server: { ...server, url: far.url, port: far.port }, room: 'presence-far' }],
] as const) {
  for (const { what, prefixes, bring, types, differs = false } of COMPARISONS) {
    if (differs && where === 'another process') {
      continue;
    }
    const named = prefixes.map((prefix) => `${prefix} ${where}`) as [string, string];
    for (const [kind, prefix] of named.entries()) {
      for (let i = 0; i < IDS; i++) {
        await bring[kind]?.(`${prefix} ${i}`, place);
      }
    }
    for (const type of types) {
      await probe(viewer, type, named, 50); // warms up
      const times = await probe(viewer, type, named, probes);
      const { above, z } = rankTest(...times);
      const right = Math.max(above, 1 - above);
      const [one = 0, other = 0] = times.map((list) => list.sort((a, b) => a - b)[list.length >> 1]);
      const isTold = right > MAX_RIGHT;
      failed ||= isTold !== differs;
      print(
        `| ${what} | ${where} | ${type} | ${right.toFixed(3)}${isTold ? ' ✗' : ''} | ${z.toFixed(1)} | ${one.toFixed(3)} / ${other.toFixed(3)} |`,
      );
    }
  }
}
await far.end('SIGKILL');
await redis.stop();
process.exit(failed ? 1 : 0);
