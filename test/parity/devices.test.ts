/** One user on several devices: status per connection as Nakama has it, general and custom status per user as Tencent has them. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PresenceClient, type UserStatusChange } from '../../src/client/index.ts';
import type { UserStatus } from '../../src/index.ts';
import { person, settle, type Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startServer({ graceSeconds: 0 });
});
afterEach(async () => {
  await server.stop();
});

async function statusOf(viewer: Person, userId: string): Promise<UserStatus> {
  const { users } = await viewer.ask('presence:query', { userIds: [userId] });
  return users[0]!;
}

describe('a user on two devices', () => {
  test('the custom status is the one most recently set on any device', async () => {
    const ann = await person(server, 'ann');
    const pc = await person(server, 'bob', 'presence', { status: 'in a match' });
    const phone = await person(server, 'bob', 'presence', { status: 'in the menu' });
    expect(await statusOf(ann, 'bob')).toMatchObject({ general: 'online', customStatus: 'in the menu' });
    await pc.setStatus('winning');
    const { customStatus, presences } = await statusOf(ann, 'bob');
    expect(customStatus).toBe('winning');
    expect(presences.map(({ status, connectionId }) => [status, connectionId])).toEqual([
      ['in the menu', await phone.connectionId()],
      ['winning', await pc.connectionId()],
    ]);
  });

  test('each device keeps its own status, and only its own', async () => {
    const ann = await person(server, 'ann');
    const pc = await person(server, 'bob', 'presence', { status: 'pc' });
    await person(server, 'bob', 'presence', { status: 'phone' });
    await ann.follow(['bob']);
    await pc.setStatus('pc 2');
    await ann.settle();
    expect(ann.statusesOf('bob').sort()).toEqual(['pc 2', 'phone']);
  });

  test('when the device with the newest status goes, the other one counts; with the last one the user is offline', async () => {
    const ann = await person(server, 'ann');
    const pc = await person(server, 'bob', 'presence', { status: 'pc' });
    const phone = await person(server, 'bob', 'presence', { status: 'phone' });
    await ann.follow(['bob']);
    await phone.leave();
    await until(() => ann.deltas.length === 1, 'the first leave');
    expect(ann.deltas[0]).not.toHaveProperty('users');
    expect(await statusOf(ann, 'bob')).toMatchObject({ general: 'online', customStatus: 'pc' });
    await pc.leave();
    await until(() => ann.deltas.length === 2, 'the last leave');
    expect(ann.deltas[1]?.users).toEqual([{ userId: 'bob', general: 'unlogined' }]);
  });

  test('invisible on one device, the user is what the other one shows', async () => {
    const ann = await person(server, 'ann');
    const pc = await person(server, 'bob', 'presence', { status: 'pc' });
    const phone = await person(server, 'bob', 'presence', { status: 'phone' });
    await phone.setStatus(null);
    expect(await statusOf(ann, 'bob')).toMatchObject({ general: 'online', customStatus: 'pc' });
    await pc.setStatus(null);
    expect(await statusOf(ann, 'bob')).toEqual({ userId: 'bob', general: 'offline', customStatus: '', presences: [] });
  });
});

describe('the custom status', () => {
  test('is cleared by an empty one, and the user stays online', async () => {
    const ann = await person(server, 'ann');
    const bob = await person(server, 'bob', 'presence', { status: 'listening to music' });
    await ann.follow(['bob']);
    await bob.setStatus('');
    expect(await statusOf(ann, 'bob')).toMatchObject({ general: 'online', customStatus: '' });
    await ann.settle();
    expect(ann.deltas[0]).toMatchObject({ leaves: [{ status: 'listening to music' }], joins: [{ status: '' }] });
  });

  test('is cleared on going offline, with a notification, and does not come back with the user', async () => {
    const ann = await person(server, 'ann');
    const bob = await person(server, 'bob', 'presence', { status: 'listening to music' });
    await ann.follow(['bob']);
    bob.room.reconnection.enabled = false;
    bob.room.connection.close(4010);
    const delta = await until(() => ann.deltas[0], 'the notification');
    expect(delta).toMatchObject({
      joins: [],
      leaves: [{ status: 'listening to music' }],
      users: [{ userId: 'bob', general: 'offline' }],
    });
    expect(await statusOf(ann, 'bob')).toEqual({ userId: 'bob', general: 'offline', customStatus: '', presences: [] });
    await person(server, 'bob', 'presence', { status: '' });
    expect(await statusOf(ann, 'bob')).toMatchObject({ general: 'online', customStatus: '' });
  });

  test('can be set an unlimited number of times: 500 in a row', async () => {
    const ann = await person(server, 'ann');
    const bob = await person(server, 'bob', 'presence', { status: '' });
    await ann.follow(['bob']);
    await Promise.all(Array.from({ length: 500 }, (_, i) => bob.setStatus(`status ${i}`)));
    await settle(bob, ann);
    expect(ann.statusesOf('bob')).toEqual(['status 499']);
    await bob.follow(['ann']);
  });

  test('the general status cannot be set', async () => {
    const bob = await person(server, 'bob', 'presence', { status: '' });
    for (const fields of [{ general: 'unlogined' }, { general: 'offline' }, { userId: 'ann' }, { customStatus: 'x' }]) {
      expect(await bob.refusal('presence:status', { status: 'x', ...fields }, 'request')).toMatchObject({
        code: 'invalid_payload',
      });
    }
    expect(bob.statusesOf('bob')).toEqual(['']);
  });
});

describe('one callback, onUserStatusChanged,', () => {
  test("tells own changes on every device, friends' changes and those of others who are followed", async () => {
    const friendly = await startServer({ resolveFollows: ({ userId }) => (userId === 'ann' ? ['friend'] : []) });
    const join = async (token: string): Promise<PresenceClient> =>
      PresenceClient.join(friendly.client(token), 'presence', { status: '' });
    const [pc, phone, friend, stranger] = (await Promise.all(['ann', 'ann', 'friend', 'stranger'].map(join))) as [
      PresenceClient,
      PresenceClient,
      PresenceClient,
      PresenceClient,
    ];
    try {
      await pc.follow(['stranger']);
      await until(
        () => [pc, phone].every((one) => one.getSnapshot().some(({ userId, online }) => userId === 'friend' && online)),
        'the friend list',
      );
      const heard = new Map<string, UserStatusChange[]>([
        ['pc', []],
        ['phone', []],
      ]);
      pc.onUserStatusChanged((changes) => {
        heard.get('pc')!.push(...changes);
      });
      phone.onUserStatusChanged((changes) => {
        heard.get('phone')!.push(...changes);
      });
      await phone.setStatus('on the phone');
      await friend.setStatus('friend status');
      await stranger.setStatus('stranger status');
      await until(() => heard.get('pc')!.length === 3 && heard.get('phone')!.length === 2, 'the changes');
      const own = { userId: 'ann', general: 'online', customStatus: 'on the phone', me: true };
      const friends = { userId: 'friend', general: 'online', customStatus: 'friend status', me: false };
      expect(heard.get('pc')).toEqual([
        own,
        friends,
        { userId: 'stranger', general: 'online', customStatus: 'stranger status', me: false },
      ]);
      expect(heard.get('phone')).toEqual([own, friends]);
    } finally {
      await Promise.all([pc, phone, friend, stranger].map((one) => one.leave()));
      await friendly.stop();
    }
  });
});
