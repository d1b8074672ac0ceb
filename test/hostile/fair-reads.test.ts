/** Over a real Redis: users who ask about as many others as the limits allow do not make anybody else wait for all of that. */
import { RedisPresence } from '@colyseus/redis-presence';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { rawJoin, type RawClient } from '../support/raw.ts';
import { startRedis } from '../support/redis.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

const ATTACKERS = 10;
const CONNECTIONS = 3;
const IDS = 100;
/** How often each connection asks; all of a user's calls stay inside the limits. */
const CALLS = 6;

const redis = await startRedis();

describe.skipIf(redis === null)('while ten users ask about 18,000 others', () => {
  let server: TestServer;
  let attackers: RawClient[];
  let honest: RawClient;
  let round = 0;
  beforeAll(async () => {
    const presence = new RedisPresence(redis!.url);
    server = await startServer({ maxFollows: 10_000, rateWindowMs: 1 }, {}, 60_000, presence);
    const names = Array.from({ length: ATTACKERS * CONNECTIONS }, (_, i) => `attacker ${i % ATTACKERS}`);
    attackers = await Promise.all(names.map(async (name) => rawJoin(server, name, 'presence', { sync: 'deltas' })));
    honest = await rawJoin(server, 'honest', 'presence', { sync: 'deltas' });
  });
  beforeEach(() => {
    round++;
  });
  afterAll(async () => {
    await server.stop();
    await redis!.stop();
  });

  const idOf = (attacker: number, call: number, i: number): string => `round ${round}, ${attacker} ${call} ${i}`;

  /** How many calls of the attackers are answered while the honest user waits for one. */
  async function answeredMeanwhile(type: string, honestType: string, honestAbout: () => string): Promise<number> {
    const cid = `round ${round}`;
    const answered = (): number => attackers.reduce((sum, { frames }) => sum + frames.length, 0);
    const before = answered();
    attackers.forEach((attacker, at) => {
      attacker.burst(
        Array.from({ length: CALLS }, (_, call) => [
          type,
          { userIds: Array.from({ length: IDS }, (_, i) => idOf(at, call, i)), cid },
        ]),
      );
    });
    await until(() => answered() > before, 'the attack to be under way');
    const atOnce = answered();
    honest.burst([[honestType, { userIds: [honestAbout()], cid }]]);
    await until(() => honest.of<{ cid: unknown }>('presence:reply').some((reply) => reply.cid === cid), 'the answer');
    const meanwhile = answered() - atOnce;
    await until(() => answered() === before + attackers.length * CALLS, 'the attack to be over', 30_000);
    return meanwhile;
  }

  test.each<[what: string, type: string, honestType: string, about: () => string]>([
    ['follows: a follow', 'presence:follow', 'presence:follow', () => `friend ${round}`],
    ['follows: a follow of one of these others', 'presence:follow', 'presence:follow', () => idOf(7, 1, IDS - 1)],
    ['follows: a query', 'presence:follow', 'presence:query', () => `friend ${round}`],
    ['queries: a follow', 'presence:query', 'presence:follow', () => `friend ${round}`],
    ['queries: a query', 'presence:query', 'presence:query', () => `friend ${round}`],
  ])('by %s is answered before they are', async (_, type, honestType, about) => {
    // At most one turn of each of them, and one more of who came first: as long as it was alone, it had twice the reads under way.
    expect(await answeredMeanwhile(type, honestType, about)).toBeLessThanOrEqual(ATTACKERS + 1);
  });
});
