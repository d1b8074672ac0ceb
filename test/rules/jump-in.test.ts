/** `presence:join`: a seat in the match of a friend. */
import { definePlugins, Room, type AuthContext, type Client } from '@colyseus/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  PresenceLobbyRoom,
  PresencePlugin,
  PresenceRoom,
  type JoinReply,
  type PresenceOptions,
} from '../../src/index.ts';
import { FORMS, fresh, person, ROOMS, settle, type Form, type Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

/** What each player of a match was authenticated as, by room and session. */
const seated: Array<{ roomId: string; sessionId: string; auth: unknown; options: unknown }> = [];

class MatchRoom extends Room {
  override maxClients = 3;
  // Seats that nobody takes hold up the end of the server.
  override seatReservationTimeout = 2;
  override onCreate(): void {
    this.onMessage('lock', () => {
      void this.lock();
    });
    this.onMessage('hello', (client) => {
      client.send('hello', this.roomId);
    });
  }
  override onJoin(client: Client, options?: unknown): void {
    seated.push({ roomId: this.roomId, sessionId: client.sessionId, auth: client.auth as unknown, options });
  }
}

/** Takes only members, and says more about them than the presence room knows. */
class ClubRoom extends MatchRoom {
  static override async onAuth(token: string, options: unknown, context: AuthContext): Promise<unknown> {
    if (token.startsWith('banned')) {
      throw new Error('You are banned from the club, and this text is none of your business.');
    }
    if (token.startsWith('guest')) {
      return false;
    }
    return {
      userId: token,
      member: true,
      sessionId: 'stolen-session',
      options,
      hasHeaders: typeof context.headers === 'object',
    };
  }
}

const playing = (matchId: string): string => JSON.stringify({ matchId, text: 'Playing' });

describe.each(ROOMS)('jump in, from a %s room', (room) => {
  let server: TestServer;
  const hooks: { canJoin: NonNullable<PresenceOptions['canJoin']> } = { canJoin: () => true };
  beforeAll(async () => {
    server = await startServer(
      { rateLimit: 1000, canJoin: (...args) => hooks.canJoin(...args) },
      { match: MatchRoom, club: ClubRoom },
    );
  });
  afterAll(async () => {
    await server.stop();
  });

  /** Bob in a match of his own, and Ann who follows him. */
  async function bobPlays(
    matchName = 'match',
    annToken?: string,
  ): Promise<{
    bob: Person;
    ann: Person;
    bobId: string;
    matchId: string;
    match: Awaited<ReturnType<ReturnType<TestServer['client']>['create']>>;
  }> {
    const bobId = fresh('bob');
    const bob = await person(server, bobId, room, { status: 'In lobby' });
    const match = await server.client(bobId).create(matchName);
    match.onMessage('*', () => {});
    await bob.setStatus(playing(match.roomId));
    const ann = await person(server, annToken ?? fresh('ann'), room);
    await ann.follow([bobId]);
    return { bob, ann, bobId, matchId: match.roomId, match };
  }

  async function sit(seat: JoinReply): Promise<unknown> {
    const joined = await server.client().consumeSeatReservation(seat);
    joined.onMessage('*', () => {});
    const answer = new Promise((resolve) => {
      joined.onMessage('hello', resolve);
    });
    joined.send('hello');
    const said = await answer;
    await joined.leave();
    return said;
  }

  describe.each(FORMS)('by %s', (form: Form) => {
    test('a follower gets a seat in the match, as the user it is', async () => {
      const { ann, bobId, matchId } = await bobPlays();
      const seat = await ann.ask('presence:join', { userId: bobId }, form);
      expect(seat).toMatchObject({
        name: 'match',
        roomId: matchId,
        sessionId: expect.any(String),
        processId: expect.any(String),
      });
      expect(await sit(seat)).toBe(matchId);
      expect(seated.findLast(({ sessionId }) => sessionId === seat.sessionId)?.auth).toMatchObject({
        userId: (await ann.welcome()).userId,
      });
    });

    test('nobody else does: not_visible for strangers, the invisible, the gone and the unfollowed', async () => {
      const { bob, ann, bobId } = await bobPlays();
      const stranger = await person(server, fresh('stranger'), room);
      expect((await stranger.refusal('presence:join', { userId: bobId }, form)).code).toBe('not_visible');
      await ann.unfollow([bobId], form);
      expect((await ann.refusal('presence:join', { userId: bobId }, form)).code).toBe('not_visible');
      await ann.follow([bobId], form);
      await bob.setStatus(null);
      const invisible = await ann.refusal('presence:join', { userId: bobId }, form);
      await bob.setStatus('x');
      await bob.leave();
      await until(() => ann.sees(bobId).length === 0, 'Bob to be gone');
      const gone = await ann.refusal('presence:join', { userId: bobId }, form);
      expect(invisible).toEqual(gone);
      expect(gone.code).toBe('not_visible');
    });

    test('no_match, match_gone, match_locked, match_full', async () => {
      const { bob, ann, bobId, matchId, match } = await bobPlays();
      await bob.setStatus('Just here');
      expect((await ann.refusal('presence:join', { userId: bobId }, form)).code).toBe('no_match');
      await bob.setStatus(playing('no-such-room'));
      expect((await ann.refusal('presence:join', { userId: bobId }, form)).code).toBe('match_gone');
      await bob.setStatus(playing(matchId));
      // A seat counts from the moment it is reserved.
      const seat = await ann.ask('presence:join', { userId: bobId }, form);
      const [other, third] = await Promise.all(
        ['other', 'third'].map(async (name) => person(server, fresh(name), room)),
      );
      await Promise.all([other!, third!].map(async (one) => one.follow([bobId])));
      await other!.ask('presence:join', { userId: bobId }, form);
      expect((await third!.refusal('presence:join', { userId: bobId }, form)).code).toBe('match_full');
      expect(await ann.ask('presence:join', { userId: bobId }, form)).toEqual(seat);

      const locked = await bobPlays();
      locked.match.send('lock');
      await until(
        async () =>
          (await locked.ann.ask('presence:join', { userId: locked.bobId }, form).then(
            () => 'a seat',
            (error: { code: string }) => error.code,
          )) === 'match_locked',
        'the lock',
      );
      await match.leave();
    });

    test('a match that has ended', async () => {
      const { ann, bobId, match } = await bobPlays();
      await match.leave();
      await until(
        async () =>
          (await ann.ask('presence:join', { userId: bobId }, form).then(
            () => 'a seat',
            (error: { code: string }) => error.code,
          )) === 'match_gone',
        'the end of the match',
      );
    });

    test('the onAuth of the match decides: match_denied for who it throws at or refuses, without its words', async () => {
      for (const token of [fresh('banned'), fresh('guest')]) {
        const { ann, bobId } = await bobPlays('club', token);
        const error = await ann.refusal('presence:join', { userId: bobId }, form);
        expect(error.code).toBe('match_denied');
        expect(JSON.stringify(error)).not.toContain('none of your business');
      }
    });

    test('the auth of the match room is what it gave, and its sessionId claim takes no seat over', async () => {
      const { ann, bobId, matchId } = await bobPlays('club');
      const seat = await ann.ask('presence:join', { userId: bobId }, form);
      expect(seat.sessionId).not.toBe('stolen-session');
      expect(await sit(seat)).toBe(matchId);
      const auth = seated.findLast(({ sessionId }) => sessionId === seat.sessionId)?.auth;
      expect(auth).toEqual({ userId: (await ann.welcome()).userId, member: true, options: {}, hasHeaders: true });
    });

    test('join options reach onAuth and onJoin of the match, as in any join; what JSON cannot hold is refused', async () => {
      const { ann, bobId } = await bobPlays('club');
      const options = { team: 'red', skins: [1, { a: null }], password: 'x' };
      const seat = await ann.ask('presence:join', { userId: bobId, options }, form);
      await sit(seat);
      expect(seated.findLast(({ sessionId }) => sessionId === seat.sessionId)).toMatchObject({
        auth: { options },
        options,
      });
      for (const wrong of ['red', 5, [1], new Map([['a', 1n]]), { n: 1n }]) {
        const { code } = await ann.refusal('presence:join', { userId: bobId, options: wrong }, form);
        expect(code).toBe('invalid_payload');
      }
    });

    test('canJoin has a say, after the presence and before the seat', async () => {
      const { ann, bobId, matchId } = await bobPlays();
      const asked: unknown[] = [];
      hooks.canJoin = (viewer, { userId, matchId: id }, { roomId, name, clients, maxClients }) => {
        asked.push([viewer.userId, userId, id, roomId, name, clients, maxClients]);
        return false;
      };
      try {
        expect((await ann.refusal('presence:join', { userId: bobId }, form)).code).toBe('match_denied');
      } finally {
        hooks.canJoin = () => true;
      }
      expect(asked).toEqual([[(await ann.welcome()).userId, bobId, matchId, matchId, 'match', 1, 3]]);
      expect((await ann.ask('presence:join', { userId: bobId }, form)).roomId).toBe(matchId);
    });

    test('of several devices the most recent match is meant, or the one that is named', async () => {
      const { ann, bob, bobId, matchId } = await bobPlays();
      const other = await server.client(bobId).create('match');
      other.onMessage('*', () => {});
      const phone = await person(server, bobId, room, { status: playing(other.roomId) });
      const idle = await person(server, bobId, room, { status: 'idle' });
      await until(() => ann.sees(bobId).length === 3, 'all devices');
      expect((await ann.ask('presence:join', { userId: bobId }, form)).roomId).toBe(other.roomId);
      expect(
        (await ann.ask('presence:join', { userId: bobId, connectionId: await bob.connectionId() }, form)).roomId,
      ).toBe(matchId);
      expect(
        (await ann.refusal('presence:join', { userId: bobId, connectionId: await idle.connectionId() }, form)).code,
      ).toBe('no_match');
      expect((await ann.refusal('presence:join', { userId: bobId, connectionId: 'unknown' }, form)).code).toBe(
        'not_visible',
      );
      // One's own match, from another device.
      expect(
        (await idle.ask('presence:join', { userId: bobId, connectionId: await phone.connectionId() }, form)).roomId,
      ).toBe(other.roomId);
    });
  });

  test('many at once on the last seats: as many get one as there are, the others match_full, and the room is not overbooked', async () => {
    const { bobId, matchId } = await bobPlays();
    const crowd = await Promise.all(Array.from({ length: 8 }, async () => person(server, fresh('fan'), room)));
    await Promise.all(crowd.map(async (one) => one.follow([bobId])));
    const outcomes = await Promise.all(
      crowd.map(async (one, i) =>
        one.ask('presence:join', { userId: bobId }, FORMS[i % 2]).then(
          (seat) => seat.roomId,
          (error: { code: string }) => error.code,
        ),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === matchId)).toHaveLength(2);
    expect(outcomes.filter((outcome) => outcome === 'match_full')).toHaveLength(6);
    await settle(...crowd);
  });
});

describe('the onAuth of the match decides, however the presence-aware room authenticates', () => {
  const byToken = (token: string | undefined): unknown => ({ userId: token });
  const options: PresenceOptions = { unverifiedMatches: 'show' };
  class StaticPresence extends PresenceRoom {
    static override options = options;
    static override async onAuth(token: string): Promise<unknown> {
      return byToken(token);
    }
  }
  class StaticLobby extends PresenceLobbyRoom {
    static override options = options;
    static override async onAuth(token: string): Promise<unknown> {
      return byToken(token);
    }
  }
  class InstancePresence extends PresenceRoom {
    static override options = options;
    override onAuth(_client: Client, _options: unknown, { token }: AuthContext): unknown {
      return byToken(token);
    }
  }
  class InstanceLobby extends PresenceLobbyRoom {
    static override options = options;
    override onAuth(_client: Client, _options: unknown, { token }: AuthContext): unknown {
      return byToken(token);
    }
  }
  class StaticMatch extends Room {
    static override async onAuth(token: string): Promise<unknown> {
      return byToken(token);
    }
    override plugins = definePlugins([new PresencePlugin(options)]);
  }
  const rooms = { StaticPresence, StaticLobby, InstancePresence, InstanceLobby, StaticMatch };
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({}, { club: ClubRoom, ...rooms });
  });
  afterAll(async () => {
    await server.stop();
  });

  test.each(Object.keys(rooms))('%s', async (room) => {
    const bobId = fresh('bob');
    const bob = await server.join(bobId, { status: '' }, room);
    bob.onMessage('*', () => {});
    const club = await server.client(bobId).create('club');
    club.onMessage('*', () => {});
    await bob.request('presence:status', { status: playing(club.roomId) });
    const jump = async (token: string): Promise<JoinReply> => {
      const viewer = await server.join(token, {}, room);
      viewer.onMessage('*', () => {});
      await viewer.request('presence:follow', { userIds: [bobId] });
      return viewer.request('presence:join', { userId: bobId });
    };
    await expect(jump(fresh('banned'))).rejects.toMatchObject({ reason: { code: 'match_denied' } });
    const ann = fresh('ann');
    await server.client().consumeSeatReservation(await jump(ann));
    expect(seated.at(-1)).toMatchObject({ roomId: club.roomId, auth: { userId: ann, member: true, hasHeaders: true } });
  });
});
