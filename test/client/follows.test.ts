/** Following, unfollowing, and following again. */
import { describe, expect, test, vi } from 'vitest';
import type { Delta } from '../../src/protocol.ts';
import { presence, refusal } from './fakes.ts';
import { code, join, lose, sent, server, settle, useScriptedServer } from './scripted.ts';

useScriptedServer();

describe('following', () => {
  test('sends each id once, and never the own', async () => {
    const friends = await join();
    await friends.follow(['bob', 'me', 'bob', 'ann']);
    expect(sent('presence:follow')).toEqual([{ userIds: ['bob', 'ann'] }]);
  });

  test('sends nothing for nobody', async () => {
    const friends = await join();
    expect(await friends.follow([])).toEqual({ presences: [], evicted: [] });
    expect(await friends.follow(['me'])).toEqual({ presences: [], evicted: [] });
    await friends.unfollow([]);
    expect(server.room.sent).toEqual([]);
  });

  test.each([
    ['an id that is no whole number', ['ok', 1.5]],
    ['an empty id', ['ok', '']],
    ['a prototype key', ['ok', '__proto__']],
    ['an id of 129 characters', ['ok', 'x'.repeat(129)]],
    ['no list', 'bob'],
    ['nothing', null],
  ])('sends nothing of a list that is wrong: %s', async (_, ids) => {
    const friends = await join();
    expect(await code(friends.follow(ids as string[]))).toBe('invalid_payload');
    expect(await code(friends.unfollow(ids as string[]))).toBe('invalid_payload');
    expect(server.room.sent).toEqual([]);
  });

  test('splits long lists and puts the answers together', async () => {
    const friends = await join();
    const ids = Array.from({ length: 230 }, (_, i) => `user-${i}`);
    server.presences = [presence('user-0'), presence('user-229', 'last')];
    const result = await friends.follow(ids);
    expect(sent('presence:follow').map(({ userIds }) => (userIds as string[]).length)).toEqual([100, 100, 30]);
    expect(result.presences).toEqual(server.presences);
    expect(friends.getSnapshot().map(({ userId }) => userId)).toEqual(ids);
  });

  test('adapts to a server that allows fewer ids', async () => {
    const friends = await join();
    server.onRequest = (_, { userIds }) => ((userIds as string[]).length > 30 ? refusal('too_many_ids') : undefined);
    await friends.follow(Array.from({ length: 120 }, (_, i) => `user-${i}`));
    expect(friends.getSnapshot()).toHaveLength(120);
    const before = sent('presence:follow').length;
    await friends.follow(Array.from({ length: 50 }, (_, i) => `other-${i}`));
    expect(sent('presence:follow').length - before).toBe(2);
  });

  test('keeps what was followed when a later chunk is refused', async () => {
    const friends = await join();
    server.onRequest = (_, { userIds }) =>
      (userIds as string[]).includes('user-150') ? refusal('too_many_follows') : undefined;
    expect(await code(friends.follow(Array.from({ length: 250 }, (_, i) => `user-${i}`)))).toBe('too_many_follows');
    expect(friends.getSnapshot()).toHaveLength(100);
    expect(sent('presence:follow')).toHaveLength(2);
  });

  test('reports who was evicted, and drops them from the list', async () => {
    const friends = await join();
    await friends.follow(['ann', 'bob']);
    server.onRequest = () => ({ presences: [], users: [], evicted: ['ann'] });
    const changes = vi.fn();
    friends.onFollowsChanged(changes);
    expect(await friends.follow(['cat'])).toEqual({ presences: [], evicted: ['ann'] });
    expect(changes.mock.calls).toEqual([[['cat'], ['ann']]]);
    expect(friends.getSnapshot().map(({ userId }) => userId)).toEqual(['bob', 'cat']);
  });

  test('runs calls in order: an unfollow right after the follow wins', async () => {
    const friends = await join();
    await Promise.all([friends.follow(['bob']), friends.unfollow(['bob'])]);
    expect(server.room.sent.map(({ type }) => type)).toEqual(['presence:follow', 'presence:unfollow']);
    expect(friends.getSnapshot()).toEqual([]);
  });

  test('sends no call before the one before it is answered', async () => {
    const friends = await join();
    const answers: Array<() => void> = [];
    server.onRequest = (type) =>
      type === 'presence:follow'
        ? new Promise((resolve) => {
            answers.push(() => {
              resolve({ presences: [], users: [] });
            });
          })
        : undefined;
    const calls = [friends.follow(['bob']), friends.unfollow(['bob'])];
    await settle();
    expect(server.room.sent).toHaveLength(1);
    answers[0]?.();
    await Promise.all(calls);
    expect(server.room.sent).toHaveLength(2);
  });

  test('forgets the deltas of a follow that failed', async () => {
    const friends = await join();
    server.onRequest = () => refusal('feature_disabled');
    expect(await code(friends.follow(['bob']))).toBe('feature_disabled');
    server.room.say('presence:delta', { joins: [presence('bob', 'early')], leaves: [] });
    server.room.say('presence:snapshot', { userIds: ['bob'], presences: [], users: [] });
    expect(friends.getSnapshot()).toMatchObject([{ userId: 'bob', online: false }]);
  });

  test('fails when even one id is too many', async () => {
    const friends = await join();
    server.onRequest = () => refusal('too_many_ids');
    expect(await code(friends.follow(['a', 'b', 'c']))).toBe('too_many_ids');
    expect(sent('presence:follow').map(({ userIds }) => (userIds as string[]).length)).toEqual([3, 2, 1]);
  });

  test('takes no missing list for everybody', async () => {
    const friends = await join();
    await friends.follow(['bob']);
    await expect(friends.unfollow(undefined as unknown as string[])).rejects.toMatchObject({
      name: 'PresenceError',
      code: 'invalid_payload',
    });
    expect(friends.getSnapshot()).toMatchObject([{ userId: 'bob' }]);
    expect(sent('presence:unfollow')).toEqual([]);
  });

  test('unfollows everybody at once, and a list in chunks', async () => {
    const friends = await join();
    const ids = Array.from({ length: 150 }, (_, i) => `user-${i}`);
    await friends.follow(ids);
    await friends.unfollow(ids.slice(0, 120));
    expect(sent('presence:unfollow').map(({ userIds }) => (userIds as string[]).length)).toEqual([100, 20]);
    expect(friends.getSnapshot()).toHaveLength(30);
    await friends.unfollowAll();
    expect(sent('presence:unfollow').at(-1)).toEqual({});
    expect(friends.getSnapshot()).toEqual([]);
  });

  test('treats an answer without the documented shape as nobody online', async () => {
    const friends = await join();
    server.onRequest = () => ({ presences: 'nonsense' });
    await friends.follow(['bob']);
    expect(friends.getSnapshot()).toMatchObject([{ userId: 'bob', online: false }]);
  });

  test('one failed follow does not make the next one fail', async () => {
    const friends = await join();
    server.onRequest = () => refusal('too_many_follows');
    const first = code(friends.follow(['bob']));
    const second = friends.follow([]);
    expect(await first).toBe('too_many_follows');
    await second;
    server.onRequest = () => undefined;
    await friends.follow(['cat']);
    await friends.unfollow(['cat']);
    await friends.follow(['dan']);
    expect(friends.getSnapshot()).toMatchObject([{ userId: 'dan' }]);
  });
});

