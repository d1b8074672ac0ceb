/** A player who uses matches, policies and join options against others: it is shown within a limit, leads nobody astray, and gets in nowhere. */
import { definePlugins, Room, type Client } from '@colyseus/core';
import { Packr } from 'msgpackr';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MatchPlugin, type JoinPolicy, type Presence } from '../../src/index.ts';
import { currentRuntime } from '../../src/server/runtime.ts';
import { fresh, person, ROOMS, type Person } from '../support/person.ts';
import { dataFrame, rawJoin, type RawClient } from '../support/raw.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import { HonestPair } from './support/honest-pair.ts';

/** The join options that the matches were given. */
const given: unknown[] = [];

class MatchRoom extends Room {
  override maxClients = 100;
  readonly match = new MatchPlugin();
  override plugins = definePlugins([this.match]);
  override seatReservationTimeout = 3;
  override onCreate({ policy, isPrivate }: { policy?: JoinPolicy; isPrivate?: boolean }): void {
    this.match.policy = policy;
    void this.setPrivate(isPrivate === true);
  }
  override onJoin(_client: Client, options: unknown): void {
    given.push(options);
  }
}

const odd = new Packr({ useRecords: false, useBigIntExtension: true, moreTypes: true });

describe.each(ROOMS)('from a %s room', (room) => {
  let server: TestServer;
  let pair: HonestPair;
  beforeAll(async () => {
    server = await startServer(
      { rateLimit: 10_000, maxConnectionsPerUser: 100, unverifiedMatches: 'hide' },
      { match: MatchRoom },
    );
    pair = await HonestPair.at(server, room);
  });
  afterAll(async () => {
    await server.stop();
  });

  const visible = (userId: string): number => currentRuntime('presence')!.tracker.users.get(userId)!.visible.size;

  async function enter(userId: string, options: object = {}): Promise<Awaited<ReturnType<typeof create>>> {
    return create(userId, options);
  }
  const create = async (userId: string, options: object) => {
    const match = await server.client(userId).create('match', options);
    match.onMessage('*', () => {});
    return match;
  };

  test('one user in 25 matches, or 25 times in one, is shown in sixteen', async () => {
    for (const isOne of [true, false]) {
      const spammer = fresh('spammer');
      await person(server, spammer, room, { status: '' });
      const fan = await person(server, fresh('fan'), room);
      await fan.follow([spammer]);
      const first = await enter(spammer);
      const others = await Promise.all(
        Array.from({ length: 24 }, async () =>
          isOne ? server.client(spammer).joinById(first.roomId) : enter(spammer),
        ),
      );
      await fan.settle();
      expect(fan.sees(spammer)).toHaveLength(1 + 16);
      await Promise.all([first, ...others].map(async (match) => match.leave()));
      await until(() => visible(spammer) === 1, 'all to be gone');
      const again = await enter(spammer);
      await until(() => visible(spammer) === 2, 'a match to be shown again');
      await again.leave();
    }
    await pair.expectUnharmed();
  }, 30_000);

  test('who goes in and out of a match all the time tells its followers two changes each time, at most', async () => {
    const spammer = fresh('spammer');
    await person(server, spammer, room, { status: '' });
    const fan = await person(server, fresh('fan'), room, { sync: 'deltas' });
    await fan.follow([spammer]);
    const base = await enter(fresh('base'));
    for (let i = 0; i < 10; i++) {
      await (await server.client(spammer).joinById(base.roomId)).leave();
    }
    await until(() => visible(spammer) === 1, 'the last match to be left');
    await fan.settle();
    expect(fan.deltas.length).toBeLessThanOrEqual(20);
    await base.leave();
  });

  /** All that a viewer can be sent about `userId`, as bytes. */
  async function everything(viewer: Person, userId: string): Promise<string> {
    await viewer.follow([userId]);
    await viewer.ask('presence:query', { userIds: [userId] });
    await viewer.ask('presence:welcome', {});
    await viewer.ask('presence:join', { userId }).catch(() => {});
    await viewer.ask('presence:follow', { userIds: [userId] }, 'send');
    await viewer.ask('presence:query', { userIds: [userId] }, 'send');
    await viewer.settle();
    // The lobby lists every match that is not private, whatever its policy.
    const isListing = (i: number): boolean => {
      const heard = viewer.heard[i];
      return heard?.kind === 'message' && ['rooms', '+', '-'].includes(heard.type);
    };
    const frames = viewer.frames.filter((_, i) => !isListing(i)).map((frame) => Buffer.from(frame));
    return Buffer.concat(frames).toString('latin1') + JSON.stringify(viewer.state);
  }

  const REFUSING: ReadonlyArray<readonly [what: string, options: { policy?: JoinPolicy; isPrivate?: boolean }]> = [
    ['nobody', { policy: 'nobody' }],
    ['invite', { policy: 'invite' }],
    ['mutual, of one that does not follow back', { policy: 'mutual' }],
    ['none, private', { isPrivate: true }],
    ['everyone, private', { policy: 'everyone', isPrivate: true }],
  ];
  const WRITTEN: ReadonlyArray<readonly [how: string, status: (id: string) => string]> = [
    ['as it should be', (id) => JSON.stringify({ matchId: id })],
    ['beside more', (id) => JSON.stringify({ mode: 'duel', matchId: id, also: [`see ${id}`] })],
    ['with an escaped name', (id) => `{"match\\u0049d":"${id}"}`],
    ['with a name that is escaped altogether', (id) => `{"\\u006datchId":"${id}","x":1}`],
    ['twice', (id) => `{"matchId":"other","matchId":"${id}"}`],
    ['after blanks', (id) => ` \n\t{"matchId" : "${id}"}`],
    ['with an escaped value', (id) => `{"matchId":"\\u00${id.charCodeAt(0).toString(16)}${id.slice(1)}"}`],
  ];
  test.each(
    REFUSING.flatMap(([policy, options]) => WRITTEN.map(([how, write]) => [policy, how, options, write] as const)),
  )('policy %s: no byte of the id for others, written into a status %s', async (_, __, options, write) => {
    const host = fresh('host');
    const match = await enter(host, options);
    await person(server, host, room, { status: write(match.roomId) });
    const viewer = await person(server, fresh('viewer'), room);
    const seen = await everything(viewer, host);
    if (options.policy !== 'everyone') {
      expect(seen).not.toContain(match.roomId);
    }
    const presences: Presence[] = viewer.sees(host);
    expect(presences.some(({ matchId, status }) => matchId !== undefined || /match(\\u0049|I)d/.test(status))).toBe(
      false,
    );
    await match.leave();
  });

  test.each(WRITTEN)('a match that no room confirms is not in the status, written %s', async (_, write) => {
    const liar = fresh('liar');
    const match = await enter(fresh('host'));
    await person(server, liar, room, { status: write(match.roomId) });
    const viewer = await person(server, fresh('viewer'), room);
    expect(await everything(viewer, liar)).not.toContain(match.roomId);
    expect((await viewer.refusal('presence:join', { userId: liar }, 'request')).code).toBe('no_match');
    await match.leave();
  });

  async function joins(client: RawClient, payload: object): Promise<{ error?: { code: string }; sessionId?: string }> {
    const before = client.of('presence:reply').length;
    client.socket.send(Buffer.concat([dataFrame('presence:join'), odd.pack({ ...payload, cid: 7 })]));
    return until(
      () => client.of<{ error?: { code: string }; sessionId?: string }>('presence:reply')[before],
      'the answer',
    );
  }

  test.each<[what: string, options: unknown]>([
    ['a date', new Date(0)],
    ['a date that is none', new Date(Number.NaN)],
    ['a set', new Set([1])],
    ['an error', new Error('x')],
    ['a pattern', /x/],
    ['binary', Buffer.from('abc')],
    ['a list', [1]],
    ['text', 'text'],
    ['a number', 5],
    ['null', null],
    ['a whole number of 70 bits inside', { team: 2n ** 70n }],
  ])('join options that are %s are refused, and reach no match', async (_, options) => {
    const host = fresh('host');
    const match = await enter(host);
    await person(server, host, room, { status: '' });
    const eve = await rawJoin(server, fresh('eve'), room);
    eve.socket.send(dataFrame('presence:follow', { userIds: [host], cid: 1 }));
    await until(() => eve.of('presence:reply').length === 1, 'the follow');
    given.length = 0;
    expect((await joins(eve, { userId: host, options })).error?.code).toBe('invalid_payload');
    expect(given).toEqual([]);
    eve.socket.terminate();
    await match.leave();
  });

  test.each<[what: string, field: object, code: string]>([
    ['the connection of somebody else', { connectionId: 'unknown' }, 'not_visible'],
    ['a connection that is a list', { connectionId: ['x'] }, 'invalid_payload'],
    ['a user id of the prototype', { userId: '__proto__' }, 'invalid_payload'],
    ['a user it does not follow', { userId: 'constructor' }, 'not_visible'],
    ['the room instead of the user', { roomId: 'x' }, 'invalid_payload'],
    ['a session', { sessionId: 'x' }, 'invalid_payload'],
  ])('a join by %s is refused', async (_, field, code) => {
    const host = fresh('host');
    const match = await enter(host);
    await person(server, host, room, { status: '' });
    const eve = await rawJoin(server, fresh('eve'), room);
    eve.socket.send(dataFrame('presence:follow', { userIds: [host], cid: 1 }));
    await until(() => eve.of('presence:reply').length === 1, 'the follow');
    expect((await joins(eve, { userId: host, ...field })).error?.code).toBe(code);
    eve.socket.terminate();
    await match.leave();
  });

  test('join options that name a session, a user or a prototype change nobody', async () => {
    const host = fresh('host');
    const match = await enter(host);
    await person(server, host, room, { status: '' });
    const eve = await rawJoin(server, fresh('eve'), room);
    eve.socket.send(dataFrame('presence:follow', { userIds: [host], cid: 1 }));
    await until(() => eve.of('presence:reply').length === 1, 'the follow');
    const options = { sessionId: match.sessionId, userId: host, auth: { userId: host }, constructor: { prototype: 1 } };
    const seat = await joins(eve, { userId: host, options });
    expect(seat.sessionId).not.toBe(match.sessionId);
    expect(({} as Record<string, unknown>)['userId']).toBeUndefined();
    expect(match.connection.isOpen).toBe(true);
    eve.socket.terminate();
    await match.leave();
    await pair.expectUnharmed();
  });
});
