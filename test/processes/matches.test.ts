/** The lobby on one process, the match on another, friends on both. */
import type { Room } from '@colyseus/sdk';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { JoinPolicy, Presence } from '../../src/index.ts';
import { expectSound, fresh, type Person } from '../support/person.ts';
import { startCluster, type ServerProcess, type TestCluster } from '../support/processes.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const redis = await startRedis({ own: true });

describe.skipIf(redis === null)('a match on another process than the lobby', () => {
  let cluster: TestCluster;
  let a: ServerProcess;
  let b: ServerProcess;
  let bob: Person;
  let bobId: string;
  /** Followers of Bob, on each process. */
  let friends: Person[];
  const matches: Room[] = [];

  const enter = async (userId: string, roomId?: string): Promise<Room> => {
    const client = cluster.client(b.url, userId);
    const match = await (roomId === undefined ? client.create('arena') : client.joinById(roomId));
    match.reconnection.enabled = false;
    matches.push(match);
    return match;
  };
  const stayOf = (viewer: Person): Presence | undefined =>
    viewer.sees(bobId).find(({ match }) => match?.verified === true);
  const seen = async (what: string, check: (viewer: Person) => boolean, ms?: number): Promise<void> => {
    await until(
      () => friends.every(check),
      `${what}, not ${JSON.stringify(friends.map((one) => one.sees(bobId)))}`,
      ms,
    );
  };

  beforeAll(async () => {
    cluster = await startCluster(redis!, ['a', 'b'], { rateLimit: 1000, unverifiedMatches: 'hide' });
    [a, b] = [cluster.get('a'), cluster.get('b')];
  });
  beforeEach(async () => {
    bobId = fresh('bob');
    bob = await cluster.person(a, bobId, { status: 'In lobby' });
    friends = await Promise.all([a, b].map(async (at) => cluster.person(at, fresh('ann'))));
    await Promise.all(friends.map(async (one) => one.follow([bobId])));
    await seen('Bob in the lobby', (one) => one.sees(bobId).length === 1);
  });
  afterEach(async () => {
    await Promise.all(matches.splice(0).map(async (match) => (match.connection.isOpen ? match.leave() : undefined)));
    await cluster.clear();
  });
  afterAll(async () => {
    await cluster.stop();
  });

  test('everybody sees Bob in the match, after he has left the lobby, too, and back in the lobby', async () => {
    const match = await enter(bobId);
    await seen('the match', (one) => stayOf(one)?.matchId === match.roomId);
    expect(friends.map((one) => one.sees(bobId).length)).toEqual([2, 2]);
    await bob.leave();
    await seen('the lobby to be left', (one) => one.sees(bobId).length === 1 && stayOf(one) !== undefined);
    bob = await cluster.person(a, bobId, { status: 'Back' });
    await seen('the lobby', (one) => one.statusesOf(bobId).includes('Back'));
    await match.leave();
    await seen('the end', (one) => JSON.stringify(one.statusesOf(bobId)) === '["Back"]');
    await bob.leave();
    await seen('Bob to be gone', (one) => one.sees(bobId).length === 0);
    expectSound(...friends);
  });

  test('whoever chooses to be invisible in the lobby is not seen in the match, until it is visible again', async () => {
    await enter(bobId);
    await seen('the match', (one) => stayOf(one) !== undefined);
    await bob.setStatus(null);
    await seen('nothing', (one) => one.sees(bobId).length === 0);
    await bob.setStatus('again');
    await seen('both', (one) => stayOf(one) !== undefined && one.sees(bobId).length === 2);
    await bob.setStatus(null);
    await seen('nothing', (one) => one.sees(bobId).length === 0);
    await bob.leave();
    // Somebody who hid is not remembered as hiding: after this visit only the match is left, and seen.
    const again = await cluster.person(a, bobId, { status: 'visible' });
    await seen('both', (one) => stayOf(one) !== undefined && one.sees(bobId).length === 2);
    await again.leave();
    await seen('the match', (one) => stayOf(one) !== undefined && one.sees(bobId).length === 1);
    expectSound(...friends);
  });

  test('a match id that Bob writes is shown while the other process sees him there', async () => {
    const other = await enter(fresh('other'));
    await bob.setStatus(JSON.stringify({ text: 'x', matchId: other.roomId }));
    await seen('the status without it', (one) => one.statusesOf(bobId)[0] === '{"text":"x"}');
    const match = await enter(bobId, other.roomId);
    await seen(
      'the match twice',
      (one) => one.sees(bobId).filter(({ matchId }) => matchId === other.roomId).length === 2,
    );
    await match.leave();
    await seen('the status without it', (one) => JSON.stringify(one.statusesOf(bobId)) === '["{\\"text\\":\\"x\\"}"]');
  });

  test.each<[JoinPolicy, boolean]>([
    ['everyone', true],
    ['followers', true],
    ['invite', false],
    ['nobody', false],
  ])('policy %s, in a private room', async (policy, isAllowed) => {
    const match = await enter(bobId);
    match.send('private', true);
    match.send('policy', policy);
    await seen('the policy', (one) => {
      const shown = stayOf(one);
      return (
        shown?.match?.verified === true &&
        shown.match.joinable === isAllowed &&
        shown.match.reason !== 'private' &&
        shown.matchId === undefined
      );
    });
    for (const friend of friends) {
      const outcome = await friend.ask('presence:join', { userId: bobId }).then(
        (seat) => seat.roomId,
        (error: { code: string }) => error.code,
      );
      expect(outcome).toBe(isAllowed ? match.roomId : 'match_denied');
    }
  });

  test('policy mutual: whom Bob follows from the lobby, on the other process', async () => {
    const match = await enter(bobId);
    match.send('policy', 'mutual');
    const joinable = (one: Person): boolean =>
      stayOf(one)?.match?.verified === true && stayOf(one)?.matchId !== undefined;
    await seen('the policy', (one) => stayOf(one) !== undefined && !joinable(one));
    const [onA, onB] = friends as [Person, Person];
    for (const friend of friends) {
      await bob.follow([(await friend.welcome()).userId]);
      await until(() => joinable(friend), 'the friend to be let in');
    }
    await bob.unfollow([(await onB.welcome()).userId]);
    await until(() => !joinable(onB), 'who is no friend any more');
    expect(joinable(onA)).toBe(true);
    await bob.leave();
    await seen('the lobby to be left', (one) => one.sees(bobId).length === 1);
    expect(friends.map(joinable)).toEqual([true, false]);
    expect((await onA.ask('presence:join', { userId: bobId })).roomId).toBe(match.roomId);
    expect((await onB.refusal('presence:join', { userId: bobId }, 'request')).code).toBe('match_denied');
  });

  test('when the process of the match crashes, Bob is in the lobby again', async () => {
    await enter(bobId);
    await seen('the match', (one) => stayOf(one) !== undefined);
    const [onA] = friends;
    await b.end('SIGKILL');
    friends = [onA!];
    await seen('the lobby only', (one) => JSON.stringify(one.statusesOf(bobId)) === '["In lobby"]', 12_000);
    b = await cluster.start('b');
  }, 30_000);
});
