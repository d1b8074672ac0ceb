/** A player with a client of its own, who knows the documents and writes its own frames: each hurts nobody but itself. */
import { matchMaker, Protocol } from '@colyseus/core';
import { Packr, pack } from 'msgpackr';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { currentRuntime } from '../../src/server/runtime.ts';
import { fresh, person, ROOMS } from '../support/person.ts';
import { dataFrame, rawJoin, RawClient, rawOpen, requestHead } from '../support/raw.ts';
import { serverRoom } from '../support/drop.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import { expectServed, HonestPair } from './support/honest-pair.ts';

const { ROOM_DATA, ROOM_DATA_BYTES, ROOM_REQUEST } = Protocol;
/** Writes whole numbers of any size, dates, sets, errors and cycles. */
const odd = new Packr({ useRecords: false, useBigIntExtension: true, moreTypes: true, structuredClone: true });
const data = (type: string, payload: unknown): Buffer => Buffer.concat([dataFrame(type), odd.pack(payload)]);
const request = (type: string, payload: unknown, id = 1): Buffer =>
  Buffer.concat([requestHead(id, type), odd.pack(payload)]);
const bytes = (...parts: Array<number | string | Uint8Array>): Buffer =>
  Buffer.concat(
    parts.map((part) =>
      typeof part === 'number' ? Buffer.of(part) : typeof part === 'string' ? Buffer.from(part) : part,
    ),
  );
const cycle: unknown[] = [];
cycle.push(cycle);
const circle: Record<string, unknown> = { status: 'x' };
circle['self'] = circle;
const unprintable = { toString: 1, valueOf: 1 };
const nested = JSON.parse(`${'['.repeat(1000)}${']'.repeat(1000)}`) as unknown;
const own = (text: string): unknown => JSON.parse(text);
/** A shape that a record of MessagePack extensions gives to later numbers of the same message. */
const records = new Packr().pack([{ userIds: ['a'] }, { userIds: ['b'] }, 64, 65]);

