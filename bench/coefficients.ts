/**
 * `node --expose-gc bench/coefficients.ts`: what one user costs in memory, on
 * the processes and in Redis, and what Redis spends on each operation. The
 * coefficients of the model in `docs/scaling.md`. Takes half a minute.
 */
import { resolveOptions } from '../src/options.ts';
import { SILENT, startProcess, STATUS, type Process } from './lone-process.ts';
import type { Connection } from '../src/core/model.ts';
import { startRedis, type TestRedis } from '../test/support/redis.ts';
import { until } from '../test/support/until.ts';

const USERS = 20_000;

if (globalThis.gc === undefined) {
  console.error('Run it as: node --expose-gc bench/coefficients.ts');
  process.exit(2);
}
const redis = await startRedis({ own: true });
if (redis === null) {
  process.exit(1);
}
try {
  console.table(await measure(redis));
} finally {
  await redis.stop();
}
process.exit(0);

async function measure(redis: TestRedis): Promise<Array<{ what: string; value: string }>> {
  const rows: Array<{ what: string; value: string }> = [];
  const ids = Array.from({ length: USERS }, (_, i) => `user-${String(i).padStart(32, '0')}`);
  const options = resolveOptions({ maxFollows: Infinity });
  const start = (): Promise<Process> => startProcess(redis.url);
  const join = ({ tracker }: Process, userId: string): Connection =>
    tracker.connect({ identity: { userId }, auth: undefined, options, sync: 'deltas', sink: SILENT }) as Connection;
  const info = async (field: string): Promise<number> =>
    Number(new RegExp(`^${field}:([\\d.]+)`, 'm').exec(await redis.cli('INFO', 'everything'))![1]);
  const spent = async (): Promise<number> => (await info('used_cpu_user')) * 1e6 + (await info('used_cpu_sys')) * 1e6;
  const settled = async ({ tracker }: Process): Promise<void> => {
    await Promise.all([...tracker.users.byId.values()].map(async ({ known }) => known));
  };
  const heap = (): number => {
    globalThis.gc!();
    globalThis.gc!();
    return process.memoryUsage().heapUsed;
  };
  const note = (what: string, value: number, unit: string): void => {
    rows.push({ what, value: `${value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en')} ${unit}` });
  };
  const settledIn = (key: string, expected: number): Promise<boolean> =>
    until(async () => Number(await redis.cli('SCARD', key)) === expected, 'Redis to have everybody', 60_000);

  const [a, b] = [await start(), await start()];
  let memory = heap();
  let redisMemory = await info('used_memory');
  let cpu = await spent();
  const players = ids.map((userId) => join(a, userId));
  await settled(a);
  note(
    'Redis: memory per topic that a process listens to',
    ((await info('used_memory')) - redisMemory) / USERS,
    'bytes',
  );
  note('Redis: CPU per watch (SUBSCRIBE, HGETALL, GET)', ((await spent()) - cpu) / USERS, 'µs');
  note('process: heap per user with one connection', (heap() - memory) / USERS, 'bytes');

  redisMemory = await info('used_memory');
  for (const player of players) {
    a.tracker.setStatus(player, STATUS);
  }
  await settledIn(`presence:pu:${a.cluster.incarnation}`, USERS);
  note('Redis: memory per visible user', ((await info('used_memory')) - redisMemory) / USERS, 'bytes');

  const follower = join(b, 'the-follower');
  memory = heap();
  redisMemory = await info('used_memory');
  await b.tracker.following.follow(b.tracker.following.begin(follower), ids, 'client');
  note(
    'Redis: memory per further process that listens to a topic',
    ((await info('used_memory')) - redisMemory) / USERS,
    'bytes',
  );
  note('process: heap per user followed here who is elsewhere', (heap() - memory) / USERS, 'bytes');

  let round = 0;
  const update = async (): Promise<number> => {
    const text = String(++round);
    cpu = await spent();
    for (const player of players) {
      a.tracker.setStatus(player, `${STATUS}${text}`);
    }
    const last = players.at(-1)!;
    while (
      [...b.tracker.users.get(last.user.userId)!.visible.values()][0]?.box.presence.status !== `${STATUS}${text}`
    ) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    return ((await spent()) - cpu) / USERS;
  };
  const median = async (): Promise<number> =>
    [await update(), await update(), await update(), await update(), await update()].sort((x, y) => x - y)[2]!;
  const oneListener = await median();
  note('Redis: CPU per update (HSET, PUBLISH) that one other process hears', oneListener, 'µs');
  // From here on every topic has one more listener.
  const c = await start();
  await c.tracker.following.follow(c.tracker.following.begin(join(c, 'another-follower')), ids, 'client');
  note('Redis: CPU more per further process that hears it', (await median()) - oneListener, 'µs');
  cpu = await spent();
  await a.cluster.read(ids);
  note('Redis: CPU per user read (HGETALL, GET)', ((await spent()) - cpu) / USERS, 'µs');
  return rows;
}
