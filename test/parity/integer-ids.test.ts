/** Accounts with integer ids, as databases have them: whole numbers are ids wherever a user id goes, and what is no id is named. */
import { afterEach, expect, test, vi } from 'vitest';
import { presence, type PresenceOptions } from '../../src/index.ts';
import { PresenceClient } from '../../src/client/index.ts';
import { FORMS, person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import { captureLog } from './support/hooks.ts';

let server: TestServer;
afterEach(async () => {
  await server.stop();
  vi.restoreAllMocks();
});

async function serve(options: PresenceOptions = {}): Promise<void> {
  server = await startServer({
    identify: (auth) => ({ userId: Number((auth as { userId: string }).userId) }),
    ...options,
  });
}

test('the hooks answer with numbers', async () => {
  await serve({
    resolveFollows: ({ userId }) => (userId === '1' ? new Set([2, 3n]) : []),
    canFollow: () => [4, 5],
    blockedBy: ({ userId }) => (userId === '5' ? [1] : []),
  });
  await person(server, '2', 'presence', { status: 'two' });
  await person(server, '3', 'presence', { status: 'three' });
  await person(server, '4', 'presence', { status: 'four' });
  const one = await person(server, '1', 'presence', { status: 'one' });
  expect((await until(() => one.snapshots[0], 'the friend list')).userIds).toEqual(['2', '3']);
  expect((await one.follow(['4', '6'])).presences).toMatchObject([{ userId: '4' }]);
  const five = await person(server, '5');
  expect((await five.follow(['4'])).presences).toHaveLength(1);
  await presence.unblock(4, 5);
  expect((await five.ask('presence:query', { userIds: ['1', '4'] })).users).toMatchObject([{ userId: '4' }]);
});

test.each(FORMS)('clients name users by numbers, by %s', async (form) => {
  await serve();
  await person(server, '2', 'presence', { status: 'two' });
  const one = await person(server, '1', 'presence', { status: 'one' });
  const ids = [2, 1] as unknown as string[];
  expect((await one.ask('presence:follow', { userIds: ids }, form)).presences).toMatchObject([{ userId: '2' }]);
  expect((await one.ask('presence:query', { userIds: ids }, form)).users).toMatchObject([
    { userId: '2' },
    { userId: '1' },
  ]);
  await one.ask('presence:unfollow', { userIds: ids }, form);
  expect(await one.refusal('presence:join', { userId: 2 }, form)).toMatchObject({ code: 'not_visible' });
});

test('so does the helper', async () => {
  await serve();
  await person(server, '2', 'presence', { status: '{"matchId":"m"}' });
  const friends = await PresenceClient.join(server.client('1'), 'presence');
  expect((await friends.follow([2, 3n, 1])).presences).toMatchObject([{ userId: '2' }]);
  expect(friends.getSnapshot().map(({ userId }) => userId)).toEqual(['2', '3']);
  expect(await friends.getUserStatus([2])).toMatchObject([{ general: 'online' }]);
  await expect(friends.joinFriend(2)).rejects.toMatchObject({ code: 'match_gone' });
  await friends.unfollow([3]);
  expect(friends.getSnapshot()).toHaveLength(1);
  await friends.leave();
});

test('and the server API, which answers by the ids as they were given', async () => {
  await serve();
  const one = await person(server, '1', 'presence', { status: '' });
  await one.welcome();
  expect(await presence.areOnline([1, 2])).toEqual(new Map([[1, true], [2, false]])); // prettier-ignore
  expect(await presence.statuses([1n])).toMatchObject([{ userId: '1' }]);
  expect(await presence.follow({ userId: 1 }, [2])).toMatchObject({ connections: 1 });
  await until(() => one.snapshots.length > 0, 'the follow');
  expect(await presence.setStatus({ userId: 1 }, 'set')).toMatchObject({ connections: 1 });
  expect(await presence.unfollow({ userId: 1 }, [2])).toMatchObject({ connections: 1 });
  expect(await presence.block(2, 1)).toMatchObject({ connections: 1 });
  await presence.unblock(2, 1);
});

test('what is no id is named in one warning, and the others count', async () => {
  const log = captureLog();
  const rows = [{ friend_id: 2 }, { friend_id: 3 }, 4] as unknown as number[];
  await serve({ resolveFollows: () => rows });
  const one = await person(server, '1');
  expect((await until(() => one.snapshots[0], 'the friend list')).userIds).toEqual(['4']);
  expect(log).toEqual([
    '[presence:friend_list_ids] The hook "resolveFollows" returned 2 entries that are not user ids, the first: an object with the fields friend_id. The others are followed.',
  ]);
});

test.each<[string, unknown, string]>([
  ['rows', [{ friend_id: 2 }], 'an entry that is not a user id: an object with the fields friend_id'],
  ['a promise in a list', [Promise.resolve(2)], 'a Promise'],
  ['0 and 1', [0, 1], 'could be ids or yes and no'],
  ['nothing', undefined, 'undefined'],
])('canFollow that answers with %s refuses the call and says so', async (_, answer, said) => {
  const log = captureLog();
  await serve({ canFollow: () => answer as number[] });
  const one = await person(server, '1');
  expect(await one.refusal('presence:follow', { userIds: ['2', '3'] }, 'request')).toMatchObject({
    code: 'hook_failed',
  });
  expect(log.join()).toContain(said);
});
