/** A story's stage of two processes with a real Redis, which can be killed. */
import { startCluster } from '../support/processes.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { LIMITS } from './model.ts';
import type { Stage } from './story.ts';

const NAMES = ['a', 'b'];
/** A crash is over when the lease has ended and the traces are swept; then the follows of the server are let go (10 s). */
const SETTLE_MS = 20_000;

/** `null` without a Redis. */
export async function twoProcesses(): Promise<(Stage & { stop(): Promise<void> }) | null> {
  const redis = await startRedis({ own: true });
  if (redis === null) {
    return null;
  }
  const cluster = await startCluster(redis, NAMES, {
    ...LIMITS,
    rateLimit: 1e6,
    rateLimitIds: 1e9,
    cluster: { heartbeatMs: 200, leaseMs: 1000 },
  });
  const at = (place: number) => cluster.get(NAMES[place]!);
  const acquainted = async (): Promise<void> => {
    await Promise.all(NAMES.map((name) => cluster.get(name).api('start')));
    await until(
      async () =>
        (await Promise.all(NAMES.map((name) => cluster.get(name).stats()))).every((one) => one?.processes === 1),
      'the processes to know each other, and no others',
    );
  };
  await acquainted();
  return {
    places: NAMES.length,
    settleMs: SETTLE_MS,
    client: (place, userId) => cluster.client(at(place).url, userId),
    api: (place, method, ...args) => at(place).api(method, ...args),
    deliveryOf: (place, userId, connectionId) => at(place).delivery(userId, connectionId),
    async kill(place) {
      await at(place).end('SIGKILL');
      await cluster.start(NAMES[place]!);
      await acquainted();
    },
    stop: () => cluster.kill(),
  };
}
