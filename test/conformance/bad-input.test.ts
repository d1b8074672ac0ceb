/** What a dynamically typed engine can send by mistake: every row has the meaning that docs/protocol.md gives it, or an error that names the field. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FORMS, fresh, person, type Person } from '../support/person.ts';
import { rawJoin, type RawClient } from '../support/raw.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import type { RequestType } from '../../src/index.ts';

const BINARY = Buffer.from('bob');

let server: TestServer;
let ann: Person;
let raw: RawClient;
beforeAll(async () => {
  server = await startServer({ rateLimit: 10_000 });
  ann = await person(server, fresh('ann'), 'presence', { status: 'here' });
  raw = await rawJoin(server, fresh('raw'), 'presence');
});
afterAll(async () => {
  await server.stop();
});

type Row = readonly [what: string, type: RequestType, payload: unknown, named: string];

const REFUSED: readonly Row[] = [
  ['no status', 'presence:status', {}, '"status"'],
  ['a status that is a number', 'presence:status', { status: 1 }, '"status"'],
  ['a status that is a float', 'presence:status', { status: 0.5 }, '"status"'],
  ['a status that is true', 'presence:status', { status: true }, '"status"'],
  ['a status that is a list', 'presence:status', { status: ['x'] }, '"status"'],
  ['a status that is an empty list', 'presence:status', { status: [] }, '"status"'],
  ['a status that is an object', 'presence:status', { status: { text: 'x' } }, '"status"'],
  ['a status that is binary', 'presence:status', { status: BINARY }, '"status"'],
  ['a misspelled field', 'presence:status', { Status: 'x' }, '"Status"'],
  ['a list for the object', 'presence:status', ['x'], 'object'],
  ['a text for the object', 'presence:follow', 'bob', 'object'],
  ['a number for the object', 'presence:follow', 7, 'object'],
  ['binary for the object', 'presence:follow', BINARY, 'object'],
  ...(['presence:follow', 'presence:unfollow', 'presence:query'] as const).flatMap((type): Row[] => [
    [
      'ids that are null (a packed array of Godot)',
      type,
      { userIds: null },
      '"userIds" must be a list of user ids (in Godot a plain Array',
    ],
    ['ids that are a fraction', type, { userIds: 0.5 }, '"userIds"'],
    ['ids that are a boolean', type, { userIds: false }, '"userIds"'],
    ['ids that are an object with keys', type, { userIds: { 1: 'bob' } }, '"userIds"'],
    ['ids that are binary', type, { userIds: BINARY }, '"userIds"'],
    ['ids that are an empty text', type, { userIds: '' }, '"userIds"'],
    ['a list of fractions', type, { userIds: [2.5, -0.5] }, '"userIds"'],
    ['a list with binary', type, { userIds: [BINARY] }, '"userIds"'],
    ['a list in a list', type, { userIds: [['bob']] }, '"userIds"'],
    ['a list with null', type, { userIds: [null] }, '"userIds"'],
  ]),
  ['no ids to follow', 'presence:follow', {}, '"userIds"'],
  ['no ids to query', 'presence:query', {}, '"userIds"'],
  ...[undefined, null, 1.5, true, ['bob'], { id: 'bob' }, BINARY, ''].map((userId): Row => [
    `userId ${JSON.stringify(userId)}`,
    'presence:join',
    { userId },
    '"userId"',
  ]),
  ...[null, 5, 1.5, true, ['c'], {}, BINARY, ''].map((connectionId): Row => [
    `connectionId ${JSON.stringify(connectionId)}`,
    'presence:join',
    { userId: 'bob', connectionId },
    '"connectionId"',
  ]),
  ...[null, 5, true, 'x', ['x']].map((options): Row => [
    `options ${JSON.stringify(options)}`,
    'presence:join',
    { userId: 'bob', options },
    '"options"',
  ]),
];

describe.each(FORMS)('by %s', (form) => {
  test.each(REFUSED)('%s in %s is refused, and the error names it', async (_, type, payload, named) => {
    if (form === 'send' && (typeof payload !== 'object' || Array.isArray(payload) || Buffer.isBuffer(payload))) {
      // No place for a cid: the failure is told without one.
      const before = ann.replies.length;
      ann.rawSend(type, payload);
      const reply = await until(() => ann.replies[before], 'the reply');
      expect(reply).toMatchObject({ cid: null, ok: false, error: { code: 'invalid_payload' } });
      expect(JSON.stringify(reply)).toContain(named);
      return;
    }
    const { code, message } = await ann.refusal(type, payload, form);
    expect(code).toBe('invalid_payload');
    expect(message).toContain(named);
  });

  test('what has a meaning has it', async () => {
    await ann.ask('presence:follow', { userIds: 'bob' as never }, form);
    await ann.ask('presence:follow', { userIds: {} as never }, form);
    await ann.ask('presence:follow', { userIds: 5 as never }, form);
    await ann.ask('presence:unfollow', { userIds: [5] as never }, form);
    expect(await ann.ask('presence:query', { userIds: ['bob', 0.5, BINARY, null] as never }, form)).toMatchObject({
      users: [{ userId: 'bob' }],
    });
    await ann.ask('presence:unfollow', { userIds: [] }, form);
    expect(Object.keys(ann.state.users)).toEqual(['bob']);
    await ann.ask('presence:unfollow', {}, form);
    await ann.ask('presence:status', { status: false as never }, form);
    await until(() => ann.state.me?.general === 'offline', 'appearing offline');
    await ann.ask('presence:status', { status: 'here' }, form);
  });
});

describe('the cid', () => {
  /** `{ status: 'x', cid }`, with the cid as these MessagePack bytes. */
  const withCid = (cid: readonly number[]): Buffer =>
    Buffer.from([0x82, 0xa6, ...Buffer.from('status'), 0xa1, 0x78, 0xa3, ...Buffer.from('cid'), ...cid]);
  const head = Buffer.from([13, 0xa0 | 15, ...Buffer.from('presence:status')]);
  const float32 = Buffer.alloc(4);
  float32.writeFloatBE(1.5);
  const float64 = Buffer.alloc(8);
  float64.writeDoubleBE(7);

  test.each([
    ['a small integer', [7], 7],
    ['a negative integer', [0xff], -1],
    ['8 bits', [0xcc, 200], 200],
    ['16 bits', [0xcd, 1, 0], 256],
    ['32 bits', [0xce, 0, 1, 0, 0], 65_536],
    ['64 bits', [0xcf, 0, 0, 0, 0, 0, 0, 0, 9], 9],
    ['signed 64 bits', [0xd3, 0, 0, 0, 0, 0, 0, 0, 9], 9],
    ['a 32-bit float', [0xca, ...float32], 1.5],
    ['a 64-bit float', [0xcb, ...float64], 7],
    ['a text', [0xa2, ...Buffer.from('c1')], 'c1'],
  ] as const)('that is %s comes back as it was', async (_, bytes, cid) => {
    const before = raw.of('presence:reply').length;
    raw.socket.send(Buffer.concat([head, withCid(bytes)]));
    const reply = (await until(() => raw.of('presence:reply')[before], 'the reply')) as { cid: unknown; ok: boolean };
    expect(Number.isNaN(Number(reply.cid)) ? reply.cid : Number(reply.cid)).toBe(cid);
    expect(reply.ok).toBe(true);
  });

  test.each([
    ['null', [0xc0]],
    ['a boolean', [0xc3]],
    ['an empty list', [0x90]],
    ['an empty object', [0x80]],
    ['binary', [0xc4, 1, 7]],
  ] as const)('that is %s counts as none', async (_, bytes) => {
    const before = raw.of('presence:reply').length;
    // Carried out in silence; the failure behind it is told.
    raw.socket.send(Buffer.concat([head, withCid(bytes)]));
    raw.burst([['presence:status', {}]]);
    await until(() => raw.of('presence:reply').length > before, 'the reply');
    expect(raw.of('presence:reply').slice(before)).toMatchObject([{ cid: null, ok: false }]);
  });
});

describe('a join option', () => {
  test.each([
    ['status', { status: 5 }],
    ['status', { status: true }],
    ['status', { status: ['x'] }],
    ['status', { status: {} }],
    ['sync', { sync: 'all' }],
    ['sync', { sync: 1 }],
    ['sync', { sync: ['state'] }],
  ])('%s as %j refuses the join, and the reason names it', async (name, options) => {
    const refused = server.join(fresh('ann'), options as never);
    await expect(refused).rejects.toThrow(name);
  });

  test('status false means invisible', async () => {
    const zoe = await person(server, fresh('zoe'), 'presence', { status: false as never });
    expect((await until(() => zoe.state.me, 'the own user')).general).toBe('unlogined');
    await zoe.leave();
  });
});
