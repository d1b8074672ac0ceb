/** Commands of the server API: those of other processes are untrusted bytes; each says how many connections it has reached. */
import { describe, expect, test } from 'vitest';
import {
  applyCommand,
  hearCommand,
  isSettable,
  MAX_SERVER_STATUS_BYTES,
  parseCommand,
  type Command,
  type CommandTarget,
} from '../../src/server/commands.ts';
import { isTarget } from '../../src/server/addressee.ts';
import { Census } from '../../src/server/census.ts';
import type { Connection } from '../../src/core/model.ts';

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
  { kind: 'ask', question: 'q', from: 'p1', about: { kind: 'user', userId: 'ann' } },
  { kind: 'ask', question: 'q', from: 'p1', about: { kind: 'explain', viewer: { connectionId: 'c1' }, userId: 'ann' } },
  { kind: 'told', question: 'q', from: 'p1', to: 'p2', body: [] },
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
  { kind: 'ask', question: 'q', from: 'p1' },
  { kind: 'ask', question: 'q', from: 'p1', about: { kind: 'secrets' } },
  { kind: 'ask', question: 'q', from: 'p1', about: { kind: 'user', userId: 'x'.repeat(10_240) } },
  { kind: 'ask', question: 'q', from: 'p1', about: { kind: 'explain', viewer: {}, userId: 'ann' } },
  { kind: 'ask', question: 'q', about: { kind: 'user', userId: 'ann' } },
  { kind: 'told', question: 'q', from: 'p1', body: 1 },
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

describe('doing what a command asks', () => {
  /** Ann with two connections; notes what is done to them, and what is sent to the other processes. */
  function world(followFor: CommandTarget['tracker']['following']['followFor'] = () => Promise.resolve()): {
    runtime: CommandTarget;
    done: string[];
    sent: unknown[];
    log: string[];
  } {
    const done: string[] = [];
    const sent: unknown[] = [];
    const log: string[] = [];
    const own = ['c1', 'c2'].map(
      (connectionId) => ({ connectionId, user: { userId: 'ann' }, options: {} }) as Connection,
    );
    const tracker = {
      users: { get: (userId: string) => (userId === 'ann' ? { own: new Set(own) } : undefined) },
      connections: new Map(own.map((connection) => [connection.connectionId, connection])),
      cluster: {
        incarnation: 'here',
        stats: { processes: 0, state: 'up' },
        broadcast: (command: unknown) => {
          sent.push(command);
        },
      },
      setStatus: ({ connectionId }: Connection, status: unknown) => {
        done.push(`${connectionId} says ${String(status)}`);
      },
      block: (userId: string, blockedId: string, blocked: boolean) => {
        done.push(`${userId} ${blocked ? 'blocks' : 'unblocks'} ${blockedId}`);
      },
      following: { followFor, begin: () => ({ end: () => {} }) },
    } as unknown as CommandTarget['tracker'];
    const warn = (message: string): void => {
      log.push(message);
    };
    const inquiry: CommandTarget['inquiry'] = {
      answer: (about) => ({ about }),
      hear: (...answer) => {
        done.push(`heard ${answer.join(' ')}`);
      },
    };
    const locks: CommandTarget['locks'] = {
      apply: (userId, lock) => {
        done.push(`${userId} is ${lock === undefined ? 'free' : `locked at ${String(lock.status)}`}`);
      },
    };
    return { runtime: { tracker, census: new Census(), inquiry, locks, log: { warn } }, done, sent, log };
  }
  const reached = (connections: number): object => ({ users: 0, connections, online: 0 });

  test.each<[string, Command, string[], number]>([
    ['a user', { kind: 'status', target, status: 'hi' }, ['c1 says hi', 'c2 says hi'], 2],
    ['a connection', { kind: 'status', target: { connectionId: 'c2' }, status: null }, ['c2 says null'], 1],
    ['nobody', { kind: 'status', target: { userId: 'bob' }, status: 'hi' }, [], 0],
    ['a blocked user', { kind: 'block', userId: 'bob', blockedId: 'ann', blocked: true }, ['bob blocks ann'], 2],
    ['a locked user', { kind: 'lock', userId: 'ann', status: null }, ['ann is locked at null'], 2],
    ['a user that is locked no more', { kind: 'lock', userId: 'ann' }, ['ann is free'], 2],
  ])('reaches %s', async (_, command, wanted, connections) => {
    const { runtime, done } = world();
    expect(await applyCommand(runtime, command as Parameters<typeof applyCommand>[1])).toEqual(reached(connections));
    expect(done).toEqual(wanted);
  });

  test('a follow that fails is logged and not counted', async () => {
    const { runtime, log } = world(({ connectionId }) =>
      connectionId === 'c1' ? Promise.reject(new Error('full\nforged line')) : Promise.resolve(),
    );
    expect(await applyCommand(runtime, { kind: 'follow', target, userIds: ['bob'] })).toEqual(reached(1));
    expect(log).toEqual([
      expect.stringMatching(
        /^\[presence:follow_failed\] A follow for user "ann" failed: "Error: full\\nforged line[^\n]*$/,
      ),
    ]);
  });

  test('of another process is answered if it has a question, and only then', async () => {
    const { runtime, done, sent } = world();
    hearCommand(runtime, { kind: 'status', target, status: 'quiet' });
    hearCommand(runtime, { kind: 'status', target, status: 'asked', question: 'q' });
    hearCommand(runtime, { kind: 'status', target, status: 7, question: 'broken' });
    await Promise.resolve();
    expect(done).toHaveLength(4);
    expect(sent).toEqual([{ kind: 'counted', question: 'q', from: 'here', counts: reached(2) }]);
  });

  test('a question of another process is answered, and an answer is heard by the process it is for', () => {
    const { runtime, done, sent } = world();
    const about = { kind: 'user', userId: 'ann' } as const;
    hearCommand(runtime, { kind: 'ask', question: 'q', from: 'there', about });
    expect(sent).toEqual([{ kind: 'told', question: 'q', from: 'here', to: 'there', body: { about } }]);
    hearCommand(runtime, { kind: 'told', question: 'q', from: 'there', to: 'elsewhere', body: 1 });
    hearCommand(runtime, { kind: 'told', question: 'q', from: 'there', to: 'here', body: 2 });
    expect(done).toEqual(['heard q there 2']);
  });

  test('an answer of another process goes to the one who asked', async () => {
    const { runtime } = world();
    Object.assign(runtime.tracker.cluster.stats, { processes: 1 });
    const answer = runtime.census.ask(
      runtime.tracker.cluster,
      { question: 'q' },
      { users: 0, connections: 1, online: 0 },
      10_000,
    );
    hearCommand(runtime, { kind: 'counted', question: 'q', from: 'there', counts: reached(2) });
    expect(await answer).toMatchObject({ connections: 3, processes: 2, complete: true });
  });
});

test('a status that the server may set', () => {
  expect([null, '', 'x'.repeat(MAX_SERVER_STATUS_BYTES)].every(isSettable)).toBe(true);
  expect([undefined, 7, {}, 'x'.repeat(MAX_SERVER_STATUS_BYTES + 1), 'ü'.repeat(40_000)].some(isSettable)).toBe(false);
});

test('a target is a user or a connection, not both', () => {
  expect([{ userId: 'ann' }, { connectionId: 'c1' }].every(isTarget)).toBe(true);
  expect(
    [null, 'ann', {}, { userId: '' }, { connectionId: '' }, { ...target, connectionId: 'c1' }].some(isTarget),
  ).toBe(false);
});
