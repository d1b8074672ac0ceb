/** Friends' changes without any call of the client: the game's own friend list, at the join and whenever it changes. */
import { CloseCode, definePlugins, matchMaker, Room, type Client as ServerClient } from '@colyseus/core';
import { schema, t } from '@colyseus/schema';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { presence, PresenceError, PresencePlugin, type PresenceOptions, type Viewer } from '../../src/index.ts';
import { PresenceClient } from '../../src/client/index.ts';
import { person, settle } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import { captureLog, gate, silence } from './support/hooks.ts';

let server: TestServer;
afterEach(async () => {
  await server.stop();
  vi.restoreAllMocks();
});

async function serve(options: PresenceOptions): Promise<void> {
  server = await startServer(options);
}

describe('resolveFollows, the friend list at the join,', () => {
  test('is followed without a call: one snapshot, then updates, and the state shows exactly the friends', async () => {
    const viewers: Viewer[] = [];
    await serve({
      resolveFollows: async (viewer) => {
        viewers.push(viewer);
        return Promise.resolve(viewer.userId === 'ann' ? ['bob', 'cat', 'bob', 'ann'] : []);
      },
    });
    const bob = await person(server, 'bob', 'presence', { status: 'here' });
    const ann = await person(server, 'ann|Ann');
    const snapshot = await until(() => ann.snapshots[0], 'the snapshot');
    expect(snapshot).toMatchObject({
      userIds: ['bob', 'cat'],
      presences: [{ userId: 'bob', status: 'here' }],
      users: [{ userId: 'cat', general: 'unlogined' }],
    });
    await bob.setStatus('there');
    await settle(ann);
    expect(ann.deltas).toMatchObject([{ leaves: [{ status: 'here' }], joins: [{ status: 'there' }] }]);
    expect(Object.keys(ann.state.users)).toEqual(['bob', 'cat']);
    expect(ann.snapshots).toHaveLength(1);
    expect(viewers.at(-1)).toMatchObject({
      userId: 'ann',
      username: 'Ann',
      connectionId: await ann.connectionId(),
      auth: { userId: 'ann' },
    });
  });

  test('takes no place of maxFollows, however long; what the client follows does', async () => {
    const friends = Array.from({ length: 300 }, (_, i) => `friend${i}`);
    await serve({ maxFollows: 2, resolveFollows: () => friends });
    const ann = await person(server, 'ann');
    await until(() => ann.snapshots.length > 0, 'the snapshot');
    await ann.follow(['a', 'b']);
    expect(await ann.refusal('presence:follow', { userIds: ['c'] }, 'request')).toMatchObject({
      code: 'too_many_follows',
    });
    // A friend that the client follows itself counts like anyone.
    expect(await ann.refusal('presence:follow', { userIds: ['friend0'] }, 'request')).toMatchObject({
      code: 'too_many_follows',
    });
    await ann.settle();
    expect(Object.keys(ann.state.users)).toHaveLength(302);
  });

  test('counts with countResolvedFollows', async () => {
    await serve({ maxFollows: 3, countResolvedFollows: true, resolveFollows: () => ['bob', 'cat'] });
    const ann = await person(server, 'ann');
    await until(() => ann.snapshots.length > 0, 'the snapshot');
    await ann.follow(['dan']);
    expect(await ann.refusal('presence:follow', { userIds: ['eve'] }, 'request')).toMatchObject({
      code: 'too_many_follows',
    });
  });

  test.each<[string, PresenceOptions['resolveFollows']]>([
    [
      'throws',
      () => {
        throw new Error('the database is down');
      },
    ],
    ['rejects', () => Promise.reject(new Error('the database is down'))],
    ['never settles', () => silence()],
    ['returns no list', () => 'bob' as unknown as string[]],
  ])(
    'that %s leaves the connection without those follows, with a line in the log, and everything else works',
    async (_, resolveFollows) => {
      const log = captureLog();
      await serve({
        hookTimeoutMs: 50,
        resolveFollows: (viewer) => (viewer.userId === 'ann' ? resolveFollows!(viewer) : ['cat']),
      });
      const ann = await person(server, 'ann');
      const bob = await person(server, 'bob', 'presence', { status: 'here' });
      await until(() => bob.snapshots.length > 0, 'the friend list of the other one');
      expect((await ann.follow(['bob'])).presences).toMatchObject([{ userId: 'bob' }]);
      const line = await until(() => log.find((text) => text.includes('"ann"')), 'the line in the log');
      expect(line).toContain('resolveFollows');
      await ann.settle();
      expect(Object.keys(ann.state.users)).toEqual(['bob']);
      expect(ann.snapshots).toEqual([]);
    },
  );

  test('that fails is asked again until it answers, and the client is told both', async () => {
    let isDown = true;
    let asked = 0;
    await serve({
      resolveFollows: () => {
        asked++;
        return isDown ? Promise.reject(new Error('the database is down')) : ['bob'];
      },
    });
    const friends = await PresenceClient.join(server.client('ann'), 'presence');
    await until(() => friends.listError, 'the failure');
    expect(friends.listError).toMatchObject({
      code: 'hook_failed',
      message: 'The game server failed to decide.',
      retryAfterMs: expect.any(Number),
    });
    await until(() => asked > 1, 'the second attempt');
    isDown = false;
    await until(() => friends.listError === undefined, 'the list');
    expect(friends.getSnapshot().map(({ userId }) => userId)).toEqual(['bob']);
    await friends.leave();
  });

  test('that refuses for good is not asked again', async () => {
    let asked = 0;
    await serve({
      resolveFollows: () => {
        asked++;
        throw new PresenceError('feature_disabled');
      },
    });
    const ann = await person(server, 'ann');
    await until(() => ann.messages('presence:friends')[0], 'the refusal');
    expect(ann.messages('presence:friends')).toEqual([
      { error: { code: 'feature_disabled', message: 'This feature is switched off on the server.' } },
    ]);
    expect(asked).toBe(1);
  });

  test('that fails again after a rejoin keeps the old list; what has left it goes when it answers', async () => {
    let friendsOfAnn: string[] | undefined = ['bob', 'cat'];
    await serve({ resolveFollows: () => friendsOfAnn ?? Promise.reject(new Error('the database is down')) });
    const friends = await PresenceClient.join(server.client('ann'), 'presence', { rejoin: { minMs: 1, maxMs: 10 } });
    const listed = (): string[] => friends.getSnapshot().map(({ userId }) => userId);
    await until(() => listed().length === 2, 'the list');
    friendsOfAnn = undefined;
    const { room } = friends;
    matchMaker.getLocalRoomById(room.roomId).clients.get(room.sessionId)!.leave(CloseCode.SERVER_SHUTDOWN);
    await until(() => friends.listError, 'the failure after the rejoin');
    expect(listed()).toEqual(['bob', 'cat']);
    friendsOfAnn = ['cat'];
    await until(() => listed().length === 1, 'the new list');
    expect(listed()).toEqual(['cat']);
    await friends.leave();
  });

  test('with invalid ids: those are left out', async () => {
    await serve({ resolveFollows: () => ['', 'bob', 7.5, '__proto__', 'x'.repeat(129)] });
    const ann = await person(server, 'ann');
    expect((await until(() => ann.snapshots[0], 'the snapshot')).userIds).toEqual(['bob']);
  });

  test('does not bring back users that the client unfollowed while the hook was pending', async () => {
    const friends = gate<string[]>();
    await serve({ resolveFollows: ({ userId }) => (userId === 'ann' ? friends.opened : []) });
    const ann = await person(server, 'ann');
    await ann.unfollow(['bob']);
    friends.open(['bob', 'cat']);
    expect((await until(() => ann.snapshots[0], 'the snapshot')).userIds).toEqual(['cat']);
    await ann.settle();
    expect(Object.keys(ann.state.users)).toEqual(['cat']);
  });
});

