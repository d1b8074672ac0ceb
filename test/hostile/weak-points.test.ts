/** What told too much, or had no limit, over raw sockets: ids that come back, blocks at login, connections without end, numbers in Redis, options of the game, timers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { definePlugins, Protocol, Room } from '@colyseus/core';
import { RedisPresence } from '@colyseus/redis-presence';
import { afterEach, describe, expect, test } from 'vitest';
import { presence, PresencePlugin, type Delta, type FollowReply, type Reply, type Welcome } from '../../src/index.ts';
import { fresh, ROOMS } from '../support/person.ts';
import { dataFrame, rawJoin, rawOpen, type RawClient } from '../support/raw.ts';
import { startRedis } from '../support/redis.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

class MatchRoom extends Room {
  override plugins = definePlugins([new PresencePlugin()]);
}

let server: TestServer;
afterEach(async () => {
  await server.stop();
});

let cids = 0;
async function ask(client: RawClient, type: string, payload: object): Promise<Reply> {
  const cid = ++cids;
  client.socket.send(dataFrame(type, { ...payload, cid }));
  return until(() => client.of<Reply>('presence:reply').find((reply) => reply.cid === cid), `the reply to ${type}`);
}

describe.each(ROOMS)('in a %s room', (room) => {
  test('an id that was hidden does not come back: nor does one that was dropped, so the two look the same', async () => {
    server = await startServer({ graceSeconds: 0 });
    const ids = async (hides: boolean): Promise<number> => {
      const bob = fresh('bob');
      const fan = await rawJoin(server, fresh('fan'), room, { sync: 'deltas' });
      let one = await rawJoin(server, bob, room, { status: 'here', sync: 'deltas' });
      await ask(fan, 'presence:follow', { userIds: [bob] });
      if (hides) {
        await ask(one, 'presence:status', { status: null });
      } else {
        one.socket.terminate();
      }
      await until(
        () => fan.of<Delta>('presence:delta').some(({ users }) => users?.[0]?.general === 'offline'),
        'offline',
      );
      if (hides) {
        await ask(one, 'presence:status', { status: 'back' });
        expect(one.of<Welcome>('presence:welcome')).toHaveLength(2);
      } else {
        one = await rawJoin(server, bob, room, { status: 'back', sync: 'deltas' });
      }
      const joins = (): string[] =>
        fan.of<Delta>('presence:delta').flatMap((delta) => delta.joins.map(({ connectionId }) => connectionId));
      await until(() => joins().length === 1, 'the return');
      const [first] = fan.of<FollowReply>('presence:reply')[0]!.presences;
      return new Set([first!.connectionId, ...joins()]).size;
    };
    expect([await ids(true), await ids(false)]).toEqual([2, 2]);
  });

  test('a block made at login tells neither whether the blocker is here, nor that it was made', async () => {
    server = await startServer();
    const seen = async (isHere: boolean, comes: boolean): Promise<string> => {
      const [ann, bob] = [fresh('ann'), fresh('bob')];
      if (isHere) {
        await rawJoin(server, bob, room, { status: 'here' });
      }
      const viewer = await rawJoin(server, ann, room, { sync: 'deltas' });
      void presence.block(bob, ann);
      const follow = await ask(viewer, 'presence:follow', { userIds: [bob] });
      if (comes) {
        await rawJoin(server, bob, room, { status: 'comes' });
      }
      const query = await ask(viewer, 'presence:query', { userIds: [bob] });
      const again = await rawJoin(server, ann, room, { sync: 'deltas' });
      const later = await ask(again, 'presence:follow', { userIds: [bob] });
      const said = [follow, query, later].map((reply) => ({ ...reply, cid: 0 }));
      return JSON.stringify([said, viewer.of('presence:delta')]).replaceAll(bob, 'bob');
    };
    const never = await seen(false, false);
    expect(never).toContain('unlogined');
    expect([await seen(true, false), await seen(true, true), await seen(false, true)]).toEqual([never, never, never]);
  });

  test('one account gets no more connections than it may, those in their grace included', async () => {
    server = await startServer({ maxConnectionsPerUser: 4, graceSeconds: 60 });
    const user = fresh('many');
    const first = await Promise.all(Array.from({ length: 4 }, async () => rawJoin(server, user, room, { status: '' })));
    first.forEach(({ socket }) => {
      socket.terminate();
    });
    await Promise.all(first.map(async (one) => one.closed()));
    for (let i = 0; i < 4; i++) {
      const more = await rawOpen(server, user, room, { status: '' });
      await more.closed();
      expect(Buffer.concat(more.frames).toString()).toContain('too_many_connections');
    }
    expect((await presence.statuses([user]))[0]?.presences).toHaveLength(4);
    await presence.disconnect({ userId: user });
  });
});

test("the join options of a game that are named like those of presence are the game's", async () => {
  server = await startServer({}, { match: MatchRoom });
  for (const options of [
    { sync: 5 },
    { status: { hp: 3 } },
    { status: 'x'.repeat(3000), sync: 'full' },
    { resume: 7 },
  ]) {
    const eve = fresh('eve');
    const client = await rawOpen(server, eve, 'match', options as never);
    await until(() => client.frames.some((frame) => frame[0] === Protocol.JOIN_ROOM), 'the join');
    client.acknowledge();
    expect((await ask(client, 'presence:query', { userIds: [eve] })).ok).toBe(true);
    expect((await presence.statuses([eve]))[0]?.general).toBe('unlogined');
  }
});

const redis = await startRedis();
test.skipIf(redis === null)('numbers past every count in Redis silence nobody', async () => {
  server = await startServer({}, {}, 1000, new RedisPresence(redis!.url));
  const [bob, fan] = [fresh('bob'), fresh('fan')];
  const star = await rawJoin(server, bob, 'presence', { status: 'here', sync: 'deltas' });
  const viewer = await rawJoin(server, fan, 'presence', { sync: 'deltas' });
  const reply = (await ask(viewer, 'presence:follow', { userIds: [bob] })) as unknown as FollowReply;
  const key = `presence:u:${bob}`;
  const field = await until(async () => (await redis!.cli('HKEYS', key)).split('\n')[0], 'the register');
  const { connectionId } = reply.presences[0]!;
  const text = 'x'.repeat(70_000);
  for (const forged of [
    { s: Number.MAX_SAFE_INTEGER, e: [] },
    { s: 1e300, e: [] },
    { s: 2 ** 48 - 1, e: [{ c: connectionId, s: 'evil', t: 1, k: Number.MAX_SAFE_INTEGER }] },
    { s: 2 ** 48 - 1, e: [{ c: connectionId, s: text, t: 1 }] },
    { s: 2 ** 48 - 1, e: [{ c: connectionId, s: 'evil', t: 1e300 }] },
  ]) {
    for (const from of [field, 'evil']) {
      const message = JSON.stringify({ v: 1, f: from, ...forged });
      await redis!.cli('PUBLISH', key, message);
      await redis!.cli('HSET', key, from, message);
    }
  }
  await ask(star, 'presence:status', { status: 'still heard' });
  await until(
    () => viewer.of<Delta>('presence:delta').some(({ joins }) => joins.some(({ status }) => status === 'still heard')),
    'the next status',
  );
  await until(
    async () => (await redis!.cli('HGET', key, field)).includes('still heard'),
    'the store to be right again',
  );
  expect(JSON.stringify(viewer.of('presence:delta'))).not.toContain('evil');
  await redis!.cli('DEL', key);
});

test('a room that is gone before the grace of its players holds no process', async () => {
  server = await startServer();
  const script = fileURLToPath(new URL('support/gone-before-its-grace.ts', import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const [code] = (await once(child, 'exit', { signal: AbortSignal.timeout(20_000) })) as [number | null];
  expect(code).toBe(0);
}, 40_000);
