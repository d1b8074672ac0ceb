/** `presence:join` lets in nobody whom the match itself would refuse, and the user that was checked is the one that gets in. */
import { matchMaker, Room, type AuthContext, type Client } from '@colyseus/core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { currentRuntime } from '../../src/server/runtime.ts';
import { type JoinReply, type PresenceOptions } from '../../src/index.ts';
import { fresh, person, ROOMS, type Person } from '../support/person.ts';
import { dataFrame, rawJoin, type RawClient } from '../support/raw.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

/** What the match knows each player as. */
const seated = new Map<string, unknown>();

class MatchRoom extends Room {
  override seatReservationTimeout = 2;
  override onJoin(client: Client): void {
    seated.set(client.sessionId, client.auth as unknown);
  }
}

/** Anybody may come to the door; who gets in is decided there. */
class DoorRoom extends MatchRoom {
  static override async onAuth(): Promise<unknown> {
    return true;
  }
  override onAuth(_client: Client, _options: unknown, { token }: AuthContext): unknown {
    return token?.startsWith('banned') === true ? false : { member: token };
  }
}

/** Asked when the seat is taken, as the whole class has no static one. */
class InstanceRoom extends MatchRoom {
  override onAuth(_client: Client, _options: unknown, { token }: AuthContext): unknown {
    return token?.startsWith('banned') === true ? false : { member: token };
  }
}

class ClubRoom extends MatchRoom {
  static override async onAuth(token: string | undefined): Promise<unknown> {
    return token?.startsWith('member') === true && { userId: token, member: true };
  }
}

const exposed = [...matchMaker.controller.exposedMethods];
let server: TestServer;
let authorizeJoin: PresenceOptions['authorizeJoin'];

async function start(options: PresenceOptions = {}): Promise<void> {
  server = await startServer(
    { rateLimit: 1000, ...options },
    { match: MatchRoom, door: DoorRoom, instance: InstanceRoom, club: ClubRoom },
  );
}

