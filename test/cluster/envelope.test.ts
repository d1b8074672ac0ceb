import { describe, expect, test } from 'vitest';
import {
  decodeControl,
  decodeRegister,
  encodeControl,
  encodeRegister,
  parseRegister,
  printRegister,
  type ControlMessage,
} from '../../src/cluster/envelope.ts';
import type { Register } from '../../src/core/registers.ts';

const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('a register in its envelope', () => {
  const registers: Array<[what: string, register: Register]> = [
    [
      'full',
      {
        seq: 7,
        username: 'Ann',
        entries: [
          { connectionId: 'c1', status: '', setAt: 1 },
          { connectionId: 'c2', status: '{"matchId":"m"}', matchId: 'm', setAt: 2, handoffUntil: 3 },
        ],
      },
    ],
    ['empty', { seq: 0, entries: [], last: 'unlogined' }],
    ['of a user who hides, with its follows', { seq: 1, entries: [], last: 'offline', hides: true, follows: ['bob'] }],
    [
      'with a match',
      {
        seq: 2,
        entries: [
          {
            connectionId: 's',
            status: '',
            setAt: 1,
            friends: ['bob'],
            match: {
              roomId: 'r',
              name: 'arena',
              players: 1,
              isPrivate: true,
              maxPlayers: 4,
              block: 'full',
              policy: 'mutual',
              metadata: { map: [1, null] },
            },
          },
        ],
      },
    ],
    [
      'with a hostile name',
      { seq: 1, username: '__proto__', entries: [{ connectionId: '__proto__', status: '\u0000"\\\ud800', setAt: 1 }] },
    ],
  ];

  test.each(registers)('is the same after encoding and decoding: %s', (_what, register) => {
    expect(decodeRegister(throughJson(encodeRegister('A', register)))).toEqual({ from: 'A', body: register });
    expect(parseRegister('ann', 'A', printRegister('ann', encodeRegister('A', register)))).toEqual(register);
  });

  test('is a copy: a change on one side does not affect the other', () => {
    const register: Register = { seq: 1, entries: [{ connectionId: 'c', status: 's', setAt: 1 }] };
    const envelope = encodeRegister('A', register);
    const decoded = decodeRegister(envelope)!;
    envelope.e[0]!.s = 'changed';
    expect(decoded.body.entries[0]!.status).toBe('s');
    expect(register.entries[0]!.status).toBe('s');
  });

  test('ignores fields and values a newer release may add', () => {
    const body = { v: 1, f: 'A', s: 1, e: [{ c: 'c', s: 's', t: 1, x: {} }], l: 'away', y: [] };
    expect(decodeRegister(body)).toEqual({
      from: 'A',
      body: { seq: 1, entries: [{ connectionId: 'c', status: 's', setAt: 1 }] },
    });
  });

  const match = { roomId: 'r', name: 'arena', players: 1, isPrivate: false };
  test.each([
    null,
    5,
    'arena',
    { ...match, roomId: '' },
    { ...match, roomId: 'x'.repeat(129) },
    { ...match, name: 5 },
    { ...match, players: -1 },
    { ...match, players: '1' },
    { ...match, maxPlayers: 0.5 },
    { ...match, block: 'open' },
    { ...match, isPrivate: 'no' },
    { ...match, policy: 'friends' },
  ])('a match that is none makes the register garbage: %j', (r) => {
    expect(decodeRegister({ v: 1, f: 'A', s: 1, e: [{ c: 'c', s: '', t: 1, r: match }] })).not.toBeNull();
    expect(decodeRegister({ v: 1, f: 'A', s: 1, e: [{ c: 'c', s: '', t: 1, r }] })).toBeNull();
  });

  const good = { v: 1, f: 'A', s: 1, e: [{ c: 'c', s: 's', t: 1 }] };
  test.each([
    undefined,
    null,
    true,
    0,
    'x',
    [],
    () => {},
    { ...good, v: 0 },
    { ...good, v: '1' },
    { ...good, f: 1 },
    { ...good, f: '' },
    { ...good, f: 'x'.repeat(257) },
    { ...good, s: null },
    { ...good, s: Number.NaN },
    { ...good, s: Infinity },
    { ...good, n: 5 },
    { ...good, e: {} },
    { ...good, e: [null] },
    { ...good, e: [{ c: 1, s: 's', t: 1 }] },
    { ...good, e: [{ c: 'c', s: null, t: 1 }] },
    { ...good, e: [{ c: 'c', s: 's', t: '1' }] },
    { ...good, e: [{ c: 'c', s: 's', t: 1, m: 1 }] },
    { ...good, e: [{ c: '', s: 's', t: 1 }] },
    { ...good, e: [{ c: '\ud800', s: 's', t: 1 }] },
    { ...good, e: [{ c: 'c'.repeat(129), s: 's', t: 1 }] },
    { ...good, e: [{ c: 'c', s: 's', t: 1, h: 'x' }] },
    { ...good, e: [...good.e, 'x'] },
  ])('is refused when malformed (%#)', (value) => {
    expect(decodeRegister(good)).not.toBeNull();
    expect(decodeRegister(value)).toBeNull();
  });

  test('is refused as text when broken, not text, too long, of another user, or in a field of another incarnation', () => {
    const envelope = encodeRegister('A', { seq: 1, entries: [] });
    const text = printRegister('ann', envelope);
    expect(parseRegister('ann', 'A', text)).not.toBeNull();
    expect(parseRegister('ann', 'B', text)).toBeNull();
    expect(parseRegister('bob', 'A', text)).toBeNull();
    expect(parseRegister('ann', 'A', text.slice(1))).toBeNull();
    expect(parseRegister('ann', 'A', envelope)).toBeNull();
    expect(parseRegister('ann', 'A', `${text}${' '.repeat(4 * 2 ** 20)}`)).toBeNull();
  });
});

