/** docs/protocol.md is enough to write a client from: conformance/client is one, and does here all that a client can do. */
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Room } from '@colyseus/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConformanceClient, type Seat } from '../../conformance/client/client.ts';
import { Held } from '../../conformance/held.ts';
import { fresh } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import type { Presence } from '../../src/index.ts';

class Match extends Room {}

let server: TestServer;
beforeAll(async () => {
  server = await startServer(
    { rateLimit: 15, rateWindowMs: 60_000, maxConnectionsPerUser: 100, unverifiedMatches: 'show' },
    { match: Match },
  );
});
afterAll(async () => {
  await server.stop();
});

const enter = async (token: string, options: object = {}): Promise<ConformanceClient> =>
  ConformanceClient.join(server.url, token, 'presence', options);

/** A client with what its messages tell. */
async function listen(token: string, options: object = {}): Promise<{ client: ConformanceClient; held: Held }> {
  const held = new Held();
  const client = await ConformanceClient.join(server.url, token, 'presence', options, (joining) => {
    joining.onFrame = ({ type, payload }) => {
      held.take(type ?? '', payload);
    };
  });
  return { client, held };
}

const statuses = ({ presences }: Held, userId: string): string[] =>
  [...presences.values()].filter((presence) => presence.userId === userId).map(({ status }) => status);

test('it uses nothing of Colyseus and nothing of this package', () => {
  const folder = resolve(import.meta.dirname, '../../conformance/client');
  const imported = globSync('*.ts', { cwd: folder }).flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/from '([^']+)'/g)].map(([, name]) => name),
  );
  expect(new Set(imported)).toEqual(new Set(['./message-pack.ts', './state-reader.ts']));
});

