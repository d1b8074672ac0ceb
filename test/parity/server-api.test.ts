/** The server API on one process: for HTTP routes, bots, push notifications, analytics. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  presence,
  PresenceError,
  PresenceServer,
  type GeneralEvent,
  type Reached,
  type StatusEvent,
  type Target,
} from '../../src/index.ts';
import { drop } from '../support/drop.ts';
import { person, settle } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import { captureLog } from './support/hooks.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startServer({ graceSeconds: 30, maxStatusBytes: 10, canFollow: (_, ids) => ids.map(() => false) });
});
afterEach(async () => {
  await server.stop();
  vi.restoreAllMocks();
});

describe('statuses and online checks', () => {
  test('tell of any user, whatever canFollow says, in the order asked', async () => {
    const bob = await person(server, 'bob', 'presence', { status: 'here' });
    await person(server, 'cat');
    expect(await presence.statuses(['nobody', 'bob', 'cat', 'bob'])).toEqual([
      { userId: 'nobody', general: 'unlogined', customStatus: '', presences: [] },
      {
        userId: 'bob',
        general: 'online',
        customStatus: 'here',
        presences: [{ userId: 'bob', connectionId: await bob.connectionId(), status: 'here' }],
      },
      { userId: 'cat', general: 'unlogined', customStatus: '', presences: [] },
    ]);
  });

  test('take thousands of ids at once', async () => {
    await person(server, 'u1234', 'presence', { status: '' });
    const ids = Array.from({ length: 5000 }, (_, i) => `u${i}`);
    const online = await presence.areOnline(ids);
    expect(online.size).toBe(5000);
    expect([...online].filter(([, isOnline]) => isOnline)).toEqual([['u1234', true]]);
  });

  test('see the user in its reconnection grace as online', async () => {
    const bob = await person(server, 'bob', 'presence', { status: 'here' });
    await bob.settle();
    await drop(bob, true);
    expect((await presence.areOnline(['bob'])).get('bob')).toBe(true);
  });
});

test('counts tell users from connections, and visible from invisible ones', async () => {
  expect(presence.count()).toEqual({ users: 0, connections: 0, online: 0 });
  await person(server, 'ann', 'presence', { status: '' });
  await person(server, 'ann', 'lobby');
  await person(server, 'bob');
  const cat = await person(server, 'cat', 'lobby', { status: '' });
  await cat.follow(['nobody', 'ann']);
  expect(presence.count()).toEqual({ users: 3, connections: 4, online: 2 });
  expect(await presence.countAll()).toEqual({ users: 3, connections: 4, online: 2, processes: 1, complete: true });
});

describe('setting a status', () => {
  test('of a user reaches all its connections, of a connection that one; longer than clients may', async () => {
    const pc = await person(server, 'bob', 'presence', { status: 'pc' });
    const phone = await person(server, 'bob');
    void presence.setStatus({ userId: 'bob' }, 'a long status from the server');
    await until(() => pc.statusesOf('bob').length === 2, 'both statuses');
    expect(new Set(pc.statusesOf('bob'))).toEqual(new Set(['a long status from the server']));
    void presence.setStatus({ connectionId: await phone.connectionId() }, null);
    await until(() => pc.statusesOf('bob').length === 1, 'the cleared one');
    expect(pc.sees('bob')).toMatchObject([{ connectionId: await pc.connectionId() }]);
    void presence.setStatus({ userId: 'nobody' }, 'x');
  });

  test('refuses what cannot be a status or a target, having done nothing', async () => {
    const bob = await person(server, 'bob', 'presence', { status: 'here' });
    const attempt = (target: unknown, status: unknown): unknown => {
      try {
        void presence.setStatus(target as Target, status as string);
        return 'accepted';
      } catch (error) {
        return (error as PresenceError).code;
      }
    };
    expect(attempt({ userId: 'bob' }, 'x'.repeat(65_537))).toBe('status_too_long');
    expect(attempt({ userId: 'bob' }, undefined)).toBe('invalid_payload');
    expect(attempt({ userId: 'bob' }, { matchId: 'm' })).toBe('invalid_payload');
    for (const target of [
      'bob',
      null,
      undefined,
      {},
      { userId: '' },
      { userId: 7.5 },
      { connectionId: '' },
      { userId: 'bob', connectionId: 'x' },
    ]) {
      expect(attempt(target, 'x'), JSON.stringify(target)).toBe('invalid_payload');
    }
    await settle(bob);
    expect(bob.statusesOf('bob')).toEqual(['here']);
  });
});

test('ids that cannot exist are refused by every call', async () => {
  const bad = ['', '__proto__', 'x'.repeat(129), 7.5];
  for (const id of bad) {
    await expect(presence.statuses(['bob', id])).rejects.toThrow(PresenceError);
    await expect(presence.areOnline([id])).rejects.toThrow(PresenceError);
    expect(() => {
      void presence.follow({ userId: 'ann' }, [id]);
    }).toThrow(PresenceError);
    expect(() => {
      void presence.unfollow({ userId: 'ann' }, [id]);
    }).toThrow(PresenceError);
    expect(() => {
      void presence.block(id, 'ann');
    }).toThrow(PresenceError);
    expect(() => {
      void presence.unblock('ann', id);
    }).toThrow(PresenceError);
    expect(() => {
      void presence.disconnect({ userId: id });
    }).toThrow(PresenceError);
  }
});

describe('a command tells how many connections it has reached', () => {
  const reached = (connections: number): Reached => ({ connections, processes: 1, complete: true });

  test('of a user all, of a connection one, of an unknown target none', async () => {
    const pc = await person(server, 'bob', 'presence', { status: 'pc' });
    await person(server, 'bob', 'lobby');
    const bob = { userId: 'bob' };
    const thePc = { connectionId: await pc.connectionId() };
    expect(await presence.setStatus(bob, 'both')).toEqual(reached(2));
    expect(await presence.setStatus(thePc, 'one')).toEqual(reached(1));
    expect(await presence.follow(bob, ['ann'])).toEqual(reached(2));
    await settle(pc);
    expect(Object.keys(pc.state.users)).toEqual(['ann']);
    expect(await presence.unfollow(bob, ['ann'])).toEqual(reached(2));
    expect(await presence.unfollowAll(thePc)).toEqual(reached(1));
    expect(await presence.refresh(bob)).toEqual(reached(2));
    expect(await presence.block('ann', 'bob')).toEqual(reached(2));
    expect(await presence.unblock('ann', 'bob')).toEqual(reached(2));
    expect(await presence.disconnect(bob)).toEqual(reached(2));
    expect(await presence.disconnect(bob)).toEqual(reached(0));
    expect(await presence.setStatus(thePc, 'x')).toEqual(reached(0));
  });

  test('a follow that the quota refuses has reached nobody, and the log says why', async () => {
    const log = captureLog();
    await server.stop();
    server = await startServer({ maxFollows: 1, countResolvedFollows: true });
    await person(server, 'ann');
    expect(await presence.follow({ userId: 'ann' }, ['bob', 'cat'])).toEqual(reached(0));
    expect(log.filter((line) => line.includes('A follow for user "ann" failed'))).toHaveLength(1);
  });

  test('a missing list does not end every follow', () => {
    expect(() => presence.unfollow({ userId: 'ann' }, undefined as unknown as string[])).toThrow(PresenceError);
  });
});

describe('disconnecting', () => {
  test('ends the connections for good, at once for followers: the SDK does not come back', async () => {
    const pc = await person(server, 'bob', 'presence', { status: 'pc' });
    const phone = await person(server, 'bob', 'lobby', { status: 'phone' });
    const left: number[] = [];
    let drops = 0;
    [pc, phone].forEach((device) => {
      device.reconnectFast();
      device.room.onDrop(() => {
        drops++;
      });
      device.room.onLeave((code) => {
        left.push(code);
      });
    });
    const other = await person(server, 'ann', 'presence', { status: '' });
    void presence.disconnect({ userId: 'bob' });
    expect(await presence.statuses(['bob'])).toMatchObject([{ general: 'unlogined', presences: [] }]);
    await until(() => left.length === 2, 'both to be out');
    expect(left).toEqual([4000, 4000]);
    expect(drops).toBe(0);
    await until(() => presence.count().connections === 1, 'nothing of it to be left');
    await other.settle();
  });

  test('ends one that is in its reconnection grace, too: the way back is closed', async () => {
    const bob = await person(server, 'bob', 'presence', { status: 'here' });
    const ann = await person(server, 'ann', 'presence', { status: '' });
    await bob.settle();
    Object.assign(bob.room.reconnection, { minUptime: 0, delay: 300, minDelay: 300, maxDelay: 300 });
    const left: number[] = [];
    bob.room.onLeave((code) => {
      left.push(code);
    });
    await drop(bob);
    void presence.disconnect({ userId: 'bob' });
    await until(() => left.length === 1, 'the end');
    await ann.settle();
    expect(presence.count()).toEqual({ users: 1, connections: 1, online: 1 });
  });
});

describe('events', () => {
  test('tell of every visible connection and of each user as a whole, locally', async () => {
    const general: GeneralEvent[] = [];
    const statuses: StatusEvent[] = [];
    const stops = [
      presence.on('online', (event) => {
        general.push(event);
      }),
      presence.on('offline', (event) => {
        general.push(event);
      }),
      presence.on('status', (event) => {
        statuses.push(event);
      }),
    ];
    const pc = await person(server, 'bob|Bob', 'presence', { status: 'pc' });
    const phone = await person(server, 'bob|Bob', 'lobby', { status: 'phone' });
    await pc.setStatus('pc 2');
    await pc.setStatus('pc 2');
    await pc.leave();
    await phone.setStatus(null);
    await until(() => general.length === 2, 'offline');
    expect(general).toEqual([
      { userId: 'bob', username: 'Bob', general: 'online', local: true },
      { userId: 'bob', username: 'Bob', general: 'offline', local: true },
    ]);
    expect(statuses.map(({ before, after, local }) => [before?.status, after?.status, local])).toEqual([
      [undefined, 'pc', true],
      [undefined, 'phone', true],
      ['pc', 'pc 2', true],
      ['pc 2', undefined, true],
      ['phone', undefined, true],
    ]);
    expect(statuses[2]).toMatchObject({ userId: 'bob', connectionId: statuses[0]?.connectionId });
    stops.forEach((stop) => {
      stop();
    });
    await phone.setStatus('unheard');
    await phone.settle();
    expect([general.length, statuses.length]).toEqual([2, 5]);
  });

  test('a listener that throws is logged; the other listeners, followers and players notice nothing', async () => {
    const log = captureLog();
    const heard: string[] = [];
    presence.on('status', () => {
      throw new Error('the push service is down');
    });
    presence.on('status', ({ after }) => {
      heard.push(after?.status ?? 'gone');
    });
    const bob = await person(server, 'bob', 'presence', { status: 'here' });
    const phone = await person(server, 'bob', 'lobby');
    await bob.setStatus('there');
    await until(() => heard.length === 2, 'the events');
    await phone.settle();
    expect(heard).toEqual(['here', 'there']);
    expect(phone.statusesOf('bob')).toEqual(['there']);
    // Of one cause, one line a second.
    expect(log.filter((line) => line.includes('the push service is down')).length).toBeGreaterThanOrEqual(1);
  });

  test('go on when the rooms come and go', async () => {
    const online: string[] = [];
    const stop = presence.on('online', ({ userId }) => {
      online.push(userId);
    });
    const bob = await person(server, 'bob', 'presence', { status: 'here' });
    await bob.leave();
    await until(() => presence.count().connections === 0, 'the room to be empty');
    await person(server, 'cat', 'presence', { status: 'here' });
    await until(() => online.length === 2, 'the events');
    expect(online).toEqual(['bob', 'cat']);
    stop();
  });
});

describe('before and between rooms', () => {
  test('the API works in a server without a single room, and rooms with other timings of the cluster still open', async () => {
    expect(await presence.statuses(['bob'])).toMatchObject([{ general: 'unlogined' }]);
    expect(await presence.countAll()).toMatchObject({ connections: 0, complete: true });
    await server.stop();
    server = await startServer({ cluster: { heartbeatMs: 500 } });
    expect((await presence.areOnline(['bob'])).get('bob')).toBe(false);
    await person(server, 'bob', 'presence', { status: '' });
    expect((await presence.areOnline(['bob'])).get('bob')).toBe(true);
  });

  test('another prefix is another world', async () => {
    const other = new PresenceServer({ prefix: 'other' });
    await person(server, 'bob', 'presence', { status: '' });
    expect((await other.areOnline(['bob'])).get('bob')).toBe(false);
    expect(other.count()).toEqual({ users: 0, connections: 0, online: 0 });
    await other.close();
  });
});
