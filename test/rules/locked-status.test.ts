/** A status that the server has locked wins over what the clients say, which is kept. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PresenceClient } from '../../src/client/index.ts';
import { presence } from '../../src/index.ts';
import { expectSound, fresh, person, settle, type Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

let server: TestServer;
let bob: Person;
let annId: string;
beforeEach(async () => {
  server = await startServer({ graceSeconds: 30 });
  annId = fresh('ann');
  bob = await person(server, 'bob');
  await bob.follow([annId]);
});
afterEach(async () => {
  await server.stop();
});

const lock = (status: string | null): ReturnType<typeof presence.unlockStatus> =>
  presence.setStatus({ userId: annId }, status, { lock: true });

async function sees(...statuses: string[]): Promise<void> {
  await until(
    () => bob.statusesOf(annId).sort().join() === [...statuses].sort().join(),
    `to see ${JSON.stringify(statuses)}`,
  );
}

test('all connections of the user have it, later ones too, until it ends; then each has its own', async () => {
  const pc = await person(server, annId, 'presence', { status: 'pc' });
  await person(server, annId, 'lobby');
  expect(await lock('Banned')).toEqual({ connections: 2, processes: 1, complete: true, stored: true });
  await sees('Banned', 'Banned');
  const phone = await person(server, annId, 'presence', { status: 'phone' });
  await sees('Banned', 'Banned', 'Banned');
  expect((await phone.welcome()).locked).toBe(true);
  expect(await presence.unlockStatus(annId)).toMatchObject({ connections: 3, stored: true });
  await sees('pc', 'phone');
  await settle(bob, pc, phone);
  expectSound(bob, pc, phone);
  expect(pc.welcomes.map(({ locked }) => locked)).toEqual([undefined, true, undefined]);
});

test.each(['request', 'send'] as const)(
  'what a client sets meanwhile is refused, kept, and shown after (%s)',
  async (form) => {
    const ann = await person(server, annId, 'presence', { status: 'before' });
    await lock('Banned');
    const error = await ann.refusal('presence:status', { status: 'meanwhile' }, form);
    expect(error.code).toBe('status_locked');
    await ann.settle();
    await bob.settle();
    await sees('Banned');
    await presence.unlockStatus(annId);
    await sees('meanwhile');
  },
);

test('null makes the user invisible, whatever its client sets', async () => {
  const ann = await person(server, annId, 'presence', { status: 'here' });
  await lock(null);
  await sees();
  expect((await ann.refusal('presence:status', { status: 'I am here' }, 'request')).code).toBe('status_locked');
  await person(server, annId, 'presence', { status: 'and here' });
  await settle(bob);
  await sees();
  expect((await presence.areOnline([annId])).get(annId)).toBe(false);
  await presence.unlockStatus(annId);
  await sees('I am here', 'and here');
});

test('a setStatus of the server without lock is for the time after', async () => {
  await person(server, annId, 'presence', { status: 'here' });
  await lock('Banned');
  await presence.setStatus({ userId: annId }, 'Welcome back');
  await sees('Banned');
  await lock('Banned for a day');
  await sees('Banned for a day');
  await presence.unlockStatus(annId);
  await sees('Welcome back');
});

test('it outlives the last room of the process', async () => {
  const ann = await person(server, annId, 'presence', { status: 'here' });
  await lock('Banned');
  await Promise.all([ann.leave(), bob.leave()]);
  await until(() => presence.count().connections === 0, 'the rooms to end');
  bob = await person(server, 'bob');
  await bob.follow([annId]);
  await person(server, annId, 'presence', { status: 'here again' });
  await sees('Banned');
});

test('a lock is of a user', () => {
  expect(() => presence.setStatus({ connectionId: 'c' }, 'Banned', { lock: true })).toThrow(
    'A status is locked for a user, { userId }, not for one of its connections.',
  );
});

test('the helper keeps its own status, over a new seat too, and sends it once', async () => {
  await lock('Banned');
  const friends = await PresenceClient.join(server.client(annId), 'presence', { status: 'first' });
  await sees('Banned');
  await expect(friends.setStatus('second')).rejects.toMatchObject({ code: 'status_locked', retryable: false });
  await until(() => friends.me?.customStatus === 'Banned', 'what is shown');
  const { sessionId } = friends.room;
  friends.room.reconnection.enabled = false;
  friends.room.connection.close(4001);
  await until(() => friends.connection === 'online' && friends.room.sessionId !== sessionId, 'the new seat');
  await until(() => friends.me?.customStatus === 'Banned', 'what is shown then');
  await presence.unlockStatus(annId);
  await sees('second');
  await until(() => friends.me?.customStatus === 'second', 'its own');
  await friends.setStatus('third');
  await sees('third');
  await friends.leave();
});

test('a room that is attached with a status serves a locked user', async () => {
  await lock('Banned');
  const client = server.client(annId);
  const room = await client.joinOrCreate('presence');
  const friends = await PresenceClient.attach(room, { client, status: 'mine' });
  await sees('Banned');
  await presence.unlockStatus(annId);
  await sees('mine');
  await friends.leave();
});

test.each([true, 'lock', [true], null, { locked: true }, { lock: 'yes' }])('options like %j are refused', (options) => {
  expect(() => presence.setStatus({ userId: annId }, 'Banned', options as { lock: true })).toThrow(
    /^The options of setStatus have to be \{ lock: true \}, or left out, but are /,
  );
});
