/** Who a connection belongs to: from `client.auth`, by `identify`; no identity, no seat. */
import { definePlugins, logger, Room, type defineRoom } from '@colyseus/core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  MatchPlugin,
  presence,
  PresencePlugin,
  PresenceRoom,
  type Identity,
  type PresenceJoinOptions,
  type PresenceOptions,
} from '../../src/index.ts';
import { defaultIdentify } from '../../src/options.ts';
import { person, ROOMS } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
afterEach(async () => {
  await server?.stop();
});

async function serve(identify: (auth: { userId?: string }) => unknown): Promise<void> {
  server = await startServer({ identify: identify as NonNullable<PresenceOptions['identify']> });
}

describe.each(ROOMS)('identify, in a %s room,', (room) => {
  test('names the user from client.auth, and the name shown beside it', async () => {
    await serve(({ userId }) => ({ userId: `account-${userId}`, username: `Captain ${userId}` }));
    const bob = await person(server, 'bob', room, { status: 'here' });
    expect(await bob.welcome()).toMatchObject({ userId: 'account-bob', username: 'Captain bob' });
    expect(await presence.statuses(['bob', 'account-bob'])).toMatchObject([
      { general: 'unlogined' },
      { general: 'online', presences: [{ userId: 'account-bob', username: 'Captain bob' }] },
    ]);
  });

  test.each<[string, () => unknown]>([
    ['null', () => null],
    ['nothing', () => undefined],
    ['a promise', () => Promise.resolve({ userId: 'bob' })],
    ['an empty id', () => ({ userId: '' })],
    ['a prototype key', () => ({ userId: '__proto__' })],
    ['an id that is too long', () => ({ userId: 'x'.repeat(129) })],
    [
      'an exception',
      () => {
        throw new Error('bad token');
      },
    ],
  ])('with %s refuses the join, with the reason', async (_, answer) => {
    await serve(answer);
    await expect(server.join('bob', {}, room)).rejects.toThrow('unauthenticated');
    expect(presence.count()).toEqual({ users: 0, connections: 0, online: 0 });
  });

  test('is not asked what the client says of itself in the join options', async () => {
    await serve(({ userId }) => (userId === undefined ? null : { userId }));
    const lie = {
      userId: 'admin',
      username: 'Admin',
      auth: { userId: 'admin' },
      connectionId: 'stolen',
    } as PresenceJoinOptions;
    const bob = await person(server, 'bob', room, { ...lie, status: '' });
    expect((await bob.welcome()).userId).toBe('bob');
    expect((await bob.welcome()).connectionId).not.toBe('stolen');
    await expect(server.join('', lie, room)).rejects.toThrow('unauthenticated');
  });
});

describe('a client without a user is explained in the log, once per class of room:', () => {
  const auth = (): unknown => ({ email: 'ann@example.org', uid: 7 });
  class Friends extends PresenceRoom {
    static override async onAuth(): Promise<unknown> {
      return auth();
    }
  }
  class Named extends PresenceRoom.configure({ identify: (given) => given as Identity }) {
    override onAuth(): unknown {
      return auth();
    }
  }
  class Match extends Room {
    static override async onAuth(): Promise<unknown> {
      return auth();
    }
    override plugins = definePlugins([new PresencePlugin(), new MatchPlugin()]);
  }

  test.each<[string, Parameters<typeof defineRoom>[0], RegExp]>([
    ['a PresenceRoom', Friends, /room "room" \(Friends\).*fields email, uid.*userId, id or sub/],
    [
      'a room with an identify of its own',
      Named,
      /\(Named\).*fields email, uid.*"identify" returned an object with the fields email, uid/,
    ],
    ['a room with the plugins, in which it plays on', Match, /\(Match\).*fields email, uid.*userId, id or sub/],
  ])('%s', async (_, roomClass, line) => {
    const log: string[] = [];
    vi.spyOn(logger, 'warn').mockImplementation((text: string) => {
      log.push(text);
    });
    server = await startServer({}, { room: roomClass });
    for (const token of ['ann', 'bob']) {
      const joining = server.join(token, {}, 'room');
      if (roomClass === Match) {
        await expect((await joining).request('presence:query', { userIds: ['bob'] })).rejects.toMatchObject({
          reason: { code: 'unauthenticated' },
        });
      } else {
        await expect(joining).rejects.toThrow('unauthenticated');
      }
    }
    expect(log.filter((text) => line.test(text))).toHaveLength(1);
    vi.restoreAllMocks();
  });
});

test('the default identify takes userId, id or sub, and username, displayName or name', () => {
  expect(defaultIdentify({ userId: 'a', id: 'b', sub: 'c' })).toEqual({ userId: 'a' });
  expect(defaultIdentify({ id: 42, displayName: 'Forty-two' })).toEqual({ userId: '42', username: 'Forty-two' });
  expect(defaultIdentify({ userId: '', sub: 'c', username: '', name: 'Cee' })).toEqual({
    userId: 'c',
    username: 'Cee',
  });
  expect(defaultIdentify({ userId: Number.NaN, id: null, sub: {} })).toBeUndefined();
  expect([true, 'bob', null, undefined, 7].every((auth) => defaultIdentify(auth) === undefined)).toBe(true);
});
