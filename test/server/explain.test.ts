/** "Why don't I see my friend?": the server API's answer, and what it says of a user, on one process. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { presence, PresenceError, PresenceServer, type Explanation, type ExplainReason } from '../../src/index.ts';
import { person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startServer({
    graceSeconds: 30,
    canFollow: (_, ids) => ids.filter((id) => id !== 'hermit'),
    redact: (viewer, shown) => (shown.status === 'secret' && viewer.userId !== 'friend' ? null : shown),
  });
});
afterEach(async () => {
  await server.stop();
});

const why = async (userId: string): Promise<ExplainReason> => (await presence.explain('ann', userId)).reason;

describe('why ann sees a user as she does', () => {
  test('each reason, the first that applies', async () => {
    const ann = await person(server, 'ann');
    const bob = await person(server, 'bob', 'lobby', { status: 'here' });
    expect(await why('bob')).toBe('not_followed');
    await ann.follow(['bob', 'hermit', 'nobody', 'ghost', 'spy']);
    expect(await why('bob')).toBe('visible');
    expect(await why('nobody')).toBe('unlogined');
    expect(await why('ann')).toBe('self');

    await person(server, 'hermit', 'presence', { status: 'here' });
    await person(server, 'ghost');
    await person(server, 'spy', 'presence', { status: 'secret' });
    expect(await why('hermit')).toBe('refused');
    expect(await why('ghost')).toBe('invisible');
    expect(await why('spy')).toBe('redacted');

    await bob.setStatus(null);
    expect(await why('bob')).toBe('invisible');
    await bob.setStatus('back');
    await presence.block('bob', 'ann');
    expect(await why('bob')).toBe('blocked');
    await presence.unblock('bob', 'ann');
    expect(await why('bob')).toBe('visible');
    await bob.setStatus(null);
    await bob.leave();
    await expect.poll(() => why('bob')).toBe('offline');
    expect((await presence.explain('zoe', 'bob')).reason).toBe('viewer_offline');
  });

  test('the answer tells what she is shown, and what is there', async () => {
    const ann = await person(server, 'ann');
    const spy = await person(server, 'spy', 'presence', { status: 'secret' });
    await ann.follow(['spy']);
    const shown = { userId: 'spy', connectionId: await spy.connectionId(), status: 'secret' };
    const connectionId = await ann.connectionId();
    const answer = await presence.explain('ann', 'spy');
    expect(answer).toEqual({
      reason: 'redacted',
      message: expect.stringContaining('"redact"') as string,
      views: [
        {
          connectionId,
          process: expect.any(String) as string,
          reason: 'redacted',
          follows: true,
          general: 'offline',
          presences: [],
          redacted: 1,
        },
      ],
      user: { general: 'online', presences: [shown], connections: 1, invisible: 0 },
      processes: 1,
      complete: true,
    } satisfies Explanation);
    expect(await presence.explain({ connectionId }, 'spy')).toEqual(answer);
  });

  test('of several connections the one counts that sees most', async () => {
    const phone = await person(server, 'ann');
    const desktop = await person(server, 'ann');
    await person(server, 'bob', 'presence', { status: 'here' });
    await desktop.follow(['bob']);
    const { reason, views } = await presence.explain('ann', 'bob');
    expect(reason).toBe('visible');
    expect(new Map(views.map((view) => [view.connectionId, view.reason]))).toEqual(
      new Map([
        [await phone.connectionId(), 'not_followed'],
        [await desktop.connectionId(), 'visible'],
      ]),
    );
  });
});

test('a user, as operators see it: connections, rooms, since when, followers', async () => {
  const [ann, bob] = [await person(server, 'ann'), await person(server, 'bob', 'lobby', { status: 'here' })];
  await person(server, 'bob');
  await ann.follow(['bob']);
  const report = await presence.inspect('bob');
  expect(report).toMatchObject({ userId: 'bob', general: 'online', followers: 1, followedBy: ['ann'], complete: true });
  const visible = report.connections.find(({ status }) => status !== null)!;
  expect(visible).toMatchObject({
    connectionId: await bob.connectionId(),
    status: 'here',
    roomId: bob.room.roomId,
    roomName: 'lobby',
    delivery: 'live',
    follows: 0,
  });
  expect(visible.sinceMs).toBeGreaterThanOrEqual(0);
  expect(report.connections.filter(({ status }) => status === null)).toHaveLength(1);
});

test('a wrong argument is refused in one sentence', async () => {
  const calls = [
    () => presence.explain('ann', 'x'.repeat(10_240)),
    () => presence.explain('', 'bob'),
    () => presence.explain({} as never, 'bob'),
    () => presence.explain(null as never, 'bob'),
    () => presence.inspect(['bob'] as never),
  ];
  for (const call of calls) {
    const error: unknown = await call().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PresenceError);
    expect((error as PresenceError).code).toBe('invalid_payload');
    expect((error as PresenceError).message.length).toBeLessThan(300);
  }
});

test('the health of a process without others, with rooms and without', async () => {
  expect(presence.health()).toEqual({ ok: true, state: 'idle', processes: 1, behindMs: 0 });
  await person(server, 'ann');
  expect(presence.health()).toEqual({ ok: true, state: 'single', processes: 1, behindMs: 0 });
  expect(new PresenceServer({ prefix: 'another' }).health()).toMatchObject({ state: 'idle' });
});
