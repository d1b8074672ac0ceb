/** Misuse of the client helper, from JavaScript without types: every function and every option, one sentence each. */
import type { Client, Room } from '@colyseus/sdk';
import { describe, expect, test, vi } from 'vitest';
import {
  compareFriends,
  detailsOf,
  PresenceClient,
  PresenceError,
  type AttachOptions,
  type PresenceClientOptions,
} from '../../src/client/index.ts';
import { clients, join, server, settle, useScriptedServer } from './scripted.ts';

useScriptedServer();

const circular: Record<string, unknown> = {};
circular['self'] = circular;

/** The words of a refused call. Whatever returns a promise has to fail in it. */
async function refusal(run: () => unknown): Promise<string> {
  let error: unknown;
  try {
    const promise = run();
    expect(promise).toBeInstanceOf(Promise);
    await promise;
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(PresenceError);
  const { code, message } = error as PresenceError;
  expect(code).toBe('invalid_payload');
  expect(message).toMatch(/^["A-Z`u].*[^.]\.$|\?$/u);
  expect(message).not.toMatch(/undefined \(|is not a function|Cannot|not iterable/);
  return message;
}

const list: Array<[value: unknown, says: string]> = [
  [undefined, 'undefined'],
  [null, 'null'],
  ['bob', '"bob"'],
  [7, 'the number 7'],
  [{ bob: true }, 'an object with the fields bob'],
];
const ids: Array<[value: unknown, says: string]> = [
  [undefined, 'undefined'],
  [null, 'null'],
  ['', '""'],
  [1.5, 'the number 1.5'],
  [['bob'], 'a list'],
  [{ userId: 'bob' }, 'an object with the fields userId'],
];
const invites: Array<[value: unknown, says: string]> = [
  [undefined, 'undefined'],
  [null, 'null'],
  [7, 'the number 7'],
  [{ id: 'i' }, 'an object with the fields id'],
];
const callbacks: Array<[value: unknown, says: string]> = [
  [undefined, 'undefined'],
  ['listener', '"listener"'],
];
const how: Array<[value: unknown, says: string]> = [
  [null, 'has to be an object, but is null'],
  ['red', 'has to be an object, but is "red"'],
  [{ option: {} }, 'Did you mean "options"?'],
  [{ options: 'red' }, '"options" of'],
  [{ options: circular }, 'a JSON object'],
  [{ options: { big: 1n } }, 'a JSON object'],
];

type Loose = Record<string, (...args: unknown[]) => unknown>;

const calls: Record<string, Array<[args: unknown[], says: string]>> = {
  setStatus: [
    [[], 'undefined'],
    [[7], 'the number 7'],
    [[circular], 'an object with the fields self'],
    [[true], 'true'],
  ],
  follow: [...list.map(([value, says]): [unknown[], string] => [[value], says]), [[['bob', null]], 'null']],
  unfollow: [
    ...list.slice(1).map(([value, says]): [unknown[], string] => [[value], says]),
    [[], 'unfollowAll()'],
    [[[{}]], 'an empty object'],
  ],
  getUserStatus: [...list.map(([value, says]): [unknown[], string] => [[value], says]), [[[{}]], 'an empty object']],
  joinFriend: [
    ...ids.map(([value, says]): [unknown[], string] => [[value], says]),
    ...how.map(([value, says]): [unknown[], string] => [['bob', value], says]),
    [['bob', { connectionId: 7 }], '"connectionId" of joinFriend has to be a string, but is the number 7'],
  ],
  askToJoin: [
    ...ids.map(([value, says]): [unknown[], string] => [[value], says]),
    ...how.map(([value, says]): [unknown[], string] => [['bob', value], says]),
  ],
  invite: [
    ...ids.map(([value, says]): [unknown[], string] => [[value], says]),
    [['bob', null], 'null'],
    [['bob', { mach: 'm' }], 'Did you mean "match"?'],
    [['bob', { match: 7 }], 'the number 7'],
    [['bob', { match: null }], 'null'],
  ],
  accept: [
    ...invites.map(([value, says]): [unknown[], string] => [[value], says]),
    ...how.map(([value, says]): [unknown[], string] => [['i', value], says]),
  ],
  decline: invites.map(([value, says]) => [[value], says]),
  cancel: invites.map(([value, says]) => [[value], says]),
  allow: invites.map(([value, says]) => [[value], says]),
  refuse: invites.map(([value, says]) => [[value], says]),
};

const listeners = ['subscribe', 'onDelta', 'onUserStatusChanged', 'onFollowsChanged', 'onConnectionChange'];

describe('calls', () => {
  test.each(Object.entries(calls))('%s', async (name, cases) => {
    const friends = await join();
    const before = server.room.sent.length;
    for (const [args, says] of cases) {
      expect(await refusal(() => (friends as unknown as Loose)[name]!(...args))).toContain(says);
    }
    expect(server.room.sent).toHaveLength(before);
  });

  test.each(listeners)('%s', async (name) => {
    const friends = await join();
    for (const [value, says] of callbacks) {
      expect(await refusal(() => (friends as unknown as Loose)[name]!(value))).toContain(says);
    }
  });

  test('the listeners of invites', async () => {
    const { invites: store } = await join();
    for (const [value, says] of callbacks) {
      expect(await refusal(() => store.subscribe(value as never))).toContain(says);
      expect(await refusal(() => store.onEnded(value as never))).toContain(says);
    }
  });

  test('there are no others', () => {
    const descriptors = Object.entries(Object.getOwnPropertyDescriptors(PresenceClient.prototype));
    const methods = descriptors.filter(([, { value }]) => typeof value === 'function').map(([name]) => name);
    const withoutArguments = ['constructor', 'unfollowAll', 'leave'];
    expect(new Set(methods)).toEqual(new Set([...Object.keys(calls), ...listeners.slice(1), ...withoutArguments]));
  });
});

const options: Array<[options: unknown, says: string]> = [
  [null, 'has to be an object, but is null'],
  ['', 'has to be an object, but is ""'],
  [[], 'has to be an object, but is a list'],
  [{ statsu: '' }, '"statsu" is not an option of'],
  [{ statsu: '' }, 'Did you mean "status"?'],
  [{ toString: 1 }, '"toString" is not an option of'],
  [{ status: 7 }, 'the number 7'],
  [{ sync: 'all' }, 'has to be one of deltas, both, state, but is "all"'],
  [{ resume: 7 }, 'has to be a string, but is the number 7'],
  [{ joinOptions: 'eu' }, 'has to be a JSON object, but is "eu"'],
  [{ joinOptions: circular }, 'has to be a JSON object'],
  [{ joinAttempts: 0 }, 'has to be a number of at least 1, but is the number 0'],
  [{ roomMethod: 'joinById' }, 'has to be one of joinOrCreate, join, create'],
  [{ rejoin: false }, 'has to be a JSON object, but is false'],
  [{ rejoin: { attemps: 1 } }, 'Did you mean "attempts"?'],
  [{ rejoin: { attempts: -1 } }, '"attempts" of rejoin has to be a number of at least 0'],
  [{ rejoin: { minMs: '1' } }, '"minMs" of rejoin'],
  [{ rejoin: { maxMs: null } }, 'but is null'],
  [{ reconnectMs: Number.NaN }, 'the number NaN'],
  [{ timeoutMs: '10' }, 'but is "10"'],
  [{ maxFrameBytes: 10 }, 'a number of at least 64'],
  [{ onRoom: {} }, 'has to be a function, but is an empty object'],
];

describe('options', () => {
  test.each(options)('of join: %o', async (wrong, says) => {
    const joining = (): unknown => PresenceClient.join(server.client, 'presence', wrong as PresenceClientOptions);
    expect(await refusal(joining)).toContain(says);
    expect(server.attempts).toBe(0);
  });

  test.each([...options, [undefined, 'a Client of @colyseus/sdk'] as const])('of attach: %o', async (wrong, says) => {
    const room = await server.client.joinOrCreate('presence');
    const given = typeof wrong === 'object' && wrong !== null && !Array.isArray(wrong);
    const all = given ? { client: server.client, ...wrong } : wrong;
    expect(await refusal(() => PresenceClient.attach(room, all as AttachOptions))).toContain(says);
  });

  test('what is undefined counts as left out', async () => {
    const names = ['status', 'sync', 'resume', 'joinOptions', 'roomMethod', 'rejoin', 'timeoutMs', 'onRoom'];
    await join(Object.fromEntries(names.map((name) => [name, undefined])));
    expect(server.room.options).toEqual({ sync: 'deltas' });
  });
});

describe('what the helper works on', () => {
  test('a client, a name, a room', async () => {
    const unchecked = PresenceClient as unknown as Loose & { join: Loose[string]; attach: Loose[string] };
    expect(await refusal(() => unchecked.join())).toContain('a Client of @colyseus/sdk, but is undefined');
    expect(await refusal(() => unchecked.join('ws://localhost', 'presence'))).toContain('a Client of @colyseus/sdk');
    expect(await refusal(() => unchecked.join(server.client))).toContain('The name of the room');
    expect(await refusal(() => unchecked.join(server.client, ''))).toContain('The name of the room');
    expect(await refusal(() => unchecked.attach())).toContain('a joined Room of @colyseus/sdk, but is undefined');
    const room: Room = await server.client.joinOrCreate('presence');
    expect(await refusal(() => unchecked.attach(room, { client: 'x' as unknown as Client }))).toContain('but is "x"');
    const unnamed = { client: server.client, roomName: 7 };
    expect(await refusal(() => unchecked.attach(room, unnamed))).toContain('"roomName" of attach has to be a string');
  });

  test('a friend, a presence, a code', async () => {
    const sort = compareFriends as unknown as Loose[string];
    const details = detailsOf as unknown as Loose[string];
    expect(await refusal(() => sort({ userId: 'ann' }, 'bob'))).toContain('"bob"');
    expect(await refusal(() => sort())).toContain('undefined');
    expect(await refusal(() => details())).toContain('undefined');
    expect(await refusal(() => details({ userId: 'ann' }))).toContain('an object with the fields userId');
    expect(() => new PresenceError('nope' as never)).toThrow('PresenceError takes a code of ERRORS');
    expect(() => new PresenceError('internal', null as never)).toThrow('PresenceError takes a code of ERRORS');
  });
});

test('when everything fails, each call fails with a PresenceError, and no rejection is left unhandled', async () => {
  const friends = await join({ rejoin: { attempts: 0 }, timeoutMs: 50 });
  server.onRequest = () => new Promise(() => undefined);
  const running = [
    friends.setStatus('x'),
    friends.follow(['bob']),
    friends.unfollow(['bob']),
    friends.unfollowAll(),
    friends.getUserStatus(['bob']),
    friends.joinFriend('bob'),
    friends.joinFriend('bob'),
    friends.invite('bob'),
    friends.accept('i'),
    friends.decline('i'),
    friends.cancel('i'),
    friends.askToJoin('bob'),
    friends.allow('i'),
    friends.refuse('i'),
  ].map((promise) => promise.catch((error: unknown) => error));
  const unhandled: unknown[] = [];
  const note = (reason: unknown): unknown => unhandled.push(reason);
  process.on('unhandledRejection', note);
  await settle();
  server.room.end(4001);
  await vi.advanceTimersByTimeAsync(60);
  expect((await Promise.all(running)).every((error) => error instanceof PresenceError)).toBe(true);
  await settle();
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

describe('the first join', () => {
  test('is tried again when it is asked for, with pauses', async () => {
    server.onJoin = (attempt) => {
      if (attempt < 3) {
        throw new Error('no server there');
      }
    };
    const joining = join({ joinAttempts: 5, rejoin: { minMs: 100, maxMs: 100 } });
    for (const attempts of [1, 2, 3]) {
      await settle();
      expect(server.attempts).toBe(attempts);
      await vi.advanceTimersByTimeAsync(100);
    }
    expect((await joining).connection).toBe('online');
  });

  test('fails with the last reason; at once for one that stays', async () => {
    const cause = new Error('no server there');
    server.onJoin = () => {
      throw cause;
    };
    const failed = join({ joinAttempts: 2, rejoin: { minMs: 1, maxMs: 1 } }).catch((error: unknown) => error);
    await settle();
    await vi.advanceTimersByTimeAsync(1);
    expect(await failed).toMatchObject({ code: 'unavailable', cause });
    expect(server.attempts).toBe(2);
    server.onJoin = () => {
      throw new Error('(code: unauthenticated)');
    };
    await expect(join({ joinAttempts: 5 })).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(server.attempts).toBe(3);
    expect(clients).toEqual([]);
  });
});
