/** The server API from a process without any room or player, over Redis: two forked processes hold the players. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { defineServer, type Server } from '@colyseus/core';
import { RedisPresence } from '@colyseus/redis-presence';
import { Client } from '@colyseus/sdk';
import { WebSocketTransport } from '@colyseus/ws-transport';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  PresenceServer,
  type PresenceEventMap,
  type PresenceJoinOptions,
  type PresenceRoom,
  type Status,
} from '../../src/index.ts';
import { fresh, Person } from '../support/person.ts';
import { startRedis } from '../support/redis.ts';
import { freePort } from '../support/server.ts';
import { until } from '../support/until.ts';
import type { FromProcess } from './support/presence-process.ts';

const redis = await startRedis();
const prefix = `test-${randomUUID()}`;
const CLUSTER = { prefix, heartbeatMs: 200, leaseMs: 1000 };
const presence = new PresenceServer(CLUSTER);

interface Process {
  readonly child: ChildProcess;
  readonly port: number;
  readonly events: Array<{ type: keyof PresenceEventMap; event: PresenceEventMap[keyof PresenceEventMap] }>;
}

async function startProcess(): Promise<Process> {
  const child = fork(fileURLToPath(new URL('./support/presence-process.ts', import.meta.url)), [redis!.url, prefix], {
    silent: true,
  });
  const events: Process['events'] = [];
  const { promise, resolve } = Promise.withResolvers<number>();
  child.on('message', (message: FromProcess) => {
    if ('port' in message) {
      resolve(message.port);
    } else if ('event' in message) {
      // Colyseus itself also talks on this channel (metrics).
      events.push(message);
    }
  });
  return { child, port: await promise, events };
}

describe.skipIf(redis === null)('the server API, from a process without players,', () => {
  let a: Process;
  let b: Process;
  let api: Server;
  const players: Person[] = [];

  async function join({ port }: Process, userId: string, status?: Status): Promise<Person> {
    const client = new Client(`http://127.0.0.1:${port}`);
    client.auth.token = userId;
    const options: PresenceJoinOptions = status === undefined ? {} : { status };
    const one = new Person(await client.joinOrCreate<PresenceRoom>('presence', options));
    one.room.reconnection.enabled = false;
    players.push(one);
    return one;
  }

  beforeAll(async () => {
    [a, b] = await Promise.all([startProcess(), startProcess()]);
    api = defineServer({
      transport: new WebSocketTransport(),
      presence: new RedisPresence(redis!.url),
      greet: false,
      gracefullyShutdown: false,
      rooms: {},
    });
    await api.listen(await freePort());
    await presence.statuses([]);
    await until(async () => (await presence.countAll()).processes >= 1, 'the cluster');
  }, 30_000);

  beforeEach(async () => {
    for (const player of players.splice(0)) {
      player.room.connection.close();
    }
    await until(async () => (await presence.countAll()).connections === 0, 'everybody to be gone');
    [a, b].forEach(({ events }) => {
      events.length = 0;
    });
  });

  afterAll(async () => {
    for (const { child } of [a, b]) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await presence.close();
    await api.gracefullyShutdown(false);
    await redis?.stop();
  });

  test('reads statuses and who is online, on any process', async () => {
    const [ann, bob, cat] = [fresh('ann'), fresh('bob'), fresh('cat')];
    await join(a, ann, 'on a');
    await join(b, bob, 'on b');
    await join(b, cat);
    await until(async () => [...(await presence.areOnline([ann, bob])).values()].every(Boolean), 'both online');
    expect(await presence.areOnline([ann, bob, cat, 'nobody'])).toEqual(
      new Map([
        [ann, true],
        [bob, true],
        [cat, false],
        ['nobody', false],
      ]),
    );
    expect(await presence.statuses([bob])).toMatchObject([{ userId: bob, general: 'online', customStatus: 'on b' }]);
  });

  test('adds and removes follows, sets statuses and blocks, on any process', async () => {
    const [annId, bobId] = [fresh('ann'), fresh('bob')];
    const pc = await join(a, annId);
    const phone = await join(b, annId);
    const bob = await join(b, bobId, 'here');
    // This process has no players: each of the others has one connection of hers.
    expect(await presence.follow({ userId: annId }, [bobId])).toEqual({
      connections: 2,
      processes: 3,
      complete: true,
    });
    for (const device of [pc, phone]) {
      await until(() => device.sees(bobId).length === 1, 'the friend');
    }
    void presence.setStatus({ userId: bobId }, 'set by the server');
    for (const device of [pc, phone]) {
      await until(() => device.statusesOf(bobId)[0] === 'set by the server', 'the status');
    }
    void presence.block(bobId, annId);
    for (const device of [pc, phone]) {
      await until(() => device.sees(bobId).length === 0, 'the block');
    }
    void presence.unblock(bobId, annId);
    for (const device of [pc, phone]) {
      await until(() => device.sees(bobId).length === 1, 'the end of the block');
    }
    void presence.unfollow({ connectionId: await pc.connectionId() }, [bobId]);
    expect(await until(() => pc.unfollowed[0], 'presence:unfollowed')).toEqual({ userIds: [bobId] });
    void presence.setStatus({ connectionId: await bob.connectionId() }, null);
    await until(() => phone.sees(bobId).length === 0, 'the cleared status');
    expect(await presence.disconnect({ userId: annId })).toMatchObject({ connections: 2 });
    await until(() => !pc.room.connection.isOpen && !phone.room.connection.isOpen, 'the disconnect');
  });

  test('counts over all processes: a user on two of them once', async () => {
    const annId = fresh('ann');
    await join(a, annId, 'pc');
    await join(b, annId, 'phone');
    await join(a, fresh('bob'), 'here');
    await join(b, fresh('cat'));
    const counts = await until(async () => {
      const now = await presence.countAll();
      return now.connections === 4 && now.online === 2 ? now : null;
    }, 'the counts');
    expect(counts).toEqual({ users: 3, connections: 4, online: 2, processes: 3, complete: true });
    expect(presence.count()).toEqual({ users: 0, connections: 0, online: 0 });
  });

  test('a count does not wait for ever: it says that it is not complete', async () => {
    await join(a, fresh('ann'), 'here');
    await join(b, fresh('bob'), 'here');
    await until(async () => (await presence.countAll()).connections === 2, 'the count');
    b.child.kill('SIGSTOP');
    try {
      expect(await presence.countAll(200)).toMatchObject({ connections: 1, processes: 2, complete: false });
    } finally {
      b.child.kill('SIGCONT');
    }
    await until(async () => (await presence.countAll()).complete, 'the process to be back');
  });

  test('an event is told where the user or a follower is, and is local exactly where the user is', async () => {
    const [annId, bobId] = [fresh('ann'), fresh('bob')];
    const ann = await join(b, annId);
    await ann.follow([bobId]);
    const bob = await join(a, bobId, 'here');
    await until(() => ann.sees(bobId).length === 1, 'bob');
    await bob.leave();
    await until(() => ann.sees(bobId).length === 0, 'the leave');
    const told = ({ events }: Process) =>
      events.filter(({ event }) => event.userId === bobId).map(({ type, event }) => [type, event.local]);
    await until(() => told(a).length === 4 && told(b).length === 4, 'the events');
    expect(told(a)).toEqual([
      ['status', true],
      ['online', true],
      ['status', true],
      ['offline', true],
    ]);
    expect(told(b)).toEqual([
      ['status', false],
      ['online', false],
      ['status', false],
      ['offline', false],
    ]);
    expect(a.events.at(-1)?.event).toMatchObject({ general: 'unlogined' });
  });
});