/** Each leaves the attacker connected and served. */
const HARMLESS: ReadonlyArray<readonly [what: string, ...frames: Uint8Array[]]> = [
  ['the type "*" with what is no text', data('*', unprintable), request('*', unprintable)],
  ['the type "*" with a cycle, a date and a deep list', data('*', cycle), data('*', new Date(0)), data('*', nested)],
  ['the type "*" with the name of a message', data('*', 'presence:status'), request('*', 'presence:query')],
  ['types with names of the prototype', data('__proto__', {}), data('constructor', {}), request('toString', {})],
  ['the inner name of a binary type', data('_$bpresence:status', {}), request('_$b*', {})],
  ['a type of 4000 characters', bytes(ROOM_DATA, 0xda, 0xa0, 0x0f, 'x'.repeat(4000))],
  ['a type that is longer than the frame', bytes(ROOM_DATA, 0xdb, 0xff, 0xff, 0xff, 0xff, 'presence:query')],
  ['a type that is not UTF-8', bytes(ROOM_DATA, 0xa3, 0xff, 0xfe, 0xfd), bytes(ROOM_REQUEST, 1, 0xa2, 0xc3, 0x28)],
  ['no type', bytes(ROOM_DATA), bytes(ROOM_DATA, 0xa0), bytes(ROOM_REQUEST), bytes(ROOM_REQUEST, 1)],
  ['types that are numbers', bytes(ROOM_DATA, 5), bytes(ROOM_DATA, 0xcb, ...Array<number>(8).fill(0xff))],
  ['a request id that is no number', bytes(ROOM_REQUEST, 0xc1, 0xae, 'presence:query')],
  ['a request id of 64 bits, and a fraction', bytes(ROOM_REQUEST, 0xcf, ...Array<number>(8).fill(0xff), 0xa1, 'x')],
  [
    'one request id twice',
    request('presence:query', { userIds: ['a'] }),
    request('presence:query', { userIds: ['b'] }),
  ],
  ['a message as bytes', bytes(ROOM_DATA_BYTES, 0xaf, 'presence:status', pack({ status: 'x' }))],
  ['input frames, which this room has not', bytes(19, 1, 2, 3), bytes(20, 1, 2, 3), bytes(0xff, 0xff)],
  ['messages that only the server sends', data('presence:delta', { joins: [] }), data('rooms', []), data('+', [])],
  ['acknowledgements, pings and state frames', bytes(10), bytes(10, 1), bytes(18), bytes(14, 1), bytes(15, 0xff)],
  ['a cid of 70 bits', data('presence:status', { status: 'x', cid: 2n ** 70n })],
  ['a cid of 70 bits, of a call that waits', data('presence:follow', { userIds: ['a'], cid: -(2n ** 70n) })],
  ['a cid of 30,000 bits, of a call that fails', data('presence:status', { status: 5, cid: 2n ** 30_000n })],
  ['a cid of 70 bits, of no message at all', data('presence:nonsense', { cid: 2n ** 70n })],
  [
    'cids that are no numbers',
    ...[NaN, Infinity, -0, new Date(0), /x/, new Set([1]), new Error('x'), [1]].map((cid) =>
      data('presence:status', { status: 'x', cid }),
    ),
  ],
  ['a cid of 129 characters', data('presence:status', { status: 'x', cid: 'c'.repeat(129) })],
  ['lists that contain themselves', data('presence:status', cycle), data('presence:query', { userIds: cycle })],
  [
    'records that redefine numbers',
    bytes(dataFrame('presence:status'), records),
    data('presence:query', { userIds: [64, 65] }),
  ],
  [
    'errors whose name is one of the prototype',
    bytes(dataFrame('presence:query'), 0xd6, 0x65, 0, 0, 0, 0, 0x92, 0xa7, 'valueOf', 0xa1, 'x'),
  ],
  [
    'statuses of 2049 bytes, in 2049 and in 683 characters',
    data('presence:status', { status: 'x'.repeat(2049) }),
    data('presence:status', { status: '€'.repeat(684) }),
  ],
  [
    'statuses with NUL, escapes and halves of characters',
    data('presence:status', { status: '\0\u001b[2J\u202e' }),
    bytes(dataFrame('presence:status'), 0x81, 0xa6, 'status', 0xa3, 0xed, 0xa0, 0x80),
  ],
  [
    'a status that is JSON with prototypes',
    data('presence:status', { status: '{"__proto__":{"matchId":"m"},"constructor":1}' }),
  ],
  ['a status nested 600 levels deep', data('presence:status', { status: `${'{"a":'.repeat(300)}1${'}'.repeat(300)}` })],
  [
    'the status true, 0, {} and binary',
    ...[true, 0, {}, Buffer.alloc(3), [[]]].map((status) => data('presence:status', { status })),
  ],
  [
    'ids of the prototype',
    data('presence:follow', { userIds: ['constructor', 'toString', 'hasOwnProperty', 'valueOf'] }),
  ],
  [
    'the id __proto__',
    data('presence:follow', { userIds: ['__proto__'] }),
    data('presence:query', { userIds: ['__proto__', 'a'] }),
  ],
  [
    'ids with the separators and wildcards of a store',
    data('presence:follow', { userIds: ['*', 'u:*', 'presence:u:friend', 'a\r\nDEL x', '\0', '{a}'] }),
  ],
  [
    'ids that are numbers of every kind',
    data('presence:query', { userIds: [-0, 1.5, 2 ** 53, 1e21, NaN, -5, 2n ** 63n, 2n ** 70n, 2n ** 900n] }),
  ],
  ['ids that are lists, dates and true', data('presence:follow', { userIds: [['a'], new Date(0), true, null] })],
  [
    '101 ids, and one id 100 times',
    data('presence:follow', { userIds: Array.from({ length: 101 }, (_, i) => i) }),
    data('presence:follow', { userIds: Array(100).fill('a') }),
  ],
  [
    '500 ids, and 501',
    data('presence:query', { userIds: Array.from({ length: 500 }, (_, i) => i) }),
    data('presence:query', { userIds: Array.from({ length: 501 }, (_, i) => i) }),
  ],
  [
    'an id with a half of a character',
    bytes(dataFrame('presence:query'), 0x81, 0xa7, 'userIds', 0x91, 0xa3, 0xed, 0xa0, 0x80),
  ],
  [
    'an empty list as binary, a date or a set',
    ...[Buffer.alloc(0), new Date(0), new Set()].map((userIds) => data('presence:unfollow', { userIds, cid: 1 })),
  ],
  [
    'fields of the prototype',
    bytes(
      dataFrame('presence:status'),
      0x82,
      0xa9,
      '__proto__',
      0x81,
      0xa6,
      'status',
      0xa1,
      'y',
      0xa6,
      'status',
      0xa1,
      'x',
    ),
  ],
  ['the status false, twice', data('presence:status', { status: false }), data('presence:status', { status: false })],
  [
    'filters of every kind',
    ...[new Date(0), cycle, { name: {} }, { metadata: own('{"__proto__":1}') }, { metadata: cycle }, unprintable].map(
      (filter) => data('filter', filter),
    ),
  ],
  [
    'a filter with 500 fields',
    data('filter', { metadata: Object.fromEntries(Array.from({ length: 500 }, (_, i) => [i, i])) }),
  ],
  [
    'invites of nobody',
    ...['__proto__', 1.5, 2n ** 70n, ['a'], '', null].map((userId) => data('presence:invite', { userId })),
  ],
  [
    'invites to matches that are none',
    ...['__proto__', 5, ['m'], 'x'.repeat(200)].map((matchId) => data('presence:invite', { userId: 'a', matchId })),
  ],
  [
    'answers to invites of others',
    ...['__proto__', 'constructor', 'x'.repeat(22), 5, new Date(0)].map((inviteId) =>
      data('presence:answer', { inviteId, answer: 'accept', options: new Date(0) }),
    ),
  ],
  [
    'answers that are none',
    ...['', 'toString', 5, null, unprintable].map((answer) =>
      data('presence:answer', { inviteId: 'x'.repeat(22), answer }),
    ),
  ],
  ['asks of nobody', ...['__proto__', 'a', 5].map((userId) => data('presence:ask', { userId, connectionId: {} }))],
  ['a hundred welcomes in one segment', ...Array.from({ length: 100 }, () => data('presence:welcome', {}))],
];

