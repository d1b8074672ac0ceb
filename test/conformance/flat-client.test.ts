/** A client that reads and writes only flat messages (GameMaker): texts, numbers and booleans, no list and no object inside. */
import { Room } from '@colyseus/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConformanceClient } from '../../conformance/client/client.ts';
import { presence } from '../../src/index.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

class Match extends Room {}

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ resolveFollows: () => ['bob', 'zoe'], unverifiedMatches: 'show' }, { match: Match });
});
afterAll(async () => {
  await server.stop();
});

const isFlat = (payload: unknown): boolean =>
  Object.values(payload as object).every((value) => typeof value !== 'object');

test("with sync 'state' and friends from the server it has a friends list, a status and a seat", async () => {
  const match = await server.client('bob').create('match');
  const bob = await server.join('bob|Bob', { status: JSON.stringify({ matchId: match.roomId }) });
  const gml = await ConformanceClient.join(server.url, 'gml', 'presence', { status: '{"text":"hi"}', sync: 'state' });
  const friends = (): unknown => gml.state.state().users;
  const connections = (): Array<{ status: string; matchId: string }> =>
    Object.values(gml.state.state().users['bob']?.connections ?? {});

  // The list, without a call.
  await until(() => Object.keys(gml.state.state().users).length === 2, 'the friends of the server');
  expect(friends()).toMatchObject({ bob: { username: 'Bob', general: 'online' }, zoe: { general: 'unlogined' } });
  expect(connections()).toMatchObject([{ matchId: match.roomId }]);
  bob.send('presence:status', { status: 'changed' });
  await until(() => connections()[0]?.status === 'changed', 'the change');

  // Its own status: shown, and gone again. Its numbers are all floats.
  expect(await gml.call('presence:status', { status: 'in the menu' })).toEqual({ cid: 'c1', ok: true });
  await until(
    () => Object.values(gml.state.state().me?.connections ?? {})[0]?.status === 'in the menu',
    'the own status',
  );
  expect(await gml.call('presence:status', { status: false })).toEqual({ cid: 'c2', ok: true });
  await until(() => gml.state.state().me?.general === 'offline', 'appearing offline');

  // A friend more and less.
  expect(await gml.call('presence:unfollow', { userIds: 'zoe' })).toEqual({ cid: 'c3', ok: true });
  await presence.follow({ userId: 'gml' }, ['dan']);
  await until(() => gml.state.state().users['dan'] !== undefined, 'the new friend');
  expect(Object.keys(gml.state.state().users).toSorted()).toEqual(['bob', 'dan']);

  // A failure can be told by `ok`.
  expect(await gml.call('presence:join', { userId: 'bob' })).toMatchObject({ cid: 'c4', ok: false });
  bob.send('presence:status', { status: JSON.stringify({ matchId: match.roomId }) });
  await until(() => connections()[0]?.matchId === match.roomId, 'the match');
  const seat = await gml.call('presence:join', { userId: 'bob' });
  expect(seat).toMatchObject({ cid: 'c5', ok: true, roomId: match.roomId });

  // Every message was flat, but for the error, whose `ok` is not.
  const messages = gml.received.filter(({ kind }) => kind === 'message');
  expect(messages).toHaveLength(5);
  expect(messages.filter(({ payload }) => !isFlat(payload))).toMatchObject([{ payload: { ok: false } }]);
  gml.leave();
  await match.leave();
});
