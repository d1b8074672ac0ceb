/** A status that changes during a follow arrives with the snapshot or as a delta: once, and in order. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { expectSound, type Person } from '../support/person.ts';
import { startCluster, type ServerProcess, type TestCluster } from '../support/processes.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const PAIRS = 10;
const ROUNDS_EACH = 100;

const redis = await startRedis({ own: true });

describe.skipIf(redis === null)('a follow across processes', () => {
  let cluster: TestCluster;
  let a: ServerProcess;
  let b: ServerProcess;

  beforeAll(async () => {
    cluster = await startCluster(redis!, ['a', 'b'], { rateLimit: 1_000_000 });
    [a, b] = [cluster.get('a'), cluster.get('b')];
  });
  afterEach(async () => {
    await cluster.clear();
  });
  afterAll(async () => {
    await cluster.stop();
  });

  test(`neither loses nor doubles an update made during it, in ${PAIRS * ROUNDS_EACH} rounds`, async () => {
    const came = { withSnapshot: 0, asDelta: 0 };

    /** One update at each of the given moments around a follow: -1 before, 0 with, 1 right behind it. */
    const round = async (
      ann: Person,
      bob: Person,
      bobId: string,
      name: string,
      moments: readonly number[],
    ): Promise<void> => {
      const done: Array<Promise<unknown>> = [];
      let last = '';
      const update = (moment: number): void => {
        moments
          .filter((wanted) => wanted === moment)
          .forEach((_, i) => {
            last = `${name} ${moment} ${i}`;
            done.push(bob.setStatus(last));
          });
      };
      update(-1);
      const following = ann.follow([bobId]);
      update(0);
      if (moments.includes(1)) {
        await Promise.race([following, ...done]);
        update(1);
      }
      const { presences } = await following;
      came[presences[0]?.status === last ? 'withSnapshot' : 'asDelta']++;
      await Promise.all(done);
      await until(() => ann.statusesOf(bobId)[0] === last, `the last update of ${name}`);
      // Forgets what it held: should anything come late or twice, it contradicts.
      await ann.unfollow([bobId]);
      expectSound(ann);
      ann.clear();
      bob.clear();
    };

    await Promise.all(
      Array.from({ length: PAIRS }, async (_, pair) => {
        const bobId = `bob-${pair}`;
        const ann = await cluster.person(a, `ann-${pair}`, { status: '' });
        const bob = await cluster.person(b, bobId, { status: 'begin' });
        await until(() => cluster.isAnnounced(bobId), `${bobId} to be announced`);
        for (let i = 0; i < ROUNDS_EACH; i++) {
          await round(ann, bob, bobId, `${pair}/${i}`, MOMENTS[i % MOMENTS.length]!);
        }
      }),
    );
    expect(came.withSnapshot + came.asDelta).toBe(PAIRS * ROUNDS_EACH);
    // Otherwise there was no race.
    expect(came.withSnapshot).toBeGreaterThan(0);
    expect(came.asDelta).toBeGreaterThan(0);
  }, 60_000);
});

const MOMENTS: ReadonlyArray<readonly number[]> = [[0], [-1], [1], [-1, 0, 1], [0, 0, 0], [-1, -1], [1, 1]];
