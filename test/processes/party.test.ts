/** A party whose members are on several processes, some of which end. */
import type { Room } from '@colyseus/sdk';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { PresenceClient } from '../../src/client/index.ts';
import { fresh } from '../support/person.ts';
import { startCluster, type ServerProcess, type TestCluster } from '../support/processes.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const redis = await startRedis({ own: true });

describe.skipIf(redis === null)('a party on two processes', () => {
  let cluster: TestCluster;
  let a: ServerProcess;
  let b: ServerProcess;
  const matches: Array<{ userId: string; match: Room }> = [];

  beforeAll(async () => {
    cluster = await startCluster(redis!, ['a', 'b'], {
      rateLimit: 1000,
      maxPartySize: 3,
      graceSeconds: 1,
      partyAwaySeconds: 4,
      unverifiedMatches: 'hide',
      cluster: { handoffMs: 3000 },
    });
    [a, b] = [cluster.get('a'), cluster.get('b')];
  });
  afterEach(async () => {
    await Promise.all(
      matches.splice(0).map(async ({ match }) => (match.connection.isOpen ? match.leave() : undefined)),
    );
    await cluster.clear();
  });
  afterAll(async () => {
    await cluster.stop();
  });

  const player = async (at: ServerProcess, userId = fresh('player'), roomName = `presence-${at.name}`) => {
    const one = await cluster.playerAt(at.url, roomName, userId, { status: '' });
    one.party.onMatch((match) => {
      match.reconnection.enabled = false;
      match.onMessage('*', () => {});
      matches.push({ userId, match });
    });
    return one;
  };
  const ids = (one: PresenceClient): string[] => one.party.getSnapshot()?.members.map(({ userId }) => userId) ?? [];
  const invitedTo = async (one: PresenceClient): Promise<string> =>
    until(() => one.invites.getSnapshot().find(({ kind }) => kind === 'party')?.inviteId, 'an invite');
  const partyOf = async (leader: PresenceClient, ...others: PresenceClient[]): Promise<void> => {
    await leader.follow(others.map(({ userId }) => userId));
    for (const other of others) {
      await leader.party.invite(other.userId);
      await other.party.accept(await invitedTo(other));
    }
    const all = [leader, ...others];
    await until(() => all.every((one) => ids(one).length === all.length), 'all to be in the party');
  };
  const codeOf = async (call: Promise<unknown>): Promise<string> =>
    call.then(
      () => 'fine',
      (error: { code: string }) => error.code,
    );

  test('joins and creates matches with all members, or with none', async () => {
    const [ann, bob, cat, eve] = await Promise.all([player(a), player(b), player(b), player(b)]);
    await partyOf(ann, bob, cat);
    const match = await ann.party.createMatch('arena');
    await until(() => matches.length === 3, 'all to be there');
    expect(new Set(matches.map((one) => one.match.roomId))).toEqual(new Set([match.roomId]));
    expect(new Set(matches.map(({ userId }) => userId)).size).toBe(3);
    await Promise.all(matches.splice(0).map(async (one) => one.match.leave()));

    const his = await cluster.client(b.url, eve.userId).create('arena');
    matches.push({ userId: eve.userId, match: his });
    const dan = await cluster.client(b.url, fresh('dan')).joinById(his.roomId);
    await ann.follow([eve.userId]);
    await until(() => ann.getSnapshot().at(-1)?.match?.verified === true, 'ann to see the match');
    expect(await codeOf(ann.party.joinMatch(eve.userId))).toBe('match_full');
    await dan.leave();
    await until(async () => (await codeOf(ann.party.joinMatch(eve.userId))) === 'fine', 'a place');
    await until(() => matches.length === 4, 'all to be there');
  }, 30_000);

  test('two who are invited to the last place accept at once, on two processes: one gets it', async () => {
    const [ann, bob, cat, dan] = await Promise.all([player(a), player(b), player(a), player(b)]);
    await partyOf(ann, bob);
    await ann.follow([cat.userId, dan.userId]);
    await Promise.all([cat, dan].map(async ({ userId }) => ann.party.invite(userId)));
    const invites = await Promise.all([cat, dan].map(invitedTo));
    const outcomes = await Promise.all([cat, dan].map(async (one, i) => codeOf(one.party.accept(invites[i]!))));
    expect(outcomes.toSorted()).toEqual(['fine', 'party_full']);
    await until(() => [ann, bob].every((one) => ids(one).length === 3), 'all to know');
  });

  test('survives the process of its leader, who comes back elsewhere; and a crash, after which the lead is handed on', async () => {
    const annId = fresh('ann');
    // A room of any process: the next one, when this one ends.
    const [ann, bob] = await Promise.all([player(b, annId), player(a)]);
    await partyOf(ann, bob);
    const { partyId } = ann.party.getSnapshot()!;
    const end = b.end('SIGTERM');
    const back = await player(a, annId);
    await end;
    await until(() => ids(back).length === 2, 'ann to be in the party still');
    expect(back.party.getSnapshot()).toMatchObject({ partyId, isLeader: true });
    expect(ids(bob)).toEqual([annId, bob.userId]);
    await ann.leave();

    b = await cluster.start('b');
    const onB = await player(b, annId);
    await until(() => ids(onB).length === 2, 'the new process to know the party');
    await back.leave();
    await b.end('SIGKILL');
    await until(() => bob.party.getSnapshot()?.isLeader === true, 'bob to lead', 20_000);
    expect(ids(bob)).toEqual([bob.userId]);
    // The last process to leave takes along only what it knows to be left: this one has to see the crash first.
    await until(async () => !(await cluster.keys()).includes(`presence:u:${annId}`), 'what the crash left to be swept');
    await onB.leave();
    await bob.party.leave();
    b = await cluster.start('b');
  }, 60_000);
});
