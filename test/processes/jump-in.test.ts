/** One call joins the match of a friend, on any process. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Room } from '@colyseus/sdk';
import { type PresenceClient } from '../../src/client/index.ts';
import type { JoinReply } from '../../src/index.ts';
import { fresh, type Person } from '../support/person.ts';
import { startCluster, type ServerProcess, type TestCluster } from '../support/processes.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const redis = await startRedis({ own: true });

describe.skipIf(redis === null)('a match on another process', () => {
  let cluster: TestCluster;
  let a: ServerProcess;
  let b: ServerProcess;
  let ann: PresenceClient;
  let bob: PresenceClient;
  let bobId: string;
  const matches: Room[] = [];

  /** Of bob, on process b; he says so. */
  const openMatch = async (): Promise<Room> => {
    const match = await cluster.client(b.url, bobId).create('match');
    matches.push(match);
    await bob.setStatus({ text: 'Playing', matchId: match.roomId });
    await until(
      () => ann.getSnapshot().find(({ userId }) => userId === bobId)?.matchId === match.roomId,
      'ann to see the match',
    );
    return match;
  };
  const join = async (player: PresenceClient): Promise<Room> => {
    const match = await player.joinFriend(bobId);
    matches.push(match);
    return match;
  };

  beforeAll(async () => {
    cluster = await startCluster(redis!, ['a', 'b']);
    [a, b] = [cluster.get('a'), cluster.get('b')];
  });
  beforeEach(async () => {
    bobId = fresh('bob');
    bob = await cluster.player(b, bobId, { status: '' });
    await until(() => cluster.isAnnounced(bobId), 'bob to be announced');
    ann = await cluster.player(a, fresh('ann'), { status: '' });
    await ann.follow([bobId]);
  });
  afterEach(async () => {
    await Promise.all(matches.splice(0).map(async (match) => (match.connection.isOpen ? match.leave() : undefined)));
    await cluster.clear();
  });
  afterAll(async () => {
    await cluster.stop();
  });

  test('takes the friend in, as who it is', async () => {
    const his = await openMatch();
    const hers = await join(ann);
    expect(hers.roomId).toBe(his.roomId);
    expect(await b.rooms()).toContain(his.roomId);
    expect(await a.rooms()).not.toContain(his.roomId);
    const said: unknown[] = [];
    his.onMessage('said', (message) => {
      said.push(message);
    });
    hers.onMessage('said', () => undefined);
    hers.send('say', 'hello');
    expect(await until(() => said[0], 'bob to hear ann')).toEqual({ by: ann.userId, text: 'hello' });
  });

  test('that is full, locked or gone refuses with the reason', async () => {
    const his = await openMatch();
    await join(ann);
    const cat = await cluster.player(a, fresh('cat'), { status: '' });
    await expect(cat.joinFriend(bobId)).rejects.toMatchObject({ name: 'PresenceError', code: 'not_visible' });
    await cat.follow([bobId]);
    await expect(cat.joinFriend(bobId)).rejects.toMatchObject({
      name: 'PresenceError',
      code: 'match_full',
      retryable: true,
    });

    await matches[1]!.leave();
    his.send('lock');
    await until(async () => {
      const error: unknown = await cat.joinFriend(bobId).then(leave, (reason: unknown) => reason);
      return (error as { code?: string } | undefined)?.code === 'match_locked';
    }, 'the lock to show');

    await his.leave();
    await until(async () => !(await b.rooms()).includes(his.roomId), 'the match to end');
    await expect(cat.joinFriend(bobId)).rejects.toMatchObject({
      name: 'PresenceError',
      code: 'match_gone',
      retryable: false,
    });
    await bob.setStatus('in the lobby');
    await until(() => cat.getSnapshot()[0]?.joinable === false, 'cat to see that');
    await expect(cat.joinFriend(bobId)).rejects.toMatchObject({ name: 'PresenceError', code: 'no_match' });
  });

  test('holds one seat for a user, on however many processes it asks, at once or again; once that is taken, another one', async () => {
    await openMatch();
    const annId = fresh('ann');
    const devices = await Promise.all([a, b, a, b].map(async (at) => cluster.person(at, annId)));
    await Promise.all(devices.map(async (device) => device.follow([bobId])));
    const ask = async (device: Person): Promise<JoinReply> => device.ask('presence:join', { userId: bobId });
    const [first, ...others] = await Promise.all(devices.map(ask));
    expect(others).toEqual(others.map(() => first));
    for (const device of devices) {
      expect(await ask(device)).toEqual(first);
    }
    const match = await cluster.client(a.url, annId).consumeSeatReservation(first!);
    await match.leave();
    const next = await Promise.all(devices.map(ask));
    expect(new Set(next.map(({ sessionId }) => sessionId)).size).toBe(1);
    expect(next[0]?.sessionId).not.toBe(first?.sessionId);
  });

  test('takes no more players than it has seats, however many friends on however many processes ask at once', async () => {
    await openMatch();
    const crowd = await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const one = await cluster.player(i % 2 === 0 ? a : b, fresh('friend'), { status: '' });
        await one.follow([bobId]);
        return one;
      }),
    );
    const outcomes = await Promise.all(
      crowd.map((one) =>
        join(one).then(
          () => 'joined',
          (error: { code: string }) => error.code,
        ),
      ),
    );
    expect(outcomes.sort()).toEqual(['joined', ...Array.from({ length: 7 }, () => 'match_full')]);
  });
});

async function leave(room: Room): Promise<undefined> {
  await room.leave();
}
