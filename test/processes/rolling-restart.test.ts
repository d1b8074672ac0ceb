/** A deploy under load: all processes are restarted, one after the other, and no player ever looks offline. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { PresenceClient } from '../../src/client/index.ts';
import { startCluster, type TestCluster } from '../support/processes.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { startBalancer, type Balancer } from './support/balancer.ts';

const PLAYERS = Array.from({ length: 24 }, (_, i) => `player-${i}`);
const NAMES = ['a', 'b', 'c'];

const redis = await startRedis({ own: true });

describe.skipIf(redis === null)('a rolling restart of all processes', () => {
  let cluster: TestCluster;
  let balancer: Balancer;

  beforeAll(async () => {
    vi.spyOn(console, 'info').mockImplementation(() => undefined);
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    // Small rooms: several on every process.
    cluster = await startCluster(redis!, NAMES, { maxClients: 4, rateLimit: 1000 });
    balancer = await startBalancer(NAMES.map((name) => cluster.get(name).port));
  });
  afterEach(async () => {
    await Promise.all(NAMES.map(async (name) => cluster.get(name).api('close')));
    await cluster.clear();
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    await balancer.stop();
    await cluster.stop();
  });

  test('under load loses no follower, shows nobody as gone, and keeps connection ids', async () => {
    const players: PresenceClient[] = [];
    for (const userId of PLAYERS) {
      players.push(await cluster.playerAt(balancer.url, 'presence', userId, { status: 'begin', timeoutMs: 20_000 }));
    }
    await Promise.all(players.map(async (player) => player.follow(PLAYERS)));
    await until(
      () => players.every(({ getSnapshot }) => getSnapshot().every(({ online }) => online)),
      'everybody to see everybody',
    );
    const rooms = await Promise.all(NAMES.map(async (name) => cluster.get(name).rooms()));
    expect(rooms.every(({ length }) => length > 0)).toBe(true);
    const connectionIds = players.map(({ connectionId }) => connectionId);

    /** What followers must never hear: who is gone, by general status, by delta, or for a moment in the list. */
    const blinks: string[] = [];
    const moves = new Map<string, number>();
    for (const player of players) {
      player.onUserStatusChanged((changes) => {
        blinks.push(
          ...changes
            .filter(({ general }) => general !== 'online')
            .map(({ userId, general }) => `${player.userId} heard that ${userId} is ${general}`),
        );
      });
      player.onDelta(({ joins, leaves, users = [] }) => {
        const lost = leaves.filter(({ userId }) => !joins.some((join) => join.userId === userId));
        blinks.push(
          ...lost.map(({ userId }) => `${player.userId} heard a leave of ${userId}`),
          ...users.map(({ userId, general }) => `${player.userId} heard that ${userId} became ${general}`),
        );
      });
      player.onConnectionChange((state) => {
        if (state === 'rejoining') {
          moves.set(player.userId, (moves.get(player.userId) ?? 0) + 1);
        }
      });
    }

    // The load: everybody says something new, one after the other, all the time.
    const load = { going: true, updates: 0 };
    const saying = Promise.all(
      players.map(async (player) => {
        for (let n = 0; load.going; n++) {
          await player.setStatus({ text: `${player.userId} says ${n}` });
          load.updates++;
          await until(
            () => player.me?.details?.['text'] === `${player.userId} says ${n}`,
            `the echo of ${player.userId}'s ${n}`,
            20_000,
          );
        }
      }),
    );
    saying.catch(() => {
      load.going = false;
    });

    const steps: string[] = [];
    for (const name of NAMES) {
      const before = performance.now();
      const old = cluster.get(name);
      await until(
        async () => ((await old.stats())?.processes ?? 0) > 0,
        `"${name}" to know of another process`,
        10_000,
      );
      await old.end('SIGTERM');
      expect(old.exitCode).toBe(0);
      expect(old.faults).toEqual([]);
      const started = await cluster.start(name);
      // It is in the cluster from now on, also if all players find a place elsewhere: there is somebody to hand off to.
      await started.api('start');
      await until(() => players.every(({ connection }) => connection === 'online'), 'everybody to be back', 20_000);
      steps.push(`${((performance.now() - before) / 1000).toFixed(1)} s`);
    }
    load.going = false;
    await saying;

    await Promise.all(players.map(async (player, i) => player.setStatus(`end ${i}`)));
    for (const player of players) {
      await until(
        () =>
          player
            .getSnapshot()
            .every(
              ({ userId, online, customStatus, stale }) =>
                online && !stale && customStatus === `end ${PLAYERS.indexOf(userId)}`,
            ),
        `${player.userId} to see what everybody said last`,
        10_000,
      );
      expect(player.getSnapshot().map(({ userId }) => userId)).toEqual(
        PLAYERS.filter((userId) => userId !== player.userId),
      );
      expect(player.getSnapshot().every(({ connections }) => connections.length === 1)).toBe(true);
    }
    expect(blinks).toEqual([]);
    expect(players.map(({ connectionId }) => connectionId)).toEqual(connectionIds);
    expect([...moves.keys()].sort()).toEqual([...PLAYERS].sort());
    vi.mocked(console.info).mockRestore();
    console.info(
      `Rolling restart with ${PLAYERS.length} players who all follow each other: ${steps.join(', ')} per process, ${load.updates} updates meanwhile, nobody seen to go.`,
    );
  }, 90_000);
});
