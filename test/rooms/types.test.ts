/** The types that a client gets from the type of the server. Checked by tsc; also run, so that the calls are real. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Room } from '@colyseus/sdk';
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import {
  REQUEST_TYPES,
  type Delta,
  type FollowReply,
  type AnswerRequest,
  type AskRequest,
  type FollowRequest,
  type InviteRequest,
  type JoinReply,
  type JoinRequest,
  type PartyRequest,
  type Presence,
  type PresenceLobbyRoom,
  type PresenceRoom,
  type QueryReply,
  type QueryRequest,
  type Reply,
  type RequestType,
  type Snapshot,
  type StatusReply,
  type StatusRequest,
  type Unfollowed,
  type UnfollowReply,
  type UnfollowRequest,
  type Welcome,
} from '../../src/index.ts';
import { startServer, type TestServer } from '../support/server.ts';

describe.each(['presence', 'lobby'] as const)('types of a %s room', (name) => {
  let server: TestServer;
  let room: Room<PresenceRoom>;
  let lobby: Room<PresenceLobbyRoom>;
  beforeAll(async () => {
    server = await startServer();
    room = await server.join('ann', { status: '' }, name);
    lobby = room;
    room.onMessage('*', () => {});
  });
  afterAll(async () => {
    await server.stop();
  });

  test('replies of requests', async () => {
    const follow = await room.request('presence:follow', { userIds: ['bob'] });
    expectTypeOf(follow).toEqualTypeOf<FollowReply>();
    expectTypeOf(follow.presences).toEqualTypeOf<Presence[]>();
    expect(follow.presences).toEqual([]);
    const query = await room.request('presence:query', { userIds: ['bob'] });
    expectTypeOf(query).toEqualTypeOf<QueryReply>();
    expect(query.users[0]?.general).toBe('unlogined');
    const status = await room.request('presence:status', { status: null });
    expectTypeOf(status).toEqualTypeOf<StatusReply>();
    const unfollow = await room.request('presence:unfollow', {});
    expectTypeOf(unfollow).toEqualTypeOf<UnfollowReply>();
    const jump = async (): Promise<JoinReply> => {
      const seat = await room.request('presence:join', { userId: 'bob' });
      expectTypeOf(seat).toEqualTypeOf<JoinReply>();
      return seat;
    };
    await expect(jump()).rejects.toMatchObject({ name: 'rejected', reason: { code: 'not_visible' } });
  });

  test("the same through the lobby's type", async () => {
    const follow = await lobby.request('presence:follow', { userIds: ['bob'] });
    expectTypeOf(follow).toEqualTypeOf<FollowReply>();
    const query = await lobby.request('presence:query', { userIds: ['bob'] });
    expectTypeOf(query).toEqualTypeOf<QueryReply>();
    expect(query.users).toHaveLength(1);
  });

  test('payloads of requests', () => {
    type Ask<T extends RequestType, P> = (type: T, payload: P) => unknown;
    expectTypeOf<typeof room.request>().toExtend<Ask<'presence:status', StatusRequest>>();
    expectTypeOf<typeof room.request>().toExtend<Ask<'presence:follow', FollowRequest>>();
    expectTypeOf<typeof room.request>().toExtend<Ask<'presence:unfollow', UnfollowRequest>>();
    expectTypeOf<typeof room.request>().toExtend<Ask<'presence:query', QueryRequest>>();
    expectTypeOf<typeof room.request>().toExtend<Ask<'presence:join', JoinRequest>>();
    expectTypeOf<typeof room.request>().toExtend<Ask<'presence:invite', InviteRequest>>();
    expectTypeOf<typeof room.request>().toExtend<Ask<'presence:ask', AskRequest>>();
    expectTypeOf<typeof room.request>().toExtend<Ask<'presence:party', PartyRequest>>();
    expectTypeOf<typeof room.request>().toExtend<Ask<'presence:answer', AnswerRequest>>();
    expectTypeOf<typeof lobby.request>().toExtend<Ask<'presence:follow', FollowRequest>>();
    expectTypeOf<typeof room.send>().toExtend<Ask<'presence:query', QueryRequest>>();
    expect(REQUEST_TYPES).toHaveLength(10);
  });

  test('messages of the server', () => {
    room.onMessage('presence:delta', (delta) => {
      expectTypeOf(delta).toEqualTypeOf<Delta>();
    });
    room.onMessage('presence:snapshot', (snapshot) => {
      expectTypeOf(snapshot).toEqualTypeOf<Snapshot>();
    });
    room.onMessage('presence:welcome', (welcome) => {
      expectTypeOf(welcome).toEqualTypeOf<Welcome>();
    });
    room.onMessage('presence:unfollowed', (unfollowed) => {
      expectTypeOf(unfollowed).toEqualTypeOf<Unfollowed>();
    });
    room.onMessage('presence:reply', (reply) => {
      expectTypeOf(reply).toEqualTypeOf<Reply>();
    });
    lobby.onMessage('presence:delta', (delta) => {
      expectTypeOf(delta).toEqualTypeOf<Delta>();
    });
    lobby.onMessage('+', ([roomId]) => {
      expectTypeOf(roomId).toEqualTypeOf<string>();
    });
    expect(room.connection.isOpen).toBe(true);
  });

  test('the state', () => {
    expectTypeOf(room.state.me.userId).toEqualTypeOf<string>();
    const bob = room.state.users.get('bob');
    expectTypeOf(bob?.general).toEqualTypeOf<string | undefined>();
    expectTypeOf(bob?.connections.get('x')?.matchId).toEqualTypeOf<string | undefined>();
    expectTypeOf(lobby.state.me.username).toEqualTypeOf<string>();
    expect(room.state.me.userId).toBe('ann');
  });
});

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Calls no compiler should let through. */
const WRONG = [
  "room.request('presence:follow', { userIds: [1] })",
  "room.request('presence:follow', { userIds: 'bob' })",
  "room.request('presence:follow', {})",
  "room.request('presence:status', { status: 1 })",
  "room.request('presence:status', { userIds: ['bob'] })",
  "room.request('presence:nonsense', {})",
  "room.request('presence:join', { userId: 'bob', connectionId: 1 })",
  "room.send('presence:query', { userIds: [1] })",
  "room.send('presence:nonsense')",
  "room.onMessage('presence:nonsense', () => {})",
  "room.request('presence:query', { userIds: ['bob'] }).then(({ users }) => users[0].nonsense)",
  "lobby.request('presence:follow', { userIds: [1] })",
  "lobby.request('presence:nonsense', {})",
];

