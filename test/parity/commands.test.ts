/** Commands of the server API that come from other processes are untrusted bytes. */
import { describe, expect, test } from 'vitest';
import { parseCommand, type Command } from '../../src/server/commands.ts';

const target = { userId: 'ann' };
const GOOD: Command[] = [
  { kind: 'status', target, status: 'here' },
  { kind: 'status', target: { connectionId: 'c1' }, status: null },
  { kind: 'follow', target, userIds: ['bob'] },
  { kind: 'unfollow', target, userIds: [] },
  { kind: 'unfollow', target },
  { kind: 'refresh', target },
  { kind: 'disconnect', target },
  { kind: 'block', userId: 'bob', blockedId: 'ann', blocked: false },
  { kind: 'block', userId: 'bob', blockedId: 'ann', blocked: true, question: 'q' },
  { kind: 'disconnect', target, question: 'q' },
  { kind: 'count', question: 'q' },
  { kind: 'counted', question: 'q', from: 'p1', counts: { users: 1, connections: 2, online: 0 } },
];

const BAD: unknown[] = [
  undefined,
  null,
  7,
  'status',
  [],
  {},
  { kind: 'toString', target },
  { kind: 'shutdown', target },
  { kind: 'status', target },
  { kind: 'status', target, status: 7 },
  { kind: 'status', target, status: 'x'.repeat(65_537) },
  { kind: 'status', status: 'x' },
  { kind: 'status', target: null, status: 'x' },
  { kind: 'status', target: {}, status: 'x' },
  { kind: 'status', target: { userId: '__proto__' }, status: 'x' },
  { kind: 'status', target: { connectionId: 7 }, status: 'x' },
  { kind: 'status', target: { userId: 'ann', connectionId: 'c1' }, status: 'x' },
  { kind: 'follow', target },
  { kind: 'follow', target, userIds: 'bob' },
  { kind: 'follow', target, userIds: ['bob', 7] },
  { kind: 'unfollow', target, userIds: {} },
  { kind: 'unfollow', target, userIds: null },
  { kind: 'unfollow', target, userIds: [''] },
  { kind: 'block', userId: 'bob', blockedId: 'ann' },
  { kind: 'block', userId: 'bob', blocked: true },
  { kind: 'block', userId: 7, blockedId: 'ann', blocked: true },
  { kind: 'count' },
  { kind: 'count', question: '' },
  { kind: 'count', question: 'q'.repeat(257) },
  { kind: 'counted', question: 'q', from: 'p1' },
  { kind: 'counted', question: 'q', counts: { users: 1, connections: 1, online: 1 } },
  ...[-1, 1.5, Number.NaN, '1', null].map((users) => ({
    kind: 'counted',
    question: 'q',
    from: 'p1',
    counts: { users, connections: 1, online: 1 },
  })),
];

describe('a command from another process', () => {
  test.each(GOOD.map((command) => [JSON.stringify(command), command] as const))('is understood: %s', (_, command) => {
    expect(parseCommand(JSON.parse(JSON.stringify(command)))).toEqual(command);
  });

  test('of a newer release, with fields unknown here, is understood without them', () => {
    expect(parseCommand({ kind: 'refresh', target, urgency: 'high' })).toEqual({ kind: 'refresh', target });
  });

  test.each([7, '', 'q'.repeat(257), null])(
    'with a question that is none (%j) is done and not answered',
    (question) => {
      expect(parseCommand({ kind: 'refresh', target, question })).toEqual({ kind: 'refresh', target });
    },
  );

  test.each(BAD.map((value) => [JSON.stringify(value)?.slice(0, 80) ?? 'undefined', value] as const))(
    'is ignored when it is %s',
    (_, value) => {
      expect(parseCommand(value)).toBeNull();
    },
  );
});
