/** `online`, `offline` and `unlogined`: what makes them, and for how long the last two are told apart. */
import { matchMaker } from '@colyseus/core';
import { afterEach, describe, expect, test } from 'vitest';
import { OfflineMemory } from '../../src/core/offline-memory.ts';
import type { GeneralStatus, PresenceOptions } from '../../src/index.ts';
import { drop } from '../support/drop.ts';
import { person, type Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

let server: TestServer;
afterEach(async () => {
  await server.stop();
});

async function serve(options: PresenceOptions = {}): Promise<void> {
  server = await startServer({ graceSeconds: 0, ...options });
}

async function generalOf(viewer: Person, userId: string): Promise<GeneralStatus> {
  const { users } = await viewer.ask('presence:query', { userIds: [userId] });
  return users[0]!.general;
}

async function join(token: string, status?: string | null): Promise<Person> {
  return person(server, token, 'presence', status === undefined ? {} : { status });
}

async function noRoomIsLeft(): Promise<void> {
  await until(async () => (await matchMaker.query({})).length === 0, 'the room to be disposed');
}

describe('the general status', () => {
  test('is unlogined of a user never seen, in the query, the follow and the state', async () => {
    await serve();
    const ann = await join('ann');
    expect(await generalOf(ann, 'bob')).toBe('unlogined');
    expect((await ann.follow(['bob'])).users).toEqual([{ userId: 'bob', general: 'unlogined' }]);
    await ann.settle();
    expect(ann.state.users['bob']?.general).toBe('unlogined');
  });

  test('is online with a visible connection, offline after a drop, unlogined after a consented leave', async () => {
    await serve();
    const ann = await join('ann');
    await ann.follow(['bob']);
    const expectTold = async (general: GeneralStatus, count: number): Promise<void> => {
      await until(() => ann.deltas.length === count, `${general} to be told`);
      expect(ann.deltas.at(-1)?.users).toEqual([{ userId: 'bob', general }]);
      await until(() => ann.state.users['bob']?.general === general, `${general} in the state`);
      expect(await generalOf(ann, 'bob')).toBe(general);
    };
    const first = await join('bob', 'here');
    await expectTold('online', 1);
    await drop(first, true);
    await expectTold('offline', 2);
    const second = await join('bob', 'here');
    await expectTold('online', 3);
    await second.leave();
    await expectTold('unlogined', 4);
  });

  test('is offline of an invisible user, and stays so when it leaves: leaving shows no more than staying', async () => {
    await serve();
    const ann = await join('ann');
    const bob = await join('bob', 'here');
    await bob.setStatus(null);
    expect(await generalOf(ann, 'bob')).toBe('offline');
    await bob.leave();
    expect(await generalOf(ann, 'bob')).toBe('offline');
  });
});

describe('offline is told from unlogined', () => {
  test('after everything else of the user is gone, even the last room of the process', async () => {
    await serve();
    const bob = await join('bob', 'here');
    await drop(bob, true);
    await noRoomIsLeft();
    const ann = await join('ann');
    expect(await generalOf(ann, 'bob')).toBe('offline');
    expect((await ann.follow(['bob'])).users).toEqual([{ userId: 'bob', general: 'offline' }]);
  });

  test('not at all with rememberOfflineHours 0', async () => {
    await serve({ rememberOfflineHours: 0 });
    await drop(await join('bob', 'here'), true);
    await noRoomIsLeft();
    expect(await generalOf(await join('ann'), 'bob')).toBe('unlogined');
  });

  test('for an invisible user no longer than for one that has gone', async () => {
    await serve({ rememberOfflineHours: 0 });
    const ann = await join('ann');
    const bob = await join('bob', 'here');
    const cat = await join('cat', 'here');
    await bob.setStatus(null);
    await drop(cat, true);
    expect(await generalOf(ann, 'bob')).toBe('unlogined');
    expect((await ann.follow(['bob', 'cat'])).users.map(({ general }) => general)).toEqual(['unlogined', 'unlogined']);
  });

  test('of at most rememberOfflineUsers users: the earliest are forgotten', async () => {
    await serve({ rememberOfflineUsers: 2 });
    for (const id of ['first', 'second', 'third']) {
      await drop(await join(id, 'here'), true);
    }
    const ann = await join('ann');
    expect(await Promise.all(['first', 'second', 'third'].map((id) => generalOf(ann, id)))).toEqual([
      'unlogined',
      'offline',
      'offline',
    ]);
  });

  test('until the user is back, or leaves with consent', async () => {
    await serve();
    const ann = await join('ann');
    await drop(await join('bob', 'here'), true);
    expect(await generalOf(ann, 'bob')).toBe('offline');
    const back = await join('bob', 'here');
    expect(await generalOf(ann, 'bob')).toBe('online');
    await back.leave();
    await until(async () => (await generalOf(ann, 'bob')) === 'unlogined', 'the leave');
  });

  test('for rememberOfflineHours, then no longer', () => {
    const memory = new OfflineMemory(1000, 10);
    memory.remember('bob', 5000);
    expect(memory.has('bob', 5999)).toBe(true);
    expect(memory.has('bob', 6000)).toBe(false);
    expect(memory.size).toBe(0);
    memory.remember('old', 5000);
    memory.remember('new', 7000);
    expect(memory.size).toBe(1);
  });
});
