/** Invites, the two of them on different processes, and the match on either. */
import type { Room } from '@colyseus/sdk';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { OpenInvite, PresenceClient } from '../../src/client/index.ts';
import { fresh } from '../support/person.ts';
import { startCluster, type ServerProcess, type TestCluster } from '../support/processes.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const redis = await startRedis({ own: true });

describe.skipIf(redis === null)('on two processes', () => {
  let cluster: TestCluster;
  let a: ServerProcess;
  let b: ServerProcess;
  let ann: PresenceClient;
  let bobId: string;
  const matches: Room[] = [];

  const keep = (match: Room): Room => {
    match.reconnection.enabled = false;
    match.onMessage('*', () => {});
    matches.push(match);
    return match;
  };
  const enter = async (at: ServerProcess, userId: string, roomId?: string): Promise<Room> => {
    const client = cluster.client(at.url, userId);
    return keep(await (roomId === undefined ? client.create('arena') : client.joinById(roomId)));
  };
  const received = async (one: PresenceClient, kind = 'match'): Promise<OpenInvite> =>
    until(
      () => one.invites.getSnapshot().find((invite) => invite.incoming && invite.kind === kind),
      `an invite of kind ${kind}`,
    );
  const outcomeOf = async (call: Promise<Room>): Promise<string> =>
    call.then(keep).then(
      () => 'joined',
      (error: { code: string }) => error.code,
    );
  const nothingOpen = async (...players: PresenceClient[]): Promise<unknown> =>
    until(() => players.every((one) => one.invites.getSnapshot().length === 0), 'no open invite');

  beforeAll(async () => {
    cluster = await startCluster(redis!, ['a', 'b'], { rateLimit: 1000, unverifiedMatches: 'hide' });
    [a, b] = [cluster.get('a'), cluster.get('b')];
  });
  beforeEach(async () => {
    bobId = fresh('bob');
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

  test.each(['a', 'b'])('with the match on process %s: accepted, and declined', async (where) => {
    const bob = await cluster.player(b, bobId, { status: '' });
    const match = await enter(cluster.get(where), ann.userId);
    const first = await ann.invite(bobId, { match });
    const invite = await received(bob);
    expect(invite).toMatchObject({ from: { userId: ann.userId }, match: { name: 'arena', players: 1, maxPlayers: 4 } });
    expect(JSON.stringify(invite)).not.toContain(match.roomId);
    expect(keep(await bob.accept(invite)).roomId).toBe(match.roomId);
    expect(await first.outcome).toBe('accepted');
    await nothingOpen(ann, bob);

    const second = await ann.invite(bobId, { match });
    await bob.decline(await received(bob));
    expect(await second.outcome).toBe('declined');

    const third = await ann.invite(bobId, { match });
    const open = await received(bob);
    await ann.cancel(third);
    expect(await third.outcome).toBe('cancelled');
    await nothingOpen(ann, bob);
    expect(await outcomeOf(bob.accept(open))).toBe('invite_gone');
  });

  test('an invite answered on devices of two processes at once: one joins, and one only', async () => {
    const bobs = await Promise.all([a, b, a, b].map(async (at) => cluster.player(at, bobId, { status: '' })));
    const match = await enter(a, ann.userId);
    for (let round = 0; round < 5; round++) {
      const { outcome } = await ann.invite(bobId, { match });
      const invites = await Promise.all(bobs.map(async (bob) => received(bob)));
      const outcomes = await Promise.all(bobs.map(async (bob, i) => outcomeOf(bob.accept(invites[i]!))));
      expect(outcomes.toSorted()).toEqual(['invite_gone', 'invite_gone', 'invite_gone', 'joined']);
      expect(await outcome).toBe('accepted');
      await nothingOpen(ann, ...bobs);
      await matches.pop()!.leave();
    }
  }, 30_000);

  test('two who are invited to the last place, on two processes, accept at once: one joins, the other finds it full', async () => {
    const guests = await Promise.all([a, b].map(async (at) => cluster.player(at, fresh('guest'), { status: '' })));
    await ann.follow(guests.map(({ userId }) => userId));
    const match = await enter(a, ann.userId);
    await enter(a, fresh('cat'), match.roomId);
    await enter(b, fresh('dan'), match.roomId);
    await Promise.all(guests.map(async ({ userId }) => ann.invite(userId, { match })));
    const outcomes = await Promise.all(guests.map(async (guest) => outcomeOf(guest.accept(await received(guest)))));
    expect(outcomes.toSorted()).toEqual(['joined', 'match_full']);
  });

  test('ask, and be let in; ask, and be refused', async () => {
    const bob = await cluster.player(b, bobId, { status: '' });
    const match = await enter(b, ann.userId);
    match.send('private', true);
    match.send('policy', 'invite');
    await bob.follow([ann.userId]);
    await until(() => {
      const shown = bob.getSnapshot()[0]?.match;
      return shown?.verified === true && shown.reason === 'policy';
    }, 'bob to see a match that he may not join');
    const joined = bob.askToJoin(ann.userId, { options: { team: 'red' } });
    await ann.allow(await received(ann, 'ask'));
    expect(keep(await joined).roomId).toBe(match.roomId);
    await nothingOpen(ann, bob);

    const refused = outcomeOf(bob.askToJoin(ann.userId));
    await ann.refuse(await received(ann, 'ask'));
    expect(await refused).toBe('refused');
    await ann.setStatus(null);
    await until(() => bob.getSnapshot()[0]?.online === false, 'ann to hide');
    expect(await outcomeOf(bob.askToJoin(ann.userId))).toBe('not_visible');
  });

  test('survives the process of both, on one that has started since', async () => {
    const bob = await cluster.player(b, bobId, { status: '' });
    const match = await enter(a, ann.userId);
    const carl = await cluster.player(b, fresh('carl'), { status: '' });
    const his = await enter(a, carl.userId, match.roomId);
    await carl.follow([bobId]);
    await carl.invite(bobId, { match: his });
    await received(bob);
    const c = await cluster.start('c');
    const onC = [await cluster.player(c, bobId, { status: '' }), await cluster.player(c, carl.userId, { status: '' })];
    expect(onC.map((one) => one.invites.getSnapshot())).toEqual([[], []]);
    await b.end('SIGTERM');
    const invite = await received(onC[0]!);
    await until(() => onC[1]!.invites.getSnapshot().length === 1, 'carl to have his invite again');
    expect(keep(await onC[0]!.accept(invite)).roomId).toBe(match.roomId);
    await nothingOpen(...onC);
    await Promise.all([bob.leave(), carl.leave()]);
    b = await cluster.start('b');
    await c.end('SIGTERM');
  }, 30_000);
});