describe.each(ROOMS)('from a %s room', (room) => {
  beforeAll(async () => start());
  afterEach(() => {
    matchMaker.controller.exposedMethods = [...exposed];
  });
  afterAll(async () => server.stop());

  async function host(matchName: string, token = fresh('member-bob')): Promise<{ bobId: string; matchId: string }> {
    const match = await server.client(token).create(matchName);
    match.onMessage('*', () => {});
    await person(server, token, room, { status: JSON.stringify({ matchId: match.roomId }) });
    return { bobId: token, matchId: match.roomId };
  }

  async function follower(bobId: string, token: string): Promise<Person> {
    const one = await person(server, token, room);
    await one.follow([bobId]);
    return one;
  }

  const sit = async (seat: JoinReply, token: string): Promise<unknown> => {
    const joined = await server.client(token).consumeSeatReservation(seat);
    joined.onMessage('*', () => {});
    const auth = seated.get(joined.sessionId);
    await joined.leave();
    return auth;
  };

  test.each(['door', 'instance'])('the instance onAuth of a match room (%s) is asked', async (name) => {
    const { bobId } = await host(name);
    const [ann, banned] = [fresh('ann'), fresh('banned')];
    const seat = await (await follower(bobId, ann)).ask('presence:join', { userId: bobId });
    expect(await sit(seat, ann)).toEqual({ member: ann });
    const refused = await (await follower(bobId, banned)).ask('presence:join', { userId: bobId });
    await expect(sit(refused, banned)).rejects.toThrow();
  });

  test('a room that this process does not define cannot be checked and is denied', async () => {
    const { bobId, matchId } = await host('club');
    const ann = await follower(bobId, fresh('member-ann'));
    const handler = matchMaker.getHandler('club');
    matchMaker.removeRoomType('club');
    try {
      expect((await ann.refusal('presence:join', { userId: bobId }, 'request')).code).toBe('match_denied');
    } finally {
      matchMaker.addRoomType(handler);
    }
    expect((await ann.ask('presence:join', { userId: bobId })).roomId).toBe(matchId);
  });

  test('nobody gets a seat when the game has disabled joinById', async () => {
    const { bobId } = await host('match');
    const ann = await follower(bobId, fresh('ann'));
    matchMaker.controller.exposedMethods = exposed.filter((method) => method !== 'joinById');
    expect((await ann.refusal('presence:join', { userId: bobId }, 'request')).code).toBe('match_denied');
  });

  test('the match id in the own status gives no seat to the same connection', async () => {
    const { matchId } = await host('match');
    const ann = fresh('ann');
    const one = await person(server, ann, room, { status: JSON.stringify({ matchId }) });
    expect((await one.refusal('presence:join', { userId: ann }, 'request')).code).toBe('not_visible');
  });

  test('a presence-aware room does not count as a match', async () => {
    const bobId = fresh('bob');
    const bob = await person(server, bobId, room, { status: '' });
    const ann = await follower(bobId, fresh('ann'));
    for (const name of ROOMS) {
      const [target] = await matchMaker.query({ name });
      const roomId = target?.roomId ?? bob.room.roomId;
      await bob.setStatus(JSON.stringify({ matchId: roomId }));
      await until(() => ann.sees(bobId)[0]?.matchId === roomId, 'the status');
      expect((await ann.refusal('presence:join', { userId: bobId }, 'request')).code).toBe('match_gone');
    }
  });

  async function outcome(client: RawClient, userId: string): Promise<unknown> {
    client.socket.send(dataFrame('presence:follow', { userIds: [userId], cid: 1 }));
    await until(() => client.of('presence:reply').length === 1, 'the follow');
    client.socket.send(dataFrame('presence:join', { userId, cid: 2 }));
    const reply = await until(() => client.of<{ error?: { code: string } }>('presence:reply')[1], 'the answer');
    client.socket.terminate();
    return reply.error?.code ?? 'a seat';
  }

  test('the token that is checked is the one that named the user', async () => {
    const { bobId } = await host('club');
    const guest = fresh('guest');
    const member = fresh('member');
    expect(await outcome(await rawJoin(server, guest, room, {}, member), bobId)).toBe('match_denied');
    expect(await outcome(await rawJoin(server, member, room), bobId)).toBe('match_denied');
    expect(await outcome(await rawJoin(server, member, room, {}, member), bobId)).toBe('a seat');
    const [connection] = currentRuntime('presence')!.tracker.users.get(bobId)!.own;
    expect(connection?.viewer.auth).toEqual({ userId: bobId });
  });

  test('a repeated call, sequential or concurrent, returns the reserved seat; once it is taken, a new one', async () => {
    const { bobId } = await host('match');
    const ann = fresh('ann');
    const [one, other] = [await follower(bobId, ann), await follower(bobId, ann)];
    const seats = await Promise.all(
      [one, other, one, other].map(async (device) => device.ask('presence:join', { userId: bobId })),
    );
    expect(new Set(seats.map(({ sessionId }) => sessionId)).size).toBe(1);
    await sit(seats[0]!, ann);
    expect((await one.ask('presence:join', { userId: bobId })).sessionId).not.toBe(seats[0]!.sessionId);
  });
});

describe('authorizeJoin decides instead', () => {
  beforeAll(async () => start({ authorizeJoin: (...args) => authorizeJoin!(...args) }));
  afterAll(async () => server.stop());

  test.each([
    [undefined, 'match_denied'],
    [null, 'match_denied'],
    [false, 'match_denied'],
    [{ member: 'by the game' }, { member: 'by the game' }],
    [true, undefined],
  ])('its answer %j', async (answer, wanted) => {
    authorizeJoin = () => answer;
    const bobId = fresh('member-bob');
    const match = await server.client(bobId).create('club');
    match.onMessage('*', () => {});
    await person(server, bobId, 'presence', { status: JSON.stringify({ matchId: match.roomId }) });
    const ann = await person(server, fresh('guest'));
    await ann.follow([bobId]);
    const said = await ann.ask('presence:join', { userId: bobId }).then(
      async (seat) => {
        const joined = await server.client().consumeSeatReservation(seat);
        return seated.get(joined.sessionId);
      },
      (error: { code: string }) => error.code,
    );
    expect(said).toEqual(wanted);
  });
});