test('what is wrong does not compile', async () => {
  const cache = join(ROOT, 'node_modules', '.cache');
  await mkdir(cache, { recursive: true });
  const directory = await mkdtemp(join(cache, 'presence-types-'));
  try {
    const lines = [
      "import type { Room } from '@colyseus/sdk';",
      `import type { PresenceLobbyRoom, PresenceRoom } from '${ROOT}src/index.ts';`,
      'declare const room: Room<PresenceRoom>;',
      'declare const lobby: Room<PresenceLobbyRoom>;',
      "void room.request('presence:follow', { userIds: ['bob'] }); void lobby.request('presence:status', { status: null });",
    ];
    await writeFile(join(directory, 'wrong.ts'), [...lines, ...WRONG.map((call) => `void ${call};`)].join('\n'));
    await writeFile(
      join(directory, 'tsconfig.json'),
      JSON.stringify({ extends: join(ROOT, 'tsconfig.json'), include: ['wrong.ts'] }),
    );
    const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
    const output = await new Promise<string>((resolve) => {
      execFile(process.execPath, [tsc, '-p', directory, '--pretty', 'false'], (_, stdout) => {
        resolve(stdout);
      });
    });
    const wrongLines = new Set([...output.matchAll(/wrong\.ts\((\d+),/g)].map(([, line]) => Number(line)));
    expect(
      [...wrongLines].sort((a, b) => a - b).map((line) => WRONG[line - lines.length - 1] ?? `line ${line}`),
    ).toEqual(WRONG);
  } finally {
    await rm(directory, { recursive: true });
  }
}, 60_000);