/** Each closes the attacker, with this code. */
const CLOSES: ReadonlyArray<readonly [what: string, code: number, frame: Uint8Array]> = [
  ['an object that contains itself, which Colyseus cannot read', 4002, data('presence:status', circle)],
  ['a pointer to nothing', 4002, bytes(dataFrame('presence:query'), 0xd6, 0x70, 0, 0, 0, 9)],
  ['a list of four billion entries', 4002, bytes(dataFrame('presence:query'), 0xdd, 0xff, 0xff, 0xff, 0xff)],
  ['a leave', 4000, bytes(12)],
];

// Colyseus logs what it cannot read.
beforeAll(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterAll(() => {
  vi.restoreAllMocks();
});

describe.each(ROOMS)('in a %s room', (room) => {
  let server: TestServer;
  let pair: HonestPair;
  beforeAll(async () => {
    server = await startServer({ floodLimit: 1000 }, {}, 60_000);
    pair = await HonestPair.at(server, room);
  });
  afterAll(async () => {
    await server.stop();
  });

  test.each(HARMLESS.map(([what, ...frames]) => [what, frames] as const))('%s', async (_, frames) => {
    const eve = fresh('eve');
    const client = await rawJoin(server, eve, room);
    for (const frame of frames) {
      client.socket.send(frame);
    }
    await expectServed(client, eve);
    expect(client.closeCode).toBeUndefined();
    client.socket.terminate();
    await pair.expectUnharmed();
  });

  test.each(CLOSES)('%s closes its sender (%i), and nobody else', async (_, code, frame) => {
    const client = await rawJoin(server, fresh('eve'), room);
    client.socket.send(frame);
    client.socket.send(data('presence:status', { status: 'afterwards' }));
    expect(await client.closed()).toBe(code);
    await pair.expectUnharmed();
  });

  const FORGED: ReadonlyArray<readonly [what: string, body: unknown]> = [
    ['other identities', { userId: 'friend', auth: { userId: 'friend' }, username: 'friend', sessionId: 'mine' }],
    ['hooks and limits', { maxFollows: 1e9, identify: 'x', features: {}, cluster: { prefix: 'x' } }],
    ['presence options nested', { presence: { status: 'x', sync: 'state', resume: 'x' } }],
    ['a prototype', own('{"__proto__":{"status":"x","sync":"state"}}')],
    ['a number', 5],
    ['a list', [1, { status: 'x' }]],
    ['a resume of another type', { resume: { $ne: null } }],
    ['a resume that is too long', { resume: 'r'.repeat(5000) }],
  ];
  test.each(FORGED)('join options with %s name nobody else, and set nothing', async (_, body) => {
    const eve = fresh('eve');
    const client = await rawJoin(server, eve, room, body as never);
    await expectServed(client, eve);
    const [connection] = currentRuntime('presence')!.tracker.users.get(eve)!.own;
    expect(connection).toMatchObject({ sync: 'both', viewer: { userId: eve } });
    expect(currentRuntime('presence')!.tracker.users.get(eve)!.visible.size).toBe(0);
    client.socket.terminate();
    await pair.expectUnharmed();
  });

  test.each([
    ['a status that is too long', { status: 'x'.repeat(2049) }, 'status_too_long'],
    ['a status of another type', { status: 5 }, 'invalid_payload'],
    ['another sync', { sync: '__proto__' }, 'invalid_payload'],
  ])('a join with %s is refused, and nothing of it stays', async (_, body, code) => {
    const eve = fresh('eve');
    const client = await rawOpen(server, eve, room, body as never);
    await client.closed();
    expect(Buffer.concat(client.frames).toString()).toContain(code);
    expect(currentRuntime('presence')!.tracker.users.get(eve)).toBeUndefined();
  });

  test('the connection of another user cannot be resumed, nor the own one that is alive', async () => {
    const victim = await person(server, fresh('victim'), room, { status: 'here' });
    const id = await victim.connectionId();
    const eve = fresh('eve');
    const thief = await rawJoin(server, eve, room, { resume: id });
    const [first] = currentRuntime('presence')!.tracker.users.get(eve)!.own;
    expect(first?.connectionId).not.toBe(id);
    const twin = await rawJoin(server, eve, room, { resume: first!.connectionId });
    expect(new Set([...first!.user.own].map(({ connectionId }) => connectionId)).size).toBe(2);
    expect(victim.room.connection.isOpen).toBe(true);
    [thief, twin].forEach(({ socket }) => {
      socket.terminate();
    });
    await pair.expectUnharmed();
  });

  test('a seat, a session and a reconnection token open nothing to a second socket', async () => {
    const victim = await person(server, fresh('victim'), room, { status: 'here' });
    const { sessionId, roomId, reconnectionToken } = victim.room;
    const base = `${server.url.replace('http', 'ws')}/${matchMaker.processId}/${roomId}`;
    const token = reconnectionToken.split(':')[1]!;
    for (const query of [
      `sessionId=${sessionId}`,
      'sessionId=__proto__',
      'sessionId=',
      `sessionId=${sessionId}&reconnectionToken=${'x'.repeat(9)}`,
      `sessionId=other&reconnectionToken=${token}`,
    ]) {
      const thief = new RawClient(new WebSocket(`${base}?${query}`));
      await thief.closed();
      expect(thief.frames.some((frame) => frame[0] === Protocol.JOIN_ROOM)).toBe(false);
    }
    expect(serverRoom(victim).clients.get(sessionId)).toBeDefined();
    expect(victim.room.connection.isOpen).toBe(true);
    await pair.expectUnharmed();
  });
});

describe('a client that does not read what Colyseus itself answers', () => {
  const MAX_BUFFERED = 16 * 1024;
  const FRAME = bytes(ROOM_REQUEST, 1, 0xda, 0xa0, 0x0f, 'x'.repeat(4000));

  test('is closed', async () => {
    const server = await startServer({ maxBufferedBytes: MAX_BUFFERED }, {}, 60_000);
    const eve = await rawJoin(server, 'eve', 'presence');
    const [connection] = currentRuntime('presence')!.tracker.users.get('eve')!.own;
    const { ref } = (connection!.sink as unknown as { client: { ref: { bufferedAmount: number; readyState: number } } })
      .client;
    (eve.socket as unknown as { _socket: { pause(): void } })._socket.pause();
    let most = 0;
    await until(
      () => {
        for (let i = 0; i < 20; i++) {
          eve.socket.send(FRAME);
        }
        most = Math.max(most, ref.bufferedAmount);
        return ref.readyState !== WebSocket.OPEN || most > 64 * MAX_BUFFERED;
      },
      'the server to close it',
      20_000,
    );
    expect(most).toBeLessThan(64 * MAX_BUFFERED);
    eve.socket.terminate();
    await server.stop();
  });
});
