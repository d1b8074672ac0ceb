/** Parties: a few players who go into matches together, all of them or none. */
import { definePlugins, matchMaker, Room } from '@colyseus/core';
import type { Room as ClientRoom } from '@colyseus/sdk';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { MatchPlugin, type JoinPolicy, type PresenceErrorCode } from '../../src/index.ts';
import { PresenceClient, type PresenceClientOptions } from '../../src/client/index.ts';
import { currentRuntime } from '../../src/server/runtime.ts';
import { FORMS, fresh, person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

const AWAY_SECONDS = 2;

class ArenaRoom extends Room {
  override maxClients = 4;
  override seatReservationTimeout = 2;
  override plugins = definePlugins([new MatchPlugin({ updateMs: 10 })]);
  static override async onAuth(token: string): Promise<unknown> {
    return token.startsWith('banned') ? false : { userId: token.split('|')[0] };
  }
}
class PlainRoom extends Room {}

let server: TestServer;
const players: PresenceClient[] = [];
const matches: ClientRoom[] = [];
beforeAll(async () => {
  server = await startServer(
    {
      rateLimit: 1000,
      inviteLimit: 1000,
      inviteLimitPerPair: 1000,
      unverifiedMatches: 'hide',
      maxPartySize: 4,
      graceSeconds: 0,
      partyAwaySeconds: AWAY_SECONDS,
    },
    { arena: ArenaRoom, plain: PlainRoom },
  );
});
afterEach(async () => {
  await Promise.all(matches.splice(0).map(async (match) => (match.connection.isOpen ? match.leave() : undefined)));
  await Promise.all(players.splice(0).map(async (one) => one.leave()));
});
afterAll(async () => {
  await server.stop();
});

const keep = (match: ClientRoom): ClientRoom => {
  match.reconnection.enabled = false;
  match.onMessage('*', () => {});
  matches.push(match);
  return match;
};

async function join(name: string, userId = fresh(name), options: PresenceClientOptions = {}): Promise<PresenceClient> {
  const player = await PresenceClient.join(server.client(`${userId}|${name}`), 'presence', { status: '', ...options });
  player.party.onMatch(keep);
  players.push(player);
  return player;
}

const enter = async (userId: string): Promise<ClientRoom> => keep(await server.client(userId).create('arena'));

async function received(one: PresenceClient): Promise<string> {
  return until(
    () => one.invites.getSnapshot().find(({ kind, incoming }) => kind === 'party' && incoming)?.inviteId,
    'an invite to a party',
  );
}

const ids = (one: PresenceClient): string[] | undefined => one.party.getSnapshot()?.members.map(({ userId }) => userId);

/** The first one leads. */
async function partyOf(...members: PresenceClient[]): Promise<void> {
  const [leader, ...others] = members;
  for (const other of others) {
    await leader!.follow([other.userId]);
    await leader!.party.invite(other.userId);
    await other.party.accept(await received(other));
  }
  const all = members.map(({ userId }) => userId);
  await until(() => members.every((one) => ids(one)?.join() === all.join()), 'all to be in the party');
}

const codeOf = async (call: Promise<unknown>): Promise<PresenceErrorCode | 'fine'> =>
  call.then(
    () => 'fine',
    (error: { code: PresenceErrorCode }) => error.code,
  );

const seatsOf = (match: ClientRoom): number => {
  const room = matchMaker.getLocalRoomById(match.roomId) as unknown as { _reservedSeats: object };
  return Object.keys(room._reservedSeats).length;
};

describe('a party', () => {
  test('is made by invites; its members see it, and followers see its id and size at them', async () => {
    const [ann, bob, cat] = await Promise.all([join('Ann'), join('Bob'), join('Cat')]);
    await cat.follow([ann.userId, bob.userId]);
    await partyOf(ann, bob);
    expect(ann.party.getSnapshot()).toMatchObject({
      leader: ann.userId,
      isLeader: true,
      members: [
        { userId: ann.userId, username: 'Ann' },
        { userId: bob.userId, username: 'Bob' },
      ],
    });
    expect(bob.party.getSnapshot()).toMatchObject({ leader: ann.userId, isLeader: false });
    const { partyId } = bob.party.getSnapshot()!;
    await until(
      () => cat.getSnapshot().every(({ connections }) => connections[0]?.party?.size === 2),
      'cat to see the party',
    );
    expect(cat.getSnapshot().map(({ connections }) => connections[0]?.party)).toEqual([
      { id: partyId, size: 2 },
      { id: partyId, size: 2 },
    ]);
    await ann.setStatus('x');
    await until(() => cat.getSnapshot()[0]?.customStatus === 'x', 'the status');
    expect(cat.getSnapshot()[0]?.connections[0]?.party).toEqual({ id: partyId, size: 2 });
    await bob.party.leave();
    await until(() => cat.getSnapshot()[1]?.connections[0]?.party === undefined, 'bob to be in none');
    await until(() => cat.getSnapshot()[0]?.connections[0]?.party?.size === 1, 'ann to be alone');
    expect(bob.party.getSnapshot()).toBeUndefined();
    const again = await join('Bob', bob.userId);
    expect(again.party.getSnapshot()).toBeUndefined();
  });

  test('is led by one: kick, promote, invite are for the leader, and the lead is handed on', async () => {
    const [ann, bob, cat, dan] = await Promise.all(['Ann', 'Bob', 'Cat', 'Dan'].map(async (name) => join(name)));
    await partyOf(ann!, bob!, cat!);
    expect(await codeOf(bob!.party.kick(cat!.userId))).toBe('party_denied');
    expect(await codeOf(bob!.party.promote(bob!.userId))).toBe('party_denied');
    expect(await codeOf(bob!.party.invite(dan!.userId))).toBe('party_denied');
    expect(await codeOf(bob!.party.createMatch('arena'))).toBe('party_denied');
    expect(await codeOf(dan!.party.kick(cat!.userId))).toBe('party_gone');
    expect(await codeOf(dan!.party.leave())).toBe('party_gone');
    expect(await codeOf(ann!.party.kick(dan!.userId))).toBe('party_gone');
    await ann!.party.kick(cat!.userId);
    await until(() => cat!.party.getSnapshot() === undefined, 'cat to be out');
    await ann!.party.promote(bob!.userId);
    await until(() => bob!.party.getSnapshot()?.isLeader === true, 'bob to lead');
    await bob!.party.promote(ann!.userId);
    await until(() => ann!.party.getSnapshot()?.isLeader === true, 'ann to lead');
    await ann!.party.leave();
    await until(() => bob!.party.getSnapshot()?.isLeader === true, 'bob to lead again');
    await bob!.party.leave();
    await until(() => bob!.party.getSnapshot() === undefined, 'the party to end');
    await until(() => currentRuntime('presence')!.parties.size === 0, 'nothing to be held');
  });

  test('has a size; nobody is in two; an invite that is taken back or replayed lets nobody in', async () => {
    const all = await Promise.all(['A', 'B', 'C', 'D', 'E'].map(async (name) => join(name)));
    const [ann, bob, cat, dan, eve] = all as [PresenceClient, ...PresenceClient[]] & PresenceClient[];
    await ann.follow([bob!.userId, cat!.userId, dan!.userId, eve!.userId]);
    await Promise.all([cat!, dan!, eve!, bob!].map(async ({ userId }) => ann.party.invite(userId)));
    const invites = await Promise.all([bob!, cat!, dan!, eve!].map(async (one) => received(one)));
    const outcomes = await Promise.all(
      [bob!, cat!, dan!, eve!].map(async (one, i) => codeOf(one.party.accept(invites[i]!))),
    );
    expect(outcomes.toSorted()).toEqual(['fine', 'fine', 'fine', 'party_full']);
    expect(await codeOf(ann.party.invite(fresh('more')))).toBe('party_full');
    const outsider = [bob!, cat!, dan!, eve!][outcomes.indexOf('party_full')]!;
    const member = [bob!, cat!, dan!, eve!][outcomes.indexOf('fine')]!;
    expect(await codeOf(member.party.accept(invites[outcomes.indexOf('fine')]!))).toBe('invite_gone');
    expect(await codeOf(outsider.party.accept(invites[outcomes.indexOf('fine')]!))).toBe('invite_gone');
    await outsider.follow([member.userId]);
    await outsider.party.invite(member.userId);
    expect(await codeOf(member.party.accept(await received(member)))).toBe('in_party');
    expect(outsider.party.getSnapshot()?.members).toHaveLength(1);
  });

  test('is for the visible: who is invisible makes none and joins none, and leaves one as if it had gone', async () => {
    const [ann, bob, cat] = await Promise.all([join('Ann'), join('Bob'), join('Cat')]);
    await partyOf(ann, bob);
    await ann.follow([cat.userId]);
    await cat.setStatus(null);
    expect(await codeOf(cat.party.invite(ann.userId))).toBe('not_visible');
    await ann.party.invite(cat.userId);
    expect(await codeOf(cat.party.accept(await received(cat)))).toBe('not_visible');
    await bob.setStatus(null);
    await until(() => ids(ann)?.join() === ann.userId, 'bob to be out', 10_000);
    expect(bob.party.getSnapshot()).toBeUndefined();
  }, 20_000);

  test('is told to each device, and to one that comes later; is left by who stays away, and not before', async () => {
    const [ann, bob] = await Promise.all([join('Ann'), join('Bob')]);
    await partyOf(ann, bob);
    const phone = await join('Bob', bob.userId);
    expect(ids(phone)).toEqual([ann.userId, bob.userId]);
    await Promise.all([bob.leave(), phone.leave()]);
    const back = await join('Bob', bob.userId);
    await until(() => ids(back)?.join() === [ann.userId, bob.userId].join(), 'bob to be in the party still');
    await until(() => ids(ann)?.length === 2, 'ann to see him');
    await back.leave();
    await until(() => ids(ann)?.join() === ann.userId, 'bob to be out', 10_000);
  }, 20_000);
});

describe('a match for a party', () => {
  test('is joined by all, on one device each, whom the room lets in', async () => {
    const [ann, bob, cat] = await Promise.all([join('Ann'), join('Bob'), join('Cat')]);
    await partyOf(ann, bob, cat);
    const match = await ann.party.createMatch('arena', { map: 'dust' });
    const room = matchMaker.getLocalRoomById(match.roomId);
    await until(() => room.clients.length === 3, 'all to be there');
    expect(new Set(room.clients.map((client) => (client.auth as { userId: string }).userId))).toEqual(
      new Set([ann, bob, cat].map(({ userId }) => userId)),
    );
    // Those who are there already take no second seat.
    const again = await ann.party.joinMatch(bob.userId).then(
      () => 'joined',
      (error: { code: string }) => error.code,
    );
    expect(again).toBe('invalid_payload');
    expect(seatsOf(match)).toBe(0);
  });

  test('of a friend with three places is not joined by four: match_full, and no seat is held', async () => {
    const all = await Promise.all(['Ann', 'Bob', 'Cat', 'Dan', 'Eve'].map(async (name) => join(name)));
    const [ann, bob, cat, dan, eve] = all;
    const match = await enter(eve!.userId);
    await partyOf(ann!, bob!, cat!, dan!);
    await ann!.follow([eve!.userId]);
    await until(() => ann!.getSnapshot().find(({ userId }) => userId === eve!.userId)?.joinable === true, 'the match');
    expect(await codeOf(ann!.party.joinMatch(eve!.userId))).toBe('match_full');
    expect(seatsOf(match)).toBe(0);
    await ann!.party.kick(dan!.userId);
    await until(() => ids(ann!)?.length === 3, 'dan to be out');
    expect((await ann!.party.joinMatch(eve!.userId)).roomId).toBe(match.roomId);
    const room = matchMaker.getLocalRoomById(match.roomId);
    await until(() => room.clients.length === 4, 'all to be there');
  });

  test.each<[what: string, who: string, policy: JoinPolicy | undefined, hides: boolean, code: PresenceErrorCode]>([
    ['is refused by the room', 'banned', undefined, false, 'match_denied'],
    ['follows nobody there, where followers may join', 'Bob', 'followers', false, 'match_denied'],
    ['is invisible', 'Bob', undefined, true, 'not_visible'],
  ])(
    'is joined by nobody when one %s; the reason names it',
    async (_, who, policy, hides, code) => {
      const [ann, bob, eve] = await Promise.all([join('Ann'), join(who), join('Eve')]);
      const match = await enter(eve.userId);
      await ann.follow([eve.userId]);
      await partyOf(ann, bob);
      (matchMaker.getLocalRoomById(match.roomId) as unknown as ArenaRoom).plugins.match.policy = policy as JoinPolicy;
      if (hides) {
        await bob.setStatus(null);
      }
      const error: unknown = await ann.party.joinMatch(eve.userId).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'party_member', members: [{ userId: bob.userId, code }] });
      expect(seatsOf(match)).toBe(0);
    },
    15_000,
  );

  test('twice at once is joined by all or by none each time, on the device of the leader that asked', async () => {
    const [ann, bob] = await Promise.all([join('Ann'), join('Bob')]);
    await partyOf(ann, bob);
    const phone = await join('Ann', ann.userId);
    const [first, same, other] = [
      ann.party.createMatch('arena'),
      ann.party.createMatch('arena'),
      ann.party.joinMatch(bob.userId),
    ];
    expect(same).toBe(first);
    expect(await codeOf(other)).toBe('party_busy');
    await first;
    const outcomes = await Promise.allSettled([ann, phone].map(async (device) => device.party.createMatch('arena')));
    const joined = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value.roomId] : []));
    const refused = outcomes.flatMap((one) =>
      one.status === 'rejected' ? [(one.reason as { code: string }).code] : [],
    );
    expect(joined.length).toBeGreaterThan(0);
    expect(refused.filter((code) => code !== 'party_busy')).toEqual([]);
    for (const roomId of joined) {
      const room = matchMaker.getLocalRoomById(roomId);
      await until(() => room.clients.length === 2, 'both to be in the match');
    }
  });

  test('has to be a match: presence rooms, rooms that do not exist and rooms without the plugin are none', async () => {
    const [ann, bob] = await Promise.all([join('Ann'), join('Bob')]);
    await partyOf(ann, bob);
    for (const name of ['presence', 'lobby', 'no-such-room']) {
      expect(await codeOf(ann.party.createMatch(name))).toBe('match_denied');
    }
    expect(await codeOf(ann.party.createMatch('plain'))).toBe('party_member');
    const banned = await join('banned');
    await partyOf(banned, await join('Cat'));
    expect(await codeOf(banned.party.createMatch('arena'))).toBe('match_denied');
  });
});

test.each(FORMS)('bad requests are refused, by %s', async (form) => {
  const ann = await person(server, fresh('ann'), 'presence', { status: '' });
  const refusals = [
    [{}, 'invalid_payload'],
    [{ action: 'dance' }, 'invalid_payload'],
    [{ action: 'kick' }, 'invalid_payload'],
    [{ action: 'create', name: 5 }, 'invalid_payload'],
    [{ action: 'join', userId: 'x', options: 5 }, 'invalid_payload'],
    [{ action: 'leave', extra: 1 }, 'invalid_payload'],
    [{ action: 'leave' }, 'party_gone'],
    [{ action: 'create', name: 'arena' }, 'party_gone'],
  ] as const;
  for (const [payload, code] of refusals) {
    expect([payload, (await ann.refusal('presence:party', payload, form)).code]).toEqual([payload, code]);
  }
  expect((await ann.refusal('presence:invite', { userId: 'x', party: 'yes' }, form)).code).toBe('invalid_payload');
  expect((await ann.refusal('presence:invite', { userId: 'x', party: true, matchId: 'm' }, form)).code).toBe(
    'invalid_payload',
  );
  await ann.leave();
});