const Score = schema({ goals: t.number() }, 'Score');

class MatchRoom extends Room<{ state: InstanceType<typeof Score> }> {
  override plugins = definePlugins([new PresencePlugin()]);
  override state = new Score();

  override onCreate(): void {
    this.state.goals = 1;
  }

  override onJoin(_client: ServerClient): void {}
}

describe('the friend list pushed by the server at any time', () => {
  test('reaches every device of the user: a new friend by a snapshot, a lost one by presence:unfollowed', async () => {
    await serve({});
    const bob = await person(server, 'bob', 'presence', { status: 'here' });
    const pc = await person(server, 'ann');
    const phone = await person(server, 'ann', 'lobby');
    void presence.follow({ userId: 'ann' }, ['bob', 'nobody']);
    for (const device of [pc, phone]) {
      expect(await until(() => device.snapshots[0], 'the snapshot')).toMatchObject({
        userIds: ['bob', 'nobody'],
        presences: [{ userId: 'bob' }],
      });
    }
    await bob.setStatus('there');
    await settle(pc, phone);
    expect([pc.statusesOf('bob'), phone.statusesOf('bob')]).toEqual([['there'], ['there']]);
    void presence.unfollow({ userId: 'ann' }, ['bob', 'somebody else']);
    for (const device of [pc, phone]) {
      expect(await until(() => device.unfollowed[0], 'presence:unfollowed')).toEqual({ userIds: ['bob'] });
      device.clear();
    }
    await bob.setStatus('nobody hears');
    await settle(pc, phone);
    expect([...pc.deltas, ...phone.deltas]).toEqual([]);
    expect([pc, phone].map((device) => Object.keys(device.state.users))).toEqual([['nobody'], ['nobody']]);
  });

  test('reaches one connection only, when that is the target; and no list ends all follows', async () => {
    await serve({});
    const pc = await person(server, 'ann');
    const phone = await person(server, 'ann');
    void presence.follow({ connectionId: await pc.connectionId() }, ['bob', 'cat']);
    await until(() => pc.snapshots.length > 0, 'the snapshot');
    await phone.settle();
    expect(phone.snapshots).toEqual([]);
    void presence.unfollowAll({ connectionId: await pc.connectionId() });
    expect((await until(() => pc.unfollowed[0], 'presence:unfollowed')).userIds.sort()).toEqual(['bob', 'cat']);
  });

  test('reaches a player in a match, who has only the connection of the game room', async () => {
    server = await startServer({}, { match: MatchRoom });
    const bob = await person(server, 'bob', 'presence', { status: 'here' });
    const ann = await person(server, 'ann', 'match', { status: 'playing' });
    await until(() => ann.welcomes.length > 0, 'the welcome of the plugin');
    void presence.follow({ userId: 'ann' }, ['bob']);
    expect(await until(() => ann.snapshots[0], 'the snapshot')).toMatchObject({
      userIds: ['bob'],
      presences: [{ userId: 'bob', status: 'here' }],
    });
    await bob.setStatus('there');
    await until(() => ann.statusesOf('bob')[0] === 'there', 'the update');
    // The other way round, and by the player's own call.
    await bob.follow(['ann']);
    expect(bob.statusesOf('ann')).toEqual(['playing']);
    expect((await ann.follow(['cat'])).users).toEqual([{ userId: 'cat', general: 'unlogined' }]);
    // The room's own state is untouched.
    expect(ann.state).toEqual({ goals: 1 });
    void presence.unfollow({ userId: 'ann' }, ['bob']);
    expect(await until(() => ann.unfollowed[0], 'presence:unfollowed')).toEqual({ userIds: ['bob'] });
  });

  test('a follow and an unfollow pushed in one turn end as unfollowed', async () => {
    await serve({});
    const ann = await person(server, 'ann');
    void presence.follow({ userId: 'ann' }, ['bob', 'cat']);
    void presence.unfollow({ userId: 'ann' }, ['bob']);
    expect((await until(() => ann.snapshots[0], 'the snapshot')).userIds).toEqual(['cat']);
    await ann.settle();
    expect(Object.keys(ann.state.users)).toEqual(['cat']);
  });
});
