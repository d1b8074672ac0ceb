/** `presence:query`, Tencent's getUserStatus: oneself without limit, 500 others at once, partial success. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PresenceClient } from '../../src/client/index.ts';
import { PresenceError } from '../../src/index.ts';
import { FORMS, person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startServer({ canFollow: (_, ids) => ids.map((id) => !id.startsWith('secret')) });
});
afterEach(async () => {
  await server.stop();
});

const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `u${i}`);

describe('querying others', () => {
  test('500 UUIDs pass through the default frame size of the transport', async () => {
    const players = ids(500).map(() => randomUUID());
    const shown = [players[0]!, players[250]!, players[499]!];
    for (const id of shown) {
      await person(server, id, 'presence', { status: `I am ${id}` });
    }
    const ann = await PresenceClient.join(server.client('ann'), 'presence');
    const users = await ann.getUserStatus(players);
    expect(users.map(({ userId }) => userId)).toEqual(players);
    expect(
      users.filter(({ general }) => general === 'online').map(({ userId, customStatus }) => [userId, customStatus]),
    ).toEqual(shown.map((id) => [id, `I am ${id}`]));
    expect(users.filter(({ general }) => general === 'unlogined')).toHaveLength(497);
    await ann.leave();
  });

  test.each(FORMS)('500 ids in one call are answered, 501 are too many, by %s', async (form) => {
    const ann = await person(server, 'ann');
    expect((await ann.ask('presence:query', { userIds: ids(500) }, form)).users).toHaveLength(500);
    expect(await ann.refusal('presence:query', { userIds: ids(501) }, form)).toMatchObject({ code: 'too_many_ids' });
    expect((await ann.ask('presence:query', { userIds: ['u1'] }, form)).users).toHaveLength(1);
  });

  test('follows nobody: no update comes afterwards', async () => {
    const ann = await person(server, 'ann');
    const bob = await person(server, 'bob', 'presence', { status: 'here' });
    await ann.ask('presence:query', { userIds: ['bob'] });
    ann.clear();
    await bob.setStatus('there');
    await ann.settle();
    expect(ann.heard.filter(({ kind }) => kind !== 'response')).toEqual([]);
    expect(ann.state.users).toEqual({});
  });

  test.each(FORMS)('a bad id or one that may not be seen does not fail the rest, by %s', async (form) => {
    const ann = await person(server, 'ann');
    await person(server, 'bob', 'presence', { status: 'here' });
    await person(server, 'secret-agent', 'presence', { status: 'here' });
    const userIds = ['bob', '', 'secret-agent', '__proto__', 7.5, null, 'x'.repeat(129), 'nobody'] as string[];
    const { users } = await ann.ask('presence:query', { userIds }, form);
    expect(users).toMatchObject([
      { userId: 'bob', general: 'online', customStatus: 'here' },
      { userId: 'nobody', general: 'unlogined', customStatus: '' },
    ]);
  });

  test.each(FORMS)('only when all fail there is an error, by %s', async (form) => {
    const ann = await person(server, 'ann');
    await person(server, 'secret-agent', 'presence', { status: 'here' });
    expect(await ann.refusal('presence:query', { userIds: ['secret-agent', 'secret-nobody'] }, form)).toMatchObject({
      code: 'not_visible',
    });
    expect(await ann.refusal('presence:query', { userIds: ['', 7.5] }, form)).toMatchObject({
      code: 'invalid_payload',
    });
    expect(await ann.ask('presence:query', { userIds: [] }, form)).toEqual({ users: [] });
  });

  test('the helper, too, fails only when nothing can be seen', async () => {
    const ann = await PresenceClient.join(server.client('ann'), 'presence');
    expect(await ann.getUserStatus(['secret-agent', 'bob'])).toMatchObject([{ userId: 'bob' }]);
    const error: unknown = await ann.getUserStatus(['secret-agent']).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PresenceError);
    expect(error).toMatchObject({ code: 'not_visible' });
    await ann.leave();
  });
});

describe('querying oneself', () => {
  test('is not limited: 100 in a row, and it uses up nothing of the limit for others', async () => {
    const ann = await person(server, 'ann', 'presence', { status: 'mine' });
    for (let i = 0; i < 100; i++) {
      expect((await ann.ask('presence:query', { userIds: ['ann'] })).users).toMatchObject([
        { userId: 'ann', general: 'online', customStatus: 'mine' },
      ]);
    }
    for (let i = 0; i < 20; i++) {
      await ann.ask('presence:query', { userIds: ['bob'] });
    }
    expect(await ann.refusal('presence:query', { userIds: ['bob'] }, 'request')).toMatchObject({
      code: 'rate_limited',
    });
    expect((await ann.ask('presence:query', { userIds: ['ann'] })).users).toHaveLength(1);
  });

  test('together with others counts as querying others', async () => {
    const ann = await person(server, 'ann', 'presence', { status: '' });
    for (let i = 0; i < 20; i++) {
      expect((await ann.ask('presence:query', { userIds: ['ann', 'bob'] })).users).toHaveLength(2);
    }
    expect(await ann.refusal('presence:query', { userIds: ['ann', 'bob'] }, 'request')).toMatchObject({
      code: 'rate_limited',
    });
  });
});