describe('the client', () => {
  test('joins with a status, and hears who it is', async () => {
    const annId = fresh('ann');
    const { client, held } = await listen(`${annId}|Ann`, { status: 'hello' });
    await until(() => statuses(held, annId).length > 0, 'the own presence');
    const [presence] = held.presences.values();
    expect(presence).toEqual({
      userId: annId,
      connectionId: expect.any(String) as string,
      status: 'hello',
      username: 'Ann',
    });
    expect(client.messages('presence:welcome')).toMatchObject([
      { protocol: 1, userId: annId, connectionId: presence?.connectionId },
    ]);
    expect(client.state.state().me).toMatchObject({ userId: annId, username: 'Ann', general: 'online' });
  });

  test.each(['call', 'request'] as const)('follows, hears, queries and unfollows, by %s', async (form) => {
    const [annId, bobId] = [fresh('ann'), fresh('bob')];
    const { client: ann, held } = await listen(annId);
    const { client: bob } = await listen(bobId, { status: 'here' });
    const ask = async (type: string, payload: object): Promise<Record<string, unknown>> => {
      const answer = await ann[form](type, payload);
      expect(answer).toMatchObject(form === 'call' ? { ok: true } : { status: 0 });
      return form === 'call' ? answer : (answer['reply'] as Record<string, unknown>);
    };
    const followed = await ask('presence:follow', { userIds: [bobId, 'nobody'] });
    held.put(followed['presences'] as Presence[]);
    expect(followed['users']).toEqual([{ userId: 'nobody', general: 'unlogined' }]);
    expect(statuses(held, bobId)).toEqual(['here']);
    await bob.call('presence:status', { status: '{"matchId":"m1"}' });
    await until(() => statuses(held, bobId)[0] === '{"matchId":"m1"}', 'the delta');
    await until(
      () => Object.values(ann.state.state().users[bobId]?.connections ?? {})[0]?.matchId === 'm1',
      'the patch',
    );
    expect((await ask('presence:query', { userIds: [bobId] }))['users']).toMatchObject([
      { userId: bobId, general: 'online', customStatus: '{"matchId":"m1"}' },
    ]);
    await ask('presence:unfollow', { userIds: [bobId] });
    await until(() => ann.state.state().users[bobId] === undefined, 'the patch of the unfollow');
    expect(Object.keys(ann.state.state().users)).toEqual(['nobody']);
  });

  test('appears offline with false, as a language without null must', async () => {
    const [annId, bobId] = [fresh('ann'), fresh('bob')];
    const { client: ann, held } = await listen(annId);
    const { client: bob } = await listen(bobId, { status: 'here' });
    held.put((await ann.call('presence:follow', { userIds: [bobId] }))['presences'] as Presence[]);
    expect(await bob.call('presence:status', { status: false })).toMatchObject({ ok: true });
    await until(() => statuses(held, bobId).length === 0, 'the leave');
    await until(() => ann.state.state().users[bobId]?.general === 'offline', 'the patch');
  });

  test('comes back after a lost connection, and is told what it missed', async () => {
    const [annId, bobId] = [fresh('ann'), fresh('bob')];
    const { client: ann, held } = await listen(annId, { status: 'here' });
    const bob = await enter(bobId, { status: 'before' });
    held.put((await ann.call('presence:follow', { userIds: [bobId] }))['presences'] as Presence[]);
    ann.drop();
    await until(() => ann.closeCode, 'the close');
    await bob.call('presence:status', { status: 'meanwhile' });
    await ann.comeBack();
    await until(() => statuses(held, bobId)[0] === 'meanwhile', 'the snapshot');
    expect(ann.messages('presence:snapshot')).toMatchObject([{ complete: true }]);
    expect(Object.values(ann.state.state().users[bobId]?.connections ?? {})).toMatchObject([{ status: 'meanwhile' }]);
  });

  test('takes a seat in the match of a friend', async () => {
    const [annId, bobId] = [fresh('ann'), fresh('bob')];
    const match = await server.client(bobId).create('match');
    await enter(bobId, { status: JSON.stringify({ matchId: match.roomId }) });
    const { client: ann } = await listen(annId);
    await ann.call('presence:follow', { userIds: [bobId] });
    const seat = (await ann.call('presence:join', { userId: bobId })) as unknown as Seat;
    expect(seat.roomId).toBe(match.roomId);
    const joined = ConformanceClient.take(server.url, seat, annId);
    await joined.next('join');
    joined.leave();
    expect(await until(() => joined.closeCode, 'the close')).toBe(4000);
    await match.leave();
  });

  test('takes a seat in a match whose id it knows', async () => {
    const match = await server.client(fresh('bob')).create('match');
    const annId = fresh('ann');
    const response = await fetch(`${server.url}/matchmake/joinById/${match.roomId}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${annId}` },
      body: '{}',
    });
    const seat = (await response.json()) as Seat;
    expect(seat.roomId).toBe(match.roomId);
    await ConformanceClient.take(server.url, seat, annId).next('join');
    await match.leave();
  });

  test.each([
    ['deltas', { me: null, users: {} }, 1, ['message']],
    ['state', { me: { general: 'online' }, users: { nobody: {} } }, 0, ['patch', 'message']],
  ] as const)("with sync '%s' it gets no more than it asked for", async (sync, state, welcomes, answer) => {
    const ann = await enter(fresh('ann'), { status: 'here', sync });
    await until(() => sync === 'state' || ann.messages('presence:delta').length > 0, 'the own presence');
    const before = ann.received.length;
    await ann.call('presence:follow', { userIds: ['nobody'] });
    expect(ann.received.slice(before).map(({ kind }) => kind)).toEqual(answer);
    expect(ann.state.state()).toMatchObject(state);
    expect(ann.messages('presence:welcome')).toHaveLength(welcomes);
  });

  test('is told when to go on after too many calls, and keeps its connection', async () => {
    const { client: ann } = await listen(fresh('ann'));
    const answers = await Promise.all(
      Array.from({ length: 16 }, async () => ann.call('presence:follow', { userIds: ['x'] })),
    );
    expect(answers.filter(({ ok }) => ok === true)).toHaveLength(15);
    expect(answers.at(-1)).toMatchObject({
      ok: false,
      error: { code: 'rate_limited', retryAfterMs: expect.any(Number) as number },
    });
    expect(await ann.call('presence:status', { status: 'still here' })).toMatchObject({ ok: true });
  });

  test('leaves, and the close says so', async () => {
    const ann = await enter(fresh('ann'));
    ann.leave();
    expect(await until(() => ann.closeCode, 'the close')).toBe(4000);
  });

  test('is refused with a reason', async () => {
    await expect(enter(fresh('ann'), { sync: 'nothing' })).rejects.toThrow('"sync" must be');
    await expect(enter('')).rejects.toThrow('no user id');
    const response = await fetch(`${server.url}/matchmake/joinOrCreate/nowhere`, { method: 'POST', body: '{}' });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(await response.json()).toMatchObject({
      code: expect.any(Number) as number,
      error: expect.any(String) as string,
    });
  });
});
