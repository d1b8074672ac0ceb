/** What a dynamically typed engine can send by mistake: every row has the meaning that docs/protocol.md gives it, or an error that names the field. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FORMS, fresh, person, type Person } from '../support/person.ts';
import { rawJoin, type RawClient } from '../support/raw.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import type { RequestType } from '../../src/index.ts';

const BINARY = Buffer.from('bob');
/** MessagePack's timestamp: an object without fields, if one is not careful. */
const DATE = new Date(0);
/** Every kind of message, and the field that is missed first. */
const FIRST_FIELDS = {
  'presence:status': 'status',
  'presence:follow': 'userIds',
  'presence:unfollow': undefined,
  'presence:query': 'userIds',
  'presence:join': 'userId',
  'presence:invite': 'userId',
  'presence:ask': 'userId',
  'presence:answer': 'inviteId',
  'presence:party': 'action',
  'presence:welcome': undefined,
} as const satisfies Record<RequestType, string | undefined>;
const KINDS = Object.keys(FIRST_FIELDS) as RequestType[];

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
  ['a status that is empty binary', 'presence:status', { status: Buffer.alloc(0) }, '"status"'],
  ['a status that is a date', 'presence:status', { status: DATE }, '"status"'],
  ...KINDS.flatMap((type): Row[] => [
    ['a misspelled field', type, { Status: 'x' }, '"Status"'],
    ['a list for the object', type, ['x'], 'object'],
    ['a text for the object', type, 'bob', 'object'],
    ['an empty text for the object', type, '', 'object'],
    ['a number for the object', type, 7, 'object'],
    ['a fraction for the object', type, 0.5, 'object'],
    ['a boolean for the object', type, false, 'object'],
    ['binary for the object', type, BINARY, 'object'],
    ['empty binary for the object', type, Buffer.alloc(0), 'object'],
    ['a date for the object', type, DATE, 'object'],
  ]),
  ...KINDS.flatMap((type): Row[] => {
    const field = FIRST_FIELDS[type];
    return field === undefined
      ? []
      : [
          ['nil for the object', type, null, `"${field}"`],
          ['an empty list for the object', type, [], `"${field}"`],
          ['no field', type, {}, `"${field}"`],
        ];
  }),
  ['the field of another message', 'presence:welcome', { userIds: ['bob'] }, '"userIds"'],
  ['the field of another message', 'presence:follow', { userId: 'bob' }, '"userId"'],
  ['the field of another message', 'presence:join', { userIds: ['bob'] }, '"userIds"'],
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
    ['ids that are empty binary', type, { userIds: Buffer.alloc(0) }, '"userIds"'],
    ['ids that are a date', type, { userIds: DATE }, '"userIds"'],
    ['ids that are an empty text', type, { userIds: '' }, '"userIds"'],
    ['a list of fractions', type, { userIds: [2.5, -0.5] }, '"userIds"'],
    ['a list with binary', type, { userIds: [BINARY] }, '"userIds"'],
    ['a list in a list', type, { userIds: [['bob']] }, '"userIds"'],
    ['a list with null', type, { userIds: [null] }, '"userIds"'],
  ]),
  ...(['presence:join', 'presence:invite', 'presence:ask'] as const).flatMap((type) =>
    [null, false, 1.5, true, ['bob'], [], {}, { id: 'bob' }, BINARY, DATE, ''].map((userId): Row => [
      `userId ${JSON.stringify(userId)}`,
      type,
      { userId },
      '"userId"',
    ]),
  ),
  ...(
    [
      ['presence:join', 'connectionId', { userId: 'bob' }],
      ['presence:ask', 'connectionId', { userId: 'bob' }],
      ['presence:invite', 'matchId', { userId: 'bob' }],
      ['presence:answer', 'inviteId', { answer: 'accept' }],
      ['presence:answer', 'answer', { inviteId: 'i' }],
    ] as const
  ).flatMap(([type, field, others]) =>
    [null, false, 5, 1.5, true, ['c'], [], {}, BINARY, DATE, ...(field === 'inviteId' ? [] : [''])].map(
      (value): Row => [`${field} ${JSON.stringify(value)}`, type, { ...others, [field]: value }, `"${field}"`],
    ),
  ),
  ...(
    [
      ['presence:join', { userId: 'bob' }],
      ['presence:answer', { inviteId: 'i', answer: 'accept' }],
    ] as const
  ).flatMap(([type, others]) =>
    [null, false, 5, 1.5, true, '', 'x', ['x'], BINARY, Buffer.alloc(0), DATE].map((options): Row => [
      `options ${JSON.stringify(options)}`,
      type,
      { ...others, options },
      '"options"',
    ]),
  ),
];

const hasNoCid = (payload: unknown): boolean =>
  typeof payload !== 'object' || payload === null || [Array, Buffer, Date].some((kind) => payload instanceof kind);

describe.each(FORMS)('by %s', (form) => {
  test.each(REFUSED)('%s in %s is refused, and the error names it', async (_, type, payload, named) => {
    if (form === 'send' && hasNoCid(payload)) {
      // No place for a cid: the failure is told without one.
      const before = ann.replies.length;
      ann.rawSend(type, payload);
      const reply = await until(() => ann.replies[before], 'the reply');
      expect(reply).toMatchObject({ cid: null, ok: false, error: { code: 'invalid_payload' } });
      expect((reply as { error: { message: string } }).error.message).toContain(named);
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
    ann.rawSend('presence:unfollow', null);
    await until(() => Object.keys(ann.state.users).length === 0, 'the unfollow of everybody');
    await ann.ask('presence:unfollow', [] as never, form);
    await ann.ask('presence:welcome', [] as never, form);
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
    ['status', { status: [] }],
    ['status', { status: 0.5 }],
    ['sync', { sync: '' }],
    ['sync', { sync: {} }],
    ['sync', { sync: false }],
    ['sync', { sync: 'all' }],
    ['sync', { sync: 1 }],
    ['sync', { sync: ['state'] }],
  ])('%s as %j refuses the join, and the reason names it', async (name, options) => {
    const refused = server.join(fresh('ann'), options as never);
    await expect(refused).rejects.toThrow(name);
  });

  test.each([{ resume: 5 }, { resume: null }, { resume: true }, { resume: ['x'] }, { resume: {} }, { sync: null }])(
    '%j has no meaning, and the join goes on',
    async (options) => {
      const zoe = await person(server, fresh('zoe'), 'presence', { ...options, status: 'here' } as never);
      await until(() => zoe.state.me?.general === 'online', 'the status');
      await zoe.leave();
    },
  );

  test('status false means invisible', async () => {
    const zoe = await person(server, fresh('zoe'), 'presence', { status: false as never });
    expect((await until(() => zoe.state.me, 'the own user')).general).toBe('unlogined');
    await zoe.leave();
  });
});
