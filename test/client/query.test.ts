/** Reading statuses without following. */
import { describe, expect, test } from 'vitest';
import { refusal } from './fakes.ts';
import { code, join, sent, server, useScriptedServer } from './scripted.ts';

useScriptedServer();

describe('querying', () => {
  test('splits by bytes and by count, and puts the parts together', async () => {
    const friends = await join();
    const uuids = Array.from({ length: 500 }, (_, i) => `${String(i).padStart(8, '0')}-0000-4000-8000-000000000000`);
    const users = await friends.getUserStatus(uuids);
    expect(users.map(({ userId }) => userId)).toEqual(uuids);
    expect(sent('presence:query').length).toBeGreaterThan(4);
    await friends.getUserStatus(Array.from({ length: 501 }, (_, i) => `${i}`));
    expect(
      sent('presence:query')
        .slice(-2)
        .map(({ userIds }) => (userIds as string[]).length),
    ).toEqual([500, 1]);
  });

  test('answers what can be seen, and fails only when nothing can', async () => {
    const friends = await join({ maxFrameBytes: 90 });
    server.onRequest = (_, { userIds }) =>
      (userIds as string[]).some((id) => id.startsWith('hidden')) ? refusal('not_visible') : undefined;
    expect(await friends.getUserStatus(['hidden-user-number-1', 'seen', 'hidden-user-number-2'])).toMatchObject([
      { userId: 'seen' },
    ]);
    expect(await code(friends.getUserStatus(['hidden-user-number-1', 'hidden-user-number-2']))).toBe('not_visible');
  });

  test('asks nothing for nobody, and leaves out what cannot be an id', async () => {
    const friends = await join();
    expect(await friends.getUserStatus([])).toEqual([]);
    expect(await code(friends.getUserStatus(['', '__proto__']))).toBe('invalid_payload');
    expect(server.room.sent).toEqual([]);
    expect(await friends.getUserStatus(['', 'bob', 'bob'])).toMatchObject([{ userId: 'bob' }]);
    expect(sent('presence:query')).toEqual([{ userIds: ['bob'] }]);
  });
});
