/**
 * `node bench/hear.ts`: what it costs a process to hear of updates of users on
 * another one, at several rates: receive, decide, flush; without sending to the
 * followers. The coefficient `HEAR` of the model in `docs/scaling.md`. Needs
 * redis-server; takes half a minute.
 */
import { fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { resolveOptions } from '../src/options.ts';
import { startRedis } from '../test/support/redis.ts';
import { SILENT, startProcess, STATUS, type Process } from './lone-process.ts';
import type { Connection } from '../src/core/model.ts';

const RATES = [1000, 5000, 10_000];
const WINDOW_MS = 4000;
const IDS = Array.from({ length: 2000 }, (_, i) => `user-${String(i).padStart(32, '0')}`);
const OPTIONS = resolveOptions({ maxFollows: Infinity });

const join = ({ tracker }: Process, userId: string): Connection =>
  tracker.connect({
    identity: { userId },
    auth: undefined,
    options: OPTIONS,
    sync: 'both',
    sink: SILENT,
  }) as Connection;

/** Sets statuses at the rate it is told. */
async function publish(redisUrl: string): Promise<void> {
  const self = await startProcess(redisUrl);
  const players = IDS.map((userId) => join(self, userId));
  let rate = 0;
  process.on('message', (wanted: number) => {
    rate = wanted;
  });
  process.on('disconnect', () => process.exit(0));
  players.forEach((player) => {
    self.tracker.setStatus(player, STATUS);
  });
  process.send?.('ready');
  for (let sent = 0, at = performance.now(); ; await sleep(1)) {
    const now = performance.now();
    for (let due = Math.round(((now - at) * rate) / 1000); due > 0; due--, sent++) {
      self.tracker.setStatus(players[sent % players.length]!, `${STATUS}${sent}`);
    }
    at = now;
  }
}

async function measure(redisUrl: string): Promise<void> {
  const self = await startProcess(redisUrl);
  const publisher = fork(fileURLToPath(import.meta.url), [redisUrl]);
  await new Promise((resolve) => publisher.once('message', resolve));
  const { following } = self.tracker;
  const follower = join(self, 'the-follower');
  await following.follow(following.begin(follower), IDS, 'client');
  const window = async (rate: number): Promise<{ cpuMs: number; heard: number; flushes: number }> => {
    publisher.send(rate);
    await sleep(1000);
    const before = { cpu: process.cpuUsage(), heard: self.cluster.stats.received, ...self.tracker.outbox.stats };
    await sleep(WINDOW_MS);
    const { user, system } = process.cpuUsage(before.cpu);
    return {
      cpuMs: (user + system) / 1000,
      heard: self.cluster.stats.received - before.heard,
      flushes: self.tracker.outbox.stats.flushes - before.flushes,
    };
  };
  const idle = await window(0);
  for (const rate of RATES) {
    const { cpuMs, heard, flushes } = await window(rate);
    console.log(
      `${Math.round((heard / WINDOW_MS) * 1000)} updates/s heard: ${((cpuMs - idle.cpuMs) / heard).toFixed(4)} ms each, ` +
        `${(heard / flushes).toFixed(1)} in a flush`,
    );
  }
  publisher.disconnect();
}

const [redisUrl] = process.argv.slice(2);
if (redisUrl !== undefined) {
  await publish(redisUrl);
} else {
  const redis = await startRedis({ own: true });
  if (redis === null) {
    process.exit(1);
  }
  await measure(redis.url);
  await redis.stop();
  process.exit(0);
}
