/** `presence:invite`, `presence:ask` and `presence:answer`: into the match of somebody who wants one there. */
import { definePlugins, matchMaker, Room } from '@colyseus/core';
import type { Room as ClientRoom } from '@colyseus/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  MatchPlugin,
  presence,
  type Invite,
  type InviteOutcome,
  type Invites,
  type JoinPolicy,
  type JoinReply,
  type PresenceJoinOptions,
  type PresenceOptions,
} from '../../src/index.ts';
import { currentRuntime } from '../../src/server/runtime.ts';
import { FORMS, fresh, person, type Form, type Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

class ArenaRoom extends Room {
  override maxClients = 3;
  override seatReservationTimeout = 2;
  host: string | undefined;
  override plugins = definePlugins([
    new MatchPlugin({ updateMs: 10, metadata: () => ({ map: 'dust' }), host: (room) => (room as ArenaRoom).host }),
  ]);
}

const hooks: { canInvite: NonNullable<PresenceOptions['canInvite']> | undefined } = {
  canInvite: undefined,
};
let server: TestServer;
beforeAll(async () => {
  server = await startServer(
    {
      rateLimit: 1000,
      inviteLimit: 1000,
      unverifiedMatches: 'hide',
      canFollow: (_viewer, ids) => ids.map((id) => !id.startsWith('refusing')),
    },
    { arena: ArenaRoom },
  );
});
afterAll(async () => {
  await server.stop();
});

const arena = (match: ClientRoom): ArenaRoom => matchMaker.getLocalRoomById(match.roomId) as unknown as ArenaRoom;

async function enter(userId: string, roomId?: string): Promise<ClientRoom> {
  const client = server.client(userId);
  const match = await (roomId === undefined ? client.create('arena') : client.joinById(roomId));
  match.onMessage('*', () => {});
  match.reconnection.enabled = false;
  return match;
}

async function join(
  name: string,
  options: PresenceJoinOptions = { status: '' },
  userId = fresh(name),
): Promise<Person> {
  return person(server, `${userId}|${name}`, 'presence', options);
}

const idOf = async (one: Person): Promise<string> => (await one.welcome()).userId;

/** What a player holds of invites, by what it was sent. */
function invitesOf(one: Person): Map<string, Invite> {
  const held = new Map<string, Invite>();
  for (const { invites, complete } of one.messages<Invites>('presence:invites')) {
    if (complete === true) {
      held.clear();
    }
    for (const invite of invites) {
      held.set(invite.inviteId, invite);
    }
  }
  return held;
}

const heard = async (one: Person, inviteId: string, outcome?: InviteOutcome): Promise<Invite> =>
  until(
    () => {
      const invite = invitesOf(one).get(inviteId);
      return invite?.outcome === outcome ? invite : undefined;
    },
    `the invite, ${outcome ?? 'open'}`,
  );

const outcomeOf = async (answer: Promise<object>): Promise<string> =>
  answer.then(
    (reply) => ('sessionId' in reply ? 'seat' : 'fine'),
    (error: { code: string }) => error.code,
  );

/** Ann in a match of her own, and Bob whom she follows, on so many devices. */
async function annPlays(devices = 1): Promise<{
  ann: Person;
  annId: string;
  bobs: Person[];
  bob: Person;
  bobId: string;
  match: ClientRoom;
}> {
  const ann = await join('Ann');
  const annId = await idOf(ann);
  const bobId = fresh('bob');
  const bobs = await Promise.all(Array.from({ length: devices }, async () => join('Bob', { status: '' }, bobId)));
  await ann.follow([bobId]);
  const match = await enter(annId);
  return { ann, annId, bobs, bob: bobs[0]!, bobId, match };
}

async function sit(seat: object): Promise<ClientRoom> {
  const room = await server.client().consumeSeatReservation(seat as JoinReply);
  room.onMessage('*', () => {});
  room.reconnection.enabled = false;
  return room;
}

const seatsOf = (match: ClientRoom): number =>
  Object.keys((arena(match) as unknown as { _reservedSeats: object })._reservedSeats).length;

describe.each(FORMS)('an invite, by %s', (form: Form) => {
  test('reaches all devices of the user, and accepting it on one is a seat, and withdraws it on the others', async () => {
    const { ann, annId, bobs, bobId, match } = await annPlays(2);
    const other = await join('Ann', { status: '' }, annId);
    const { inviteId, expiresInMs } = await ann.ask('presence:invite', { userId: bobId }, form);
    expect(expiresInMs).toBe(60_000);
    for (const bob of bobs) {
      const invite = await heard(bob, inviteId);
      expect(invite).toMatchObject({
        kind: 'match',
        from: { userId: annId, username: 'Ann' },
        to: bobId,
        match: { name: 'arena', players: 1, maxPlayers: 3, metadata: { map: 'dust' } },
      });
      expect(JSON.stringify(invite)).not.toContain(match.roomId);
    }
    await heard(other, inviteId);
    const seat = await bobs[0]!.ask('presence:answer', { inviteId, answer: 'accept' }, form);
    expect(seat).toMatchObject({ name: 'arena', roomId: match.roomId });
    for (const one of [...bobs, ann, other]) {
      await heard(one, inviteId, 'accepted');
    }
    expect((await bobs[1]!.refusal('presence:answer', { inviteId, answer: 'accept' }, form)).code).toBe('invite_gone');
    expect((await ann.refusal('presence:answer', { inviteId, answer: 'cancel' }, form)).code).toBe('invite_gone');
    expect((await sit(seat)).roomId).toBe(match.roomId);
  });

  test('declined on one device is declined on all, and who invites is told', async () => {
    const { ann, bobs, bobId } = await annPlays(2);
    const { inviteId } = await ann.ask('presence:invite', { userId: bobId }, form);
    await heard(bobs[1]!, inviteId);
    expect(await bobs[1]!.ask('presence:answer', { inviteId, answer: 'decline' }, form)).toEqual({});
    for (const one of [...bobs, ann]) {
      await heard(one, inviteId, 'declined');
    }
    expect((await bobs[0]!.refusal('presence:answer', { inviteId, answer: 'accept' }, form)).code).toBe('invite_gone');
  });

  test('taken back is gone', async () => {
    const { ann, bob, bobId, match } = await annPlays();
    const { inviteId } = await ann.ask('presence:invite', { userId: bobId }, form);
    await heard(bob, inviteId);
    await ann.ask('presence:answer', { inviteId, answer: 'cancel' }, form);
    await heard(bob, inviteId, 'cancelled');
    expect((await bob.refusal('presence:answer', { inviteId, answer: 'accept' }, form)).code).toBe('invite_gone');
    expect(seatsOf(match)).toBe(0);
  });

  test('forged, of others, or answered from the wrong side: invite_gone, whatever it is, and no seat', async () => {
    const { ann, bob, bobId, match } = await annPlays();
    const cat = await join('Cat');
    const { inviteId } = await ann.ask('presence:invite', { userId: bobId }, form);
    await heard(bob, inviteId);
    const refusals = await Promise.all([
      cat.refusal('presence:answer', { inviteId, answer: 'accept' }, form),
      cat.refusal('presence:answer', { inviteId, answer: 'decline' }, form),
      cat.refusal('presence:answer', { inviteId, answer: 'cancel' }, form),
      ann.refusal('presence:answer', { inviteId, answer: 'accept' }, form),
      bob.refusal('presence:answer', { inviteId, answer: 'cancel' }, form),
      cat.refusal('presence:answer', { inviteId: `${inviteId}x`, answer: 'accept' }, form),
      cat.refusal('presence:answer', { inviteId: '', answer: 'accept' }, form),
      cat.refusal('presence:answer', { inviteId: 'x'.repeat(3000), answer: 'accept' }, form),
    ]);
    expect(new Set(refusals.map(({ code }) => code))).toEqual(new Set(['invite_gone']));
    expect(seatsOf(match)).toBe(0);
    expect(await outcomeOf(bob.ask('presence:answer', { inviteId, answer: 'accept' }, form))).toBe('seat');
  });

  test.each<[what: string, type: string, payload: object]>([
    ['no user', 'presence:invite', {}],
    ['an empty id', 'presence:invite', { userId: '' }],
    ['a match id that is none', 'presence:invite', { userId: 'bob', matchId: 7 }],
    ['an unknown field', 'presence:invite', { userId: 'bob', extra: true }],
    ['no user to ask', 'presence:ask', {}],
    ['no id', 'presence:answer', { answer: 'accept' }],
    ['another answer', 'presence:answer', { inviteId: 'x', answer: 'maybe' }],
    ['options that are none', 'presence:answer', { inviteId: 'x', answer: 'accept', options: 5 }],
  ])('with %s: invalid_payload', async (_, type, payload) => {
    const ann = await join('Ann');
    expect((await ann.refusal(type, payload, form)).code).toBe('invalid_payload');
  });

  test('to oneself: invalid_payload', async () => {
    const ann = await join('Ann');
    const userId = await idOf(ann);
    expect((await ann.refusal('presence:invite', { userId }, form)).code).toBe('invalid_payload');
    expect((await ann.refusal('presence:ask', { userId }, form)).code).toBe('invalid_payload');
  });
});

describe('an invite', () => {
  test('answered on two devices at once: one gets the seat, and one only', async () => {
    const { ann, bobs, bobId, match } = await annPlays(4);
    const { inviteId } = await ann.ask('presence:invite', { userId: bobId });
    await Promise.all(bobs.map(async (bob) => heard(bob, inviteId)));
    const outcomes = await Promise.all(
      bobs.map(async (bob) => outcomeOf(bob.ask('presence:answer', { inviteId, answer: 'accept' }))),
    );
    expect(outcomes.sort()).toEqual(['invite_gone', 'invite_gone', 'invite_gone', 'seat']);
    expect(seatsOf(match)).toBe(1);
  });

  test('for the last place, of two who accept at once, seats one; the invite of the other stays open', async () => {
    const { ann, bob, bobId, match } = await annPlays();
    const cat = await join('Cat');
    await ann.follow([await idOf(cat)]);
    await enter(fresh('dan'), match.roomId);
    const invites = await Promise.all(
      [bobId, await idOf(cat)].map(async (userId) => ann.ask('presence:invite', { userId })),
    );
    const guests = [bob, cat];
    const outcomes = await Promise.all(
      guests.map(async (guest, i) => {
        const { inviteId } = invites[i]!;
        await heard(guest, inviteId);
        return outcomeOf(guest.ask('presence:answer', { inviteId, answer: 'accept' }));
      }),
    );
    expect(outcomes.toSorted()).toEqual(['match_full', 'seat']);
    expect(seatsOf(match)).toBe(1);
    // The seat that nobody takes is free again, and the invite is still good.
    const late = outcomes.indexOf('match_full');
    await until(() => seatsOf(match) === 0, 'the seat to expire');
    const { inviteId } = invites[late]!;
    expect(await outcomeOf(guests[late]!.ask('presence:answer', { inviteId, answer: 'accept' }))).toBe('seat');
    await heard(ann, inviteId, 'accepted');
  });

  test.each<[policy: JoinPolicy | undefined, isPrivate: boolean, invited: string]>([
    [undefined, false, 'seat'],
    [undefined, true, 'match_denied'],
    ['everyone', true, 'seat'],
    ['followers', true, 'seat'],
    ['mutual', true, 'seat'],
    ['invite', true, 'seat'],
    ['invite', false, 'seat'],
    ['nobody', false, 'match_denied'],
  ])('with policy %s, private: %s: %s', async (policy, isPrivate, outcome) => {
    const { ann, bob, bobId, match } = await annPlays();
    const room = arena(match);
    room.plugins.match.policy = policy as JoinPolicy;
    await room.setPrivate(isPrivate);
    const asked = ann.ask('presence:invite', { userId: bobId });
    if (outcome === 'match_denied') {
      expect(await outcomeOf(asked)).toBe(outcome);
      return;
    }
    const { inviteId } = await asked;
    await heard(bob, inviteId);
    expect(await outcomeOf(bob.ask('presence:answer', { inviteId, answer: 'accept' }))).toBe(outcome);
  });

  test('is void when whoever has sent it has left the match, or the room lets nobody in any more', async () => {
    const { ann, bob, bobId, match } = await annPlays();
    const stays = await enter(fresh('dan'), match.roomId);
    const { inviteId } = await ann.ask('presence:invite', { userId: bobId });
    await heard(bob, inviteId);
    arena(match).plugins.match.policy = 'nobody';
    expect(await outcomeOf(bob.ask('presence:answer', { inviteId, answer: 'accept' }))).toBe('match_denied');
    arena(match).plugins.match.policy = 'invite';
    await match.leave();
    expect(await outcomeOf(bob.ask('presence:answer', { inviteId, answer: 'accept' }))).toBe('no_match');
    await stays.leave();
  });

  test('needs a match with the plugin in which the sender is', async () => {
    const { ann, bobId, match } = await annPlays();
    const cat = await join('Cat');
    expect((await cat.refusal('presence:invite', { userId: bobId }, 'request')).code).toBe('no_match');
    for (const matchId of [match.roomId, cat.room.roomId, 'no-such-room']) {
      expect((await cat.refusal('presence:invite', { userId: bobId, matchId }, 'request')).code).toBe('no_match');
    }
    expect(await ann.ask('presence:invite', { userId: bobId, matchId: match.roomId })).toBeDefined();
  });

  test('again to the same match replaces the one before', async () => {
    const { ann, bob, bobId } = await annPlays();
    const first = await ann.ask('presence:invite', { userId: bobId });
    await heard(bob, first.inviteId);
    const second = await ann.ask('presence:invite', { userId: bobId });
    await heard(bob, second.inviteId);
    await heard(bob, first.inviteId, 'cancelled');
    await heard(ann, first.inviteId, 'cancelled');
    expect([...invitesOf(bob).values()].filter(({ outcome }) => outcome === undefined)).toHaveLength(1);
  });

  test('is there for who joins or comes back later', async () => {
    const { ann, annId, bobs, bobId } = await annPlays();
    const { inviteId } = await ann.ask('presence:invite', { userId: bobId });
    await heard(bobs[0]!, inviteId);
    const later = await join('Bob', { status: '' }, bobId);
    await heard(later, inviteId);
    await later.ask('presence:answer', { inviteId, answer: 'decline' });
    // Of an own one, how it ended is told as long as it would have been open.
    await heard(await join('Ann', {}, annId), inviteId, 'declined');
  });

  test('from somebody who follows nobody, and is followed by nobody, reaches nobody; the answer is the same', async () => {
    const { ann, bob, bobId } = await annPlays();
    const known = await ann.ask('presence:invite', { userId: bobId });
    await heard(bob, known.inviteId);
    await ann.unfollow([bobId]);
    bob.clear();
    const unknown = await ann.ask('presence:invite', { userId: bobId });
    expect(Object.keys(unknown)).toEqual(Object.keys(known));
    expect(unknown.inviteId).toHaveLength(known.inviteId.length);
    await heard(ann, unknown.inviteId);
    await bob.settle();
    expect(invitesOf(bob).has(unknown.inviteId)).toBe(false);
    expect(
      (await bob.refusal('presence:answer', { inviteId: unknown.inviteId, answer: 'accept' }, 'request')).code,
    ).toBe('invite_gone');
    await bob.follow([await idOf(ann)]);
    const welcome = await ann.ask('presence:invite', { userId: bobId });
    await heard(bob, welcome.inviteId);
  });

  test('of a user whom canFollow refuses reaches it only if it follows the sender', async () => {
    const { ann } = await annPlays();
    const userId = fresh('refusing');
    const shy = await join('Shy', { status: '' }, userId);
    await ann.follow([userId]);
    const { inviteId } = await ann.ask('presence:invite', { userId });
    await heard(ann, inviteId);
    await shy.settle();
    expect(invitesOf(shy).size).toBe(0);
  });

  test('to somebody who has blocked the sender reaches nobody', async () => {
    const { ann, annId, bob, bobId } = await annPlays();
    await presence.block(bobId, annId);
    const { inviteId } = await ann.ask('presence:invite', { userId: bobId });
    await heard(ann, inviteId);
    await bob.settle();
    expect(invitesOf(bob).size).toBe(0);
    await presence.unblock(bobId, annId);
  });

  test('declined by somebody invisible, who sees it all the same, is never answered', async () => {
    const { ann, bob, bobId } = await annPlays();
    await bob.setStatus(null);
    const { inviteId } = await ann.ask('presence:invite', { userId: bobId });
    await heard(bob, inviteId);
    await heard(ann, inviteId);
    await bob.ask('presence:answer', { inviteId, answer: 'decline' });
    await heard(bob, inviteId, 'declined');
    expect((await bob.refusal('presence:answer', { inviteId, answer: 'accept' }, 'request')).code).toBe('invite_gone');
    await ann.settle();
    expect(invitesOf(ann).get(inviteId)?.outcome).toBeUndefined();
    // As one that reached nobody, it can be taken back.
    await ann.ask('presence:answer', { inviteId, answer: 'cancel' });
    await heard(ann, inviteId, 'cancelled');
  });
});

test.each<[when: string, act: (one: { ann: Person; annId: string; bob: Person; bobId: string }) => Promise<unknown>]>([
  ['has blocked the sender since', ({ annId, bobId }) => presence.block(bobId, annId)],
  ['has become invisible since', ({ bob }) => bob.setStatus(null)],
])('an invite declined by somebody who %s is never answered', async (_, act) => {
  const those = await annPlays();
  const { ann, bob, bobId } = those;
  const { inviteId } = await ann.ask('presence:invite', { userId: bobId });
  await heard(bob, inviteId);
  await act(those);
  await bob.ask('presence:answer', { inviteId, answer: 'decline' });
  await heard(bob, inviteId, 'declined');
  await ann.settle();
  expect(invitesOf(ann).get(inviteId)?.outcome).toBeUndefined();
});

test('an invite of somebody who has blocked the receiver since opens nothing', async () => {
  const { ann, annId, bob, bobId } = await annPlays();
  const { inviteId } = await ann.ask('presence:invite', { userId: bobId });
  await heard(bob, inviteId);
  await presence.block(annId, bobId);
  expect(await outcomeOf(bob.ask('presence:answer', { inviteId, answer: 'accept' }))).toBe('no_match');
});

describe('asking to join', () => {
  test.each(FORMS)('the friend is asked, and whoever is let in is invited: by %s', async (form) => {
    const { ann, annId, bob, bobId, match } = await annPlays();
    await bob.follow([annId]);
    arena(match).plugins.match.policy = 'invite';
    const { inviteId } = await bob.ask('presence:ask', { userId: annId }, form);
    const ask = await heard(ann, inviteId);
    expect(ask).toMatchObject({ kind: 'ask', from: { userId: bobId, username: 'Bob' }, to: annId });
    expect(await ann.ask('presence:answer', { inviteId, answer: 'accept' }, form)).toEqual({});
    await heard(bob, inviteId, 'accepted');
    const invite = await until(
      () => [...invitesOf(bob).values()].find(({ asked }) => asked === inviteId),
      'the invite',
    );
    expect(invite).toMatchObject({ kind: 'match', from: { userId: annId } });
    const seat = await bob.ask('presence:answer', { inviteId: invite.inviteId, answer: 'accept' }, form);
    expect((await sit(seat)).roomId).toBe(match.roomId);
    expect((await ann.refusal('presence:answer', { inviteId, answer: 'accept' }, form)).code).toBe('invite_gone');
  });

  test('no is told', async () => {
    const { ann, annId, bob } = await annPlays();
    await bob.follow([annId]);
    const { inviteId } = await bob.ask('presence:ask', { userId: annId });
    await heard(ann, inviteId);
    await ann.ask('presence:answer', { inviteId, answer: 'decline' });
    await heard(bob, inviteId, 'declined');
  });

  test('a match that is full lets nobody in: who is asked is told', async () => {
    const { ann, annId, bob, match } = await annPlays();
    await bob.follow([annId]);
    const { inviteId } = await bob.ask('presence:ask', { userId: annId });
    await heard(ann, inviteId);
    const others = [await enter(fresh('cat'), match.roomId), await enter(fresh('dan'), match.roomId)];
    expect((await ann.refusal('presence:answer', { inviteId, answer: 'accept' }, 'request')).code).toBe('match_full');
    await others[0]!.leave();
    await until(
      async () => (await outcomeOf(ann.ask('presence:answer', { inviteId, answer: 'accept' }))) === 'fine',
      'room',
    );
    await heard(bob, inviteId, 'accepted');
  });

  test('only followers who see the user in a match may ask; the invisible, the gone and the blocking cannot be asked', async () => {
    const { ann, annId, bob, match } = await annPlays();
    const refusal = async (): Promise<string> =>
      JSON.stringify(await bob.refusal('presence:ask', { userId: annId }, 'request'));
    const stranger = await refusal();
    expect(stranger).toContain('not_visible');
    await bob.follow([annId]);
    await ann.setStatus(null);
    await until(() => bob.sees(annId).length === 0, 'Ann to hide');
    expect(await refusal()).toBe(stranger);
    await ann.setStatus('');
    await presence.block(annId, await idOf(bob));
    expect(await refusal()).toBe(stranger);
    await presence.unblock(annId, await idOf(bob));
    await match.leave();
    await until(() => bob.sees(annId).length === 1, 'Ann to leave the match');
    expect(await refusal()).toContain('no_match');
    await ann.leave();
    await until(() => bob.sees(annId).length === 0, 'Ann to be gone');
    expect(await refusal()).toBe(stranger);
  });

  test('the host answers, where the match has one', async () => {
    const { ann, annId, bob, match } = await annPlays();
    const host = await join('Host');
    const hostId = await idOf(host);
    arena(match).host = hostId;
    await enter(hostId, match.roomId);
    await bob.follow([annId]);
    await until(
      () => bob.sees(annId).some((one) => one.match?.verified === true && one.match.players === 2),
      'two players',
    );
    await bob.settle();
    const { inviteId } = await bob.ask('presence:ask', { userId: annId });
    expect(await heard(host, inviteId)).toMatchObject({ to: hostId, friend: annId });
    const own = await heard(bob, inviteId);
    expect(own.to).toBe(annId);
    expect(JSON.stringify(own)).not.toContain(hostId);
    expect(invitesOf(ann).has(inviteId)).toBe(false);
    await host.ask('presence:answer', { inviteId, answer: 'accept' });
    const invite = await until(
      () => [...invitesOf(bob).values()].find(({ asked }) => asked === inviteId),
      'the invite',
    );
    expect(await outcomeOf(bob.ask('presence:answer', { inviteId: invite.inviteId, answer: 'accept' }))).toBe('seat');
  });
});

describe('limits', () => {
  beforeAll(async () => {
    await server.stop();
    server = await startServer(
      {
        rateLimit: 100_000,
        inviteLimit: 6,
        inviteLimitPerPair: 3,
        inviteSeconds: 1,
        canInvite: async (...args) => hooks.canInvite?.(...args) ?? true,
      },
      { arena: ArenaRoom },
    );
  });

  test('10,000 invites: a few are made, the others are rate_limited, and afterwards nothing is held', async () => {
    const { ann, bob, bobId, match } = await annPlays();
    const { invitations } = currentRuntime('presence')!;
    const before = invitations.size;
    const codes = new Map<string, number>();
    await Promise.all(
      Array.from({ length: 500 }, async (_, i) => {
        for (let turn = 0; turn < 20; turn++) {
          const code = await outcomeOf(ann.ask('presence:invite', { userId: i === 0 ? bobId : `nobody-${i}` }));
          codes.set(code, (codes.get(code) ?? 0) + 1);
        }
      }),
    );
    expect(Object.fromEntries(codes)).toEqual({ fine: 6, rate_limited: 9994 });
    expect(invitations.size - before).toBe(6);
    const [received] = await until(() => {
      const all = [...invitesOf(bob).values()];
      return all.length > 0 ? all : undefined;
    }, 'one of them');
    await heard(bob, received!.inviteId, 'expired');
    await heard(ann, received!.inviteId, 'expired');
    expect(
      (await bob.refusal('presence:answer', { inviteId: received!.inviteId, answer: 'accept' }, 'request')).code,
    ).toBe('invite_gone');
    expect(seatsOf(match)).toBe(0);
  }, 30_000);

  test('to one user, there are fewer', async () => {
    const { ann, bobId } = await annPlays();
    const outcomes = [];
    for (let i = 0; i < 4; i++) {
      outcomes.push(await outcomeOf(ann.ask('presence:invite', { userId: bobId })));
    }
    expect(outcomes).toEqual(['fine', 'fine', 'fine', 'rate_limited']);
    expect(await outcomeOf(ann.ask('presence:invite', { userId: 'somebody else' }))).toBe('fine');
  });

  test('canInvite decides, instead of who follows whom; a refusal is not told', async () => {
    const { ann, bob, bobId } = await annPlays();
    await ann.unfollow([bobId]);
    const asked: string[][] = [];
    hooks.canInvite = (inviter, invitedId) => {
      asked.push([inviter.userId, invitedId]);
      return asked.length > 1;
    };
    const refused = await ann.ask('presence:invite', { userId: bobId });
    const allowed = await ann.ask('presence:invite', { userId: bobId });
    await heard(bob, allowed.inviteId);
    expect(invitesOf(bob).has(refused.inviteId)).toBe(false);
    expect(asked).toEqual([
      [await idOf(ann), bobId],
      [await idOf(ann), bobId],
    ]);
    hooks.canInvite = () => {
      throw new Error('broken');
    };
    expect((await ann.refusal('presence:invite', { userId: bobId }, 'request')).code).toBe('hook_failed');
    hooks.canInvite = undefined;
  });
});
