import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectSound, FORMS, person, ROOMS, settle } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

describe.each(ROOMS)('rule 1, in a %s room', (room) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ rateLimit: 1000 });
  });
  afterAll(async () => {
    await server.stop();
  });

  test('a connection that says nothing does not appear online, to followers, queries or itself', async () => {
    const ann = await person(server, 'a1', room, { status: '' });
    await ann.follow(['b1']);
    const bob = await person(server, 'b1', room);
    await settle(bob, ann);
    expect(ann.sees('b1')).toEqual([]);
    expect((await ann.ask('presence:query', { userIds: ['b1'] })).users).toEqual([
      { userId: 'b1', general: 'unlogined', customStatus: '', presences: [] },
    ]);
    expect(await ann.follow(['b1'])).toEqual({ presences: [], users: [{ userId: 'b1', general: 'unlogined' }] });
    expect((await bob.welcome()).presences).toEqual([]);
    expect((await bob.ask('presence:query', { userIds: ['b1'] })).users[0]?.general).toBe('unlogined');
  });

  test.each(FORMS)('the first status, set by %s, makes it appear', async (form) => {
    const ann = await person(server, 'a2', room);
    await ann.follow([`b2${form}`]);
    const bob = await person(server, `b2${form}`, room);
    await bob.setStatus('hello', form);
    const delta = await until(() => ann.deltas[0], 'the delta');
    expect(delta).toEqual({
      joins: [{ userId: `b2${form}`, connectionId: await bob.connectionId(), status: 'hello' }],
      leaves: [],
      users: [{ userId: `b2${form}`, general: 'online' }],
    });
    expectSound(ann, bob);
  });

  test.each(['', 'In lobby', '{"matchId":"m1"}'])('the join option status %j sets it at once', async (status) => {
    const ann = await person(server, 'a3', room);
    await ann.follow(['b3']);
    const bob = await person(server, 'b3|Bob', room, { status });
    await until(() => ann.sees('b3').length === 1, 'Bob to appear');
    const connectionId = await bob.connectionId();
    expect(ann.sees('b3')).toEqual([
      {
        userId: 'b3',
        connectionId,
        status,
        username: 'Bob',
        ...(status.startsWith('{') && { matchId: 'm1', match: { verified: false } }),
      },
    ]);
    await bob.leave();
    await until(() => ann.sees('b3').length === 0, 'Bob to be gone');
    expectSound(ann, bob);
  });

  test('the join option status null is the same as none', async () => {
    const ann = await person(server, 'a4', room);
    await ann.follow(['b4']);
    const bob = await person(server, 'b4', room, { status: null });
    await settle(bob, ann);
    expect(ann.deltas).toEqual([]);
  });

  test('the identity in the join options is not believed', async () => {
    const bob = await person(server, 'b5', room, {
      userId: 'mallory',
      auth: { userId: 'mallory' },
      status: '',
    } as never);
    expect((await bob.welcome()).userId).toBe('b5');
    expect(bob.state.me?.userId).toBe('b5');
  });

  test('a client without an identity is refused with an error that names the reason', async () => {
    await expect(server.client().joinOrCreate(room)).rejects.toThrow(/unauthenticated/);
  });

  test.each([
    ['a status of 2,049 bytes', { status: 'x'.repeat(2049) }, /status_too_long/],
    ['a status that is a number', { status: 7 }, /invalid_payload/],
    ['an unknown sync', { sync: 'all' }, /invalid_payload/],
  ])('%s refuses the join with its code, and leaves nothing behind', async (_, options, error) => {
    const ann = await person(server, 'a6', room);
    await ann.follow(['b6']);
    await expect(server.client('b6').joinOrCreate(room, options)).rejects.toThrow(error);
    await settle(ann);
    expect(ann.deltas).toEqual([]);
    const bob = await person(server, 'b6', room, { status: 'fine' });
    await until(() => ann.statusesOf('b6')[0] === 'fine', 'Bob, this time with a good status');
    await bob.leave();
    await until(() => ann.sees('b6').length === 0, 'Bob to be gone');
  });
});
