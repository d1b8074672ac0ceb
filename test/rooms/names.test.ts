/** The names of friends who are offline: from the friend list of the game, or from its profiles. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { presence, type PresenceOptions } from '../../src/index.ts';
import { PresenceClient } from '../../src/client/index.ts';
import { person, settle } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import { captureLog } from '../parity/support/hooks.ts';

let server: TestServer;
const clients: PresenceClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.leave()));
  await server.stop();
  vi.restoreAllMocks();
});

const NAMES: Record<string, string> = { bob: 'Bob', cat: 'Cat', dan: 'Dan' };

/** The profiles of the game, and every list it was asked for. */
function profiles(): { asked: string[][]; profilesOf: NonNullable<PresenceOptions['profilesOf']> } {
  const asked: string[][] = [];
  return {
    asked,
    profilesOf: async (userIds) => {
      asked.push([...userIds]);
      return Promise.resolve(
        userIds.filter((id) => id in NAMES).map((userId) => ({ userId, username: NAMES[userId], age: 7 })),
      );
    },
  };
}

async function client(token: string, follows: string[] = []): Promise<PresenceClient> {
  const joined = await PresenceClient.join(server.client(token), 'presence');
  clients.push(joined);
  if (follows.length > 0) {
    await joined.follow(follows);
  }
  return joined;
}

const namesIn = (friends: PresenceClient): unknown =>
  Object.fromEntries(friends.getSnapshot().map(({ userId, username }) => [userId, username]));

test('the friend list names friends, with integer ids and further fields, too', async () => {
  server = await startServer({
    resolveFollows: () => [{ userId: 2, username: 'Bob', since: 2024 }, { userId: 'cat' }, 'dan'] as never,
  });
  const friends = await client('ann');
  await until(() => friends.getSnapshot().length === 3, 'the list');
  expect(namesIn(friends)).toEqual({ 2: 'Bob', cat: undefined, dan: undefined });
});

test('profilesOf names the others: one call for all that are not named yet', async () => {
  const { asked, profilesOf } = profiles();
  server = await startServer({
    profilesOf,
    resolveFollows: () => [{ userId: 'bob', username: 'Bobby' }, 'cat', 'dan'],
  });
  const friends = await client('ann');
  await until(() => friends.getSnapshot().length === 3, 'the list');
  expect(namesIn(friends)).toEqual({ bob: 'Bobby', cat: 'Cat', dan: 'Dan' });
  await friends.follow(['bob', 'cat']);
  expect(await friends.getUserStatus(['bob', 'cat', 'nobody'])).toMatchObject([
    { userId: 'bob', general: 'unlogined', username: 'Bobby' },
    { userId: 'cat', username: 'Cat' },
    { userId: 'nobody' },
  ]);
  expect(asked).toEqual([['cat', 'dan'], ['nobody']]);
});

test('the state and the answer of a follow have them; the name of somebody online is that of the presence', async () => {
  const { profilesOf } = profiles();
  server = await startServer({ profilesOf });
  await person(server, 'bob|Robert', 'presence', { status: 'here' });
  const ann = await person(server, 'ann');
  expect(await ann.follow(['bob', 'cat', 'nobody'])).toMatchObject({
    presences: [{ userId: 'bob', username: 'Robert' }],
    names: [
      { userId: 'bob', username: 'Bob' },
      { userId: 'cat', username: 'Cat' },
    ],
  });
  await until(() => ann.state.users['nobody'] !== undefined, 'the state');
  expect(ann.state.users).toMatchObject({
    bob: { username: 'Robert' },
    cat: { username: 'Cat' },
    nobody: { username: '' },
  });
  const friends = await client('eve', ['bob', 'cat']);
  expect(namesIn(friends)).toEqual({ bob: 'Robert', cat: 'Cat' });
  expect((await friends.getUserStatus(['bob']))[0]).not.toHaveProperty('username');
});

test('after a delta the name stays, of who comes and of who goes', async () => {
  const { profilesOf } = profiles();
  server = await startServer({ profilesOf });
  const friends = await client('ann', ['bob', 'cat']);
  const bob = await person(server, 'bob|Robert', 'presence', { status: 'here' });
  await until(() => friends.getSnapshot()[0]?.online === true, 'bob');
  expect(namesIn(friends)).toEqual({ bob: 'Robert', cat: 'Cat' });
  await bob.setStatus(null);
  await until(() => friends.getSnapshot()[0]?.online === false, 'bob to go');
  expect(namesIn(friends)).toEqual({ bob: 'Robert', cat: 'Cat' });
});

test('follows by the server API and snapshots after a return have them', async () => {
  const { profilesOf } = profiles();
  server = await startServer({ profilesOf });
  const ann = await person(server, 'ann');
  await presence.follow({ userId: 'ann' }, ['cat']);
  const snapshot = await until(() => ann.snapshots[0], 'the snapshot');
  expect(snapshot).toMatchObject({ names: [{ userId: 'cat', username: 'Cat' }] });
  await ann.ask('presence:welcome', {});
  const again = await until(() => ann.snapshots[1], 'the whole snapshot');
  expect(again).toMatchObject({ complete: true, names: [{ userId: 'cat', username: 'Cat' }] });
});

describe('nothing is told', () => {
  test('of who is refused by canFollow', async () => {
    const { profilesOf } = profiles();
    server = await startServer({ profilesOf, canFollow: (_, userIds) => userIds.map((id) => id !== 'bob') });
    const ann = await person(server, 'ann');
    const reply = await ann.follow(['bob', 'cat']);
    expect(reply.names).toEqual([{ userId: 'cat', username: 'Cat' }]);
    await ann.ask('presence:welcome', {});
    await until(() => ann.snapshots[0], 'the whole snapshot');
    await settle(ann);
    expect(JSON.stringify([ann.snapshots, ann.state])).not.toContain('Bob');
  });

  test('of a user that is not followed any more', async () => {
    const { asked, profilesOf } = profiles();
    server = await startServer({ profilesOf });
    const ann = await person(server, 'ann');
    await ann.follow(['bob']);
    await ann.unfollow(['bob']);
    await ann.follow(['bob']);
    expect(asked).toEqual([['bob'], ['bob']]);
  });
});

test.each([
  ['throws', () => Promise.reject(new Error('database down'))],
  ['answers with nonsense', () => 'Bob' as never],
])('a hook that %s costs the names only, and is asked again', async (_, answer) => {
  const lines = captureLog();
  let isBroken = true;
  server = await startServer({
    profilesOf: (userIds) => (isBroken ? answer() : userIds.map((userId) => ({ userId, username: 'Somebody' }))),
  });
  const ann = await person(server, 'ann');
  expect(await ann.follow(['bob'])).toEqual({ presences: [], users: [{ userId: 'bob', general: 'unlogined' }] });
  expect(lines.filter((line) => line.includes('[presence:profiles_failed]'))).toHaveLength(1);
  isBroken = false;
  expect((await ann.follow(['bob'])).names).toEqual([{ userId: 'bob', username: 'Somebody' }]);
});
