/**
 * A former friend who wants to know of somebody that refuses it (`canFollow`), has blocked it, or is invisible. Each
 * attempt is made upon the victim and upon somebody who is in truth what the victim must look like: the answers are
 * the same, but for the names.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { presence, type PresenceJoinOptions } from '../../src/index.ts';
import { drop, comeBack } from '../support/drop.ts';
import { fresh, person, ROOMS, type Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

/** What each looks like afterwards: an id nobody has, or somebody who dropped. */
type Kind = 'refused' | 'blocked' | 'invisible' | 'blocked before it came';
type Ask = (ex: Person, userId: string) => Promise<unknown>;

const asks = (type: 'presence:follow' | 'presence:query', payload: (userId: string) => string[]): Ask => {
  return async (ex, userId) =>
    ex.ask(type, { userIds: payload(userId) }, 'send').catch((error: { code: string }) => error.code);
};

const ATTEMPTS: ReadonlyArray<readonly [what: string, ask: Ask]> = [
  ['follow', asks('presence:follow', (id) => [id])],
  ['follow, twice in one call', asks('presence:follow', (id) => [id, id])],
  ['follow, among others', asks('presence:follow', (id) => ['nobody', id, 'constructor'])],
  [
    'follow, unfollow, follow',
    async (ex, id) => [await ex.follow([id]), await ex.unfollow([id]), await ex.follow([id])],
  ],
  [
    'two follows in one segment',
    async (ex, id) => {
      const cids = [1, 2].map(() => ex.sendForm('presence:follow', { userIds: [id] }));
      return Promise.all(cids.map(async (cid) => ({ ...(await ex.reply(cid)), cid: '' })));
    },
  ],
  [
    'a status of its own around the follow',
    async (ex, id) => {
      await ex.follow([id]);
      await ex.setStatus('bait');
      await ex.setStatus(null);
      return ex.follow([id]);
    },
  ],
  ['join', async (ex, id) => [await ex.follow([id]), (await ex.refusal('presence:join', { userId: id }, 'send')).code]],
  [
    'join without a follow, and by a connection',
    async (ex, id) => [
      (await ex.refusal('presence:join', { userId: id }, 'send')).code,
      (await ex.refusal('presence:join', { userId: id, connectionId: 'x' }, 'send')).code,
    ],
  ],
  ['welcome', async (ex, id) => [await ex.follow([id]), await ex.ask('presence:welcome', {}), ex.snapshots]],
  [
    'a drop and a return',
    async (ex, id) => {
      await ex.follow([id]);
      const before = ex.snapshots.length;
      ex.reconnectFast();
      await drop(ex);
      await comeBack(ex);
      await until(() => ex.snapshots.length > before, 'the snapshot');
      return ex.snapshots.at(-1);
    },
  ],
  ['unfollow of everybody', async (ex, id) => [await ex.follow([id]), await ex.unfollow(undefined)]],
  [
    'as many follows as it may, to see whether one counts',
    async (ex, id) => {
      await ex.follow(Array.from({ length: 9 }, (_, i) => `other ${i}`));
      await ex.follow([id]);
      return (await ex.refusal('presence:follow', { userIds: ['one more'] }, 'send')).code;
    },
  ],
  [
    'a second device',
    async (ex, id) => {
      await ex.follow([id]);
      return ex.state.users[id];
    },
  ],
];
/** A query tells who is refused, as documented. */
const QUERIES: ReadonlyArray<readonly [what: string, ask: Ask]> = [
  ['query', asks('presence:query', (id) => [id])],
  ['query, among others', asks('presence:query', (id) => ['nobody', id])],
  [
    'query while following',
    async (ex, id) => [await ex.follow([id]), await ex.ask('presence:query', { userIds: [id] })],
  ],
];

describe.each(ROOMS)('in a %s room', (room) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer(
      {
        rateLimit: 10_000,
        maxFollows: 10,
        canFollow: (_, userIds) => userIds.map((userId) => !userId.startsWith('refused')),
      },
      {},
      60_000,
    );
  });
  afterAll(async () => {
    await server.stop();
  });

  /** The victim, and its double, which is in truth what the victim must look like. */
  async function bring(kind: Kind, exId: string): Promise<[victim: string, double: string]> {
    const [victim, double] = [fresh(kind.split(' ')[0]!), fresh('double')];
    if (kind === 'blocked before it came') {
      void presence.block(victim, exId);
    }
    const one = await person(server, victim, room, { status: '{"matchId":"m"}' });
    if (kind === 'blocked' || kind === 'invisible') {
      const other = await person(server, double, room, { status: '{"matchId":"m"}' });
      // The former friend has known both.
      const ex = await person(server, exId, room);
      await ex.follow([victim, double]);
      other.room.reconnection.enabled = false;
      other.room.connection.close(1000);
      await until(() => ex.sees(double).length === 0, 'the double to be gone');
      if (kind === 'blocked') {
        void presence.block(victim, exId);
      } else {
        await one.setStatus(null);
      }
      await ex.leave();
    }
    await one.setStatus(kind === 'invisible' ? null : 'goes on');
    return [victim, double];
  }

  async function outcome(ask: Ask, exId: string, userId: string, options: PresenceJoinOptions): Promise<string> {
    const ex = await person(server, exId, room, options);
    const said = await ask(ex, userId);
    await ex.settle();
    const { connectionId } = await ex.welcome();
    const heard = ex.heard.filter((entry) => entry.kind !== 'message' || !['rooms', '+', '-'].includes(entry.type));
    const all = JSON.stringify([said, heard, ex.state]);
    await ex.leave();
    return all
      .replaceAll(userId, 'X')
      .replaceAll(connectionId, 'C')
      .replaceAll(/"cid":"c\d+"/g, '"cid":""');
  }

  test.each(
    (['refused', 'blocked', 'invisible', 'blocked before it came'] as const).flatMap((kind) =>
      [...ATTEMPTS, ...(kind === 'refused' ? [] : QUERIES)].map(([what, ask]) => [kind, what, ask] as const),
    ),
  )('%s: %s', async (kind, _, ask) => {
    const exId = fresh('ex');
    const [victim, double] = await bring(kind, exId);
    const [upon, instead] = [await outcome(ask, exId, victim, {}), await outcome(ask, exId, double, {})];
    expect(upon).toBe(instead);
    expect(upon).not.toContain('goes on');
  });

  test('a follow under way ends with the friendship', async () => {
    const victim = fresh('victim');
    await person(server, victim, room, { status: 'here' });
    const ex = await person(server, fresh('ex'), room);
    const cid = ex.sendForm('presence:follow', { userIds: [victim] });
    await ex.reply(cid);
    await presence.unfollow({ userId: (await ex.welcome()).userId }, [victim]);
    await until(() => ex.unfollowed.length === 1, 'the end');
    await presence.setStatus({ userId: victim }, 'secret');
    await ex.settle();
    expect(JSON.stringify(ex.heard)).not.toContain('secret');
  });
});