describe('a control message', () => {
  test.each<ControlMessage>([
    { kind: 'beat', n: 3 },
    { kind: 'bye' },
    { kind: 'bye', handoffMs: 1500 },
    { kind: 'command', command: { do: ['x'] } },
  ])('survives the way: $kind', (message) => {
    expect(decodeControl(throughJson(encodeControl('A', message)))).toEqual({ from: 'A', body: message });
  });

  test.each([
    null,
    'x',
    {},
    { v: 1, f: 'A' },
    { v: 1, f: 'A', kind: 'toString' },
    { v: 1, f: 'A', kind: 'beat' },
    { v: 1, f: 'A', kind: 'bye', handoffMs: -1 },
    { v: 1, f: 'A', kind: 'bye', handoffMs: 'x' },
    { v: 2, f: 'A', kind: 'bye' },
  ])('is refused when malformed (%#)', (value) => {
    expect(decodeControl(value)).toBeNull();
  });

  test.each<[what: string, bad: object]>([
    ['a sequence number past every count', { s: 2 ** 48 + 1 }],
    ['a fraction', { s: 1.5 }],
    ['a negative number', { s: -1 }],
    ['an epoch past every count', { e: [{ c: 'c', s: '', t: 1, k: 2 ** 32 + 1 }] }],
    ['a time no clock shows', { e: [{ c: 'c', s: '', t: 1e300 }] }],
    ['a handoff that never ends', { e: [{ c: 'c', s: '', t: 1, h: 1e300 }] }],
    ['a status that is far too long', { e: [{ c: 'c', s: 'x'.repeat(65_537), t: 1 }] }],
    ['a match id that is far too long', { e: [{ c: 'c', s: '', t: 1, m: 'x'.repeat(65_537) }] }],
    ['a username that is far too long', { n: 'x'.repeat(65_537) }],
    ['too many connections', { e: Array.from({ length: 10_001 }, (_, i) => ({ c: `c${i}`, s: '', t: 1 })) }],
  ])('drops %s', (_what, bad) => {
    const good = { v: 1, f: 'A', s: 1, e: [] };
    expect(decodeRegister(good)).not.toBeNull();
    expect(decodeRegister({ ...good, ...bad })).toBeNull();
  });

  test('asks are bounded', () => {
    const ask = { v: 1, f: 'A', kind: 'ask', to: 'B', userIds: ['ann'], above: 7 };
    expect(decodeControl(ask)?.body).toEqual({ kind: 'ask', to: 'B', userIds: ['ann'], above: 7 });
    for (const bad of [
      { to: 7 },
      { above: 2 ** 60 },
      { userIds: [7] },
      { userIds: 'ann' },
      { userIds: Array.from({ length: 501 }, (_, i) => `u${i}`) },
    ]) {
      expect(decodeControl({ ...ask, ...bad })).toBeNull();
    }
  });
});
