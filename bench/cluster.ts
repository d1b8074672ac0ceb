/** Two server processes over Redis: what it costs when the follower is on the other one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis } from './redis.ts';
import { deliveryMetrics, type Outcome, ready, type Scenario } from './scenarios.ts';
import { withSession } from './session.ts';
import type { SystemName } from './systems.ts';

const RATE = 1000;

interface Shape {
  system: SystemName;
  /** Users who change; as many others follow them. */
  publishers: number;
  follows: number;
  /** Whether the followers sit on the other process. */
  remote: boolean;
  ms: number;
}

export function clusterScenario(quick: boolean): Scenario {
  const shape = { publishers: quick ? 150 : 400, ms: quick ? 3000 : 12_000 };
  const systems: SystemName[] = ['plugin-both', 'plugin-deltas'];
  return {
    name: 'cluster',
    title: `Cluster: two processes over Redis, ${shape.publishers} publishers and as many followers, ${RATE} updates/s; CPU of both processes`,
    reference: 'plugin-both local 20',
    quickly: systems,
    cases: systems.flatMap((system) => [
      { system, variant: 'local 20', run: () => overRedis({ ...shape, system, follows: 20, remote: false }) },
      { system, variant: 'remote 20', run: () => overRedis({ ...shape, system, follows: 20, remote: true }) },
      ...(system === 'plugin-both'
        ? [{ system, variant: 'local 5', run: () => overRedis({ ...shape, system, follows: 5, remote: false }) }]
        : []),
    ]),
  };
}

async function overRedis({ system, publishers, follows, remote, ms }: Shape): Promise<Outcome> {
  const redis = await startRedis();
  try {
    const users = publishers * 2;
    return await withSession(
      {
        system,
        graph: { kind: 'audience', targets: publishers, users, follows },
        cluster: { redisPort: redis.port, split: remote ? publishers : users },
      },
      async (session) => {
        const press = (duration: number) =>
          session.load.openLoop({ rate: RATE, ms: duration, from: 0, to: publishers });
        await ready(session);
        await press(ms / 4);

        const quietBefore = await redis.commands();
        const quiet = await session.measure(() => sleep(ms / 2));
        const before = await redis.commands();
        const measured = await session.measure(() => press(ms));
        const commands =
          (await redis.commands()) - before - ((before - quietBefore) / quiet.seconds) * measured.seconds;
        return {
          metrics: { ...deliveryMetrics(measured), redisCommandsPerUpdate: commands / Math.max(1, measured.updates) },
          errors: measured.errors,
        };
      },
    );
  } finally {
    redis.stop();
  }
}
