/**
 * `npm run soak -- [minutes]`: two real processes with a real Redis and players
 * who join, follow, change their status, drop, come back and leave, all the
 * time; the second process is restarted every third of ten minutes, gracefully
 * or by a kill. Heap, handles, timers, listeners and keys have to stay flat.
 * Every minute one line; in the end a chart, `test-results/soak.svg`, and
 * whether anything grew.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { PresenceClient } from '../../src/client/index.ts';
import { startCluster } from '../support/processes.ts';
import { startRedis } from '../support/redis.ts';
import { Random } from '../sim/random.ts';
import { chart, growth, type Sample } from './chart.ts';

const minutes = Number(process.argv[2] ?? 30);
const PLAYERS = 60;
const PAUSE_MS = 40;
const SAMPLE_MS = 15_000;
const RESTART_MS = 200_000;
const USERS = Array.from({ length: PLAYERS * 2 }, (_, i) => `user-${i}`);

const print = console.log;
console.log = console.info = console.warn = () => undefined;

const redis = await startRedis({ own: true });
if (redis === null) {
  throw new Error('There is no redis-server on the PATH.');
}
const cluster = await startCluster(redis, ['a', 'b'], { rateLimit: 1e6, rateLimitIds: 1e9 });
await Promise.all(['a', 'b'].map((name) => cluster.get(name).api('start')));
const random = new Random(1);
const players: Array<PresenceClient | undefined> = Array.from({ length: PLAYERS });
const samples: Sample[] = [];
const began = performance.now();
const elapsed = (): number => performance.now() - began;
const counts = { joins: 0, leaves: 0, drops: 0, statuses: 0, follows: 0, restarts: 0, failures: 0 };
let isRestarting = false;

async function step(): Promise<void> {
  const place = random.below(PLAYERS);
  const player = players[place];
  if (player === undefined || player.connection === 'closed') {
    const name = !isRestarting && random.chance(0.5) ? 'b' : 'a';
    players[place] = await PresenceClient.join(
      cluster.client(cluster.get(name).url, random.pick(USERS)),
      `presence-${name}`,
      { status: 'here', rejoin: { minMs: 50, maxMs: 1000 } },
    );
    counts.joins++;
    return;
  }
  if (player.connection !== 'online') {
    return;
  }
  const what = random.weighted({ status: 60, follow: 20, unfollow: 8, drop: 7, leave: 5 });
  switch (what) {
    case 'status':
      counts.statuses++;
      return player.setStatus(random.chance(0.1) ? null : `${random.below(1e6)}`);
    case 'follow':
      counts.follows++;
      await player.follow(random.some(USERS, 10));
      return;
    case 'unfollow':
      return player.unfollow(random.some(USERS, 20));
    case 'drop':
      counts.drops++;
      player.room.connection.close(4010);
      return;
    case 'leave':
      counts.leaves++;
      players[place] = undefined;
      return player.leave();
  }
}

async function sample(): Promise<void> {
  const { heapMb, resources, listeners, users, connections } = await cluster.get('a').resources();
  const keys = (await cluster.keys()).length;
  samples.push({ minute: elapsed() / 60_000, heapMb, resources, listeners, users, connections, keys });
}

async function restart(): Promise<void> {
  isRestarting = true;
  counts.restarts++;
  await cluster.get('b').end(counts.restarts % 3 === 0 ? 'SIGKILL' : 'SIGTERM');
  // On a busy machine a process may take too long to start: that is not what this run is about.
  for (let isUp = false; !isUp;) {
    isUp = await cluster.start('b').then(
      async (started) => started.api('start').then(() => true),
      async () =>
        cluster
          .get('b')
          .end('SIGKILL')
          .then(() => false),
    );
  }
  isRestarting = false;
}

print(`${minutes} minutes, ${PLAYERS} players, ${USERS.length} users`);
let nextSample = SAMPLE_MS;
let nextRestart = RESTART_MS;
let restarting: Promise<void> = Promise.resolve();
while (elapsed() < minutes * 60_000) {
  await step().catch(() => {
    counts.failures++;
  });
  await new Promise((resolve) => {
    setTimeout(resolve, PAUSE_MS);
  });
  if (elapsed() >= nextSample) {
    nextSample += SAMPLE_MS;
    await sample();
    if (samples.length % 4 === 0) {
      print(JSON.stringify({ ...samples.at(-1), ...counts }));
    }
  }
  if (elapsed() >= nextRestart) {
    nextRestart += RESTART_MS;
    restarting = restart();
  }
}
await restarting;
mkdirSync('test-results', { recursive: true });
writeFileSync('test-results/soak.svg', chart(samples));
writeFileSync('test-results/soak.json', JSON.stringify({ counts, samples }));
print(JSON.stringify(counts));
let hasGrown = false;
for (const { name, first, last, grew } of growth(samples)) {
  print(`${grew ? 'GREW' : 'flat'}  ${name}: ${first} in the second sixth, ${last} in the last`);
  hasGrown ||= grew;
}
// Everybody leaves; then nothing may be left.
await Promise.all(players.flatMap((player) => player?.leave() ?? []));
await Promise.all(['a', 'b'].map((name) => cluster.get(name).api('close')));
await cluster.expectNothing(60_000);
print('After the last player: no key and no topic left.');
await cluster.kill();
process.exit(hasGrown ? 1 : 0);