describe('follows of a lost seat', () => {
  test('are asked for by one series of attempts, however often the connection drops meanwhile', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const friends = await join();
    await friends.follow(['bob']);
    server.onRequest = () => refusal('hook_failed');
    await lose();
    for (let i = 0; i < 5; i++) {
      server.room.drop();
      server.room.comeBack();
      await settle();
    }
    const before = sent('presence:follow').length;
    await vi.advanceTimersByTimeAsync(3000);
    expect(sent('presence:follow').length - before).toBeLessThanOrEqual(10);
    vi.restoreAllMocks();
  });

  test('are let go when the next server refuses even one id', async () => {
    const friends = await join();
    await friends.follow(['bob']);
    server.onRequest = () => refusal('too_many_ids');
    await lose();
    expect(friends.getSnapshot()).toEqual([]);
  });

  test('follows again later whom the server could not follow now, and lets go of whom it refuses', async () => {
    const friends = await join();
    await friends.follow(['bob', 'cat']);
    const removed = vi.fn();
    friends.onFollowsChanged((_, gone) => removed(gone));
    server.onRequest = () => refusal('hook_failed');
    await lose();
    expect(friends.getSnapshot()).toMatchObject([{ stale: true }, { stale: true }]);
    server.onRequest = () => undefined;
    await vi.advanceTimersByTimeAsync(15_000);
    expect(friends.getSnapshot()).toMatchObject([{ stale: false }, { stale: false }]);
    server.onRequest = () => refusal('feature_disabled');
    await lose();
    expect(removed).toHaveBeenCalledExactlyOnceWith(['bob', 'cat']);
    expect(friends.getSnapshot()).toEqual([]);
  });

  test('adapts to a next server that allows fewer ids', async () => {
    const friends = await join();
    await friends.follow(Array.from({ length: 90 }, (_, i) => `user-${i}`));
    server.onRequest = (_, { userIds }) => ((userIds as string[]).length > 30 ? refusal('too_many_ids') : undefined);
    await lose();
    expect(friends.getSnapshot()).toHaveLength(90);
    expect(friends.getSnapshot().every(({ stale }) => !stale)).toBe(true);
  });

  test('does not follow for itself whom the server follows for it; they go if they do not come back', async () => {
    const friends = await join();
    server.room.say('presence:snapshot', {
      userIds: ['sid', 'tom'],
      presences: [presence('sid'), presence('tom')],
      users: [],
    });
    const deltas: Delta[] = [];
    const removed: string[] = [];
    friends.onDelta((delta) => deltas.push(delta));
    friends.onFollowsChanged((_, gone) => removed.push(...gone));
    await lose();
    expect(server.room.sent).toEqual([]);
    server.room.say('presence:snapshot', { userIds: ['sid'], presences: [presence('sid')], users: [] });
    expect(friends.getSnapshot()).toMatchObject([
      { userId: 'sid', stale: false },
      { userId: 'tom', stale: true },
    ]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(removed).toEqual(['tom']);
    expect(deltas).toEqual([]);
  });

  test('waits anew for the follows of the server in every new seat', async () => {
    const friends = await join();
    server.room.say('presence:snapshot', { userIds: ['sid'], presences: [], users: [] });
    await lose();
    await vi.advanceTimersByTimeAsync(8000);
    await lose(2700);
    await vi.advanceTimersByTimeAsync(9000);
    expect(friends.getSnapshot()).toMatchObject([{ userId: 'sid', stale: true }]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(friends.getSnapshot()).toEqual([]);
  });
});
