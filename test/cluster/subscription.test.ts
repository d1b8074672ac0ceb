/** A subscription over a connection to Redis that breaks. */
import { once, type EventEmitter } from 'node:events';
import { RedisPresence } from '@colyseus/redis-presence';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/cluster/clock.ts';
import { Subscription } from '../../src/cluster/subscription.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { endConnections } from './support/backends.ts';

const redis = await startRedis({ own: true });

describe.skipIf(redis === null)('a subscription while the connection is restored', () => {
  const server = redis!;
  const subscribers = async (topic: string): Promise<number> =>
    Number((await server.cli('PUBSUB', 'NUMSUB', topic)).split('\n')[1]);
  let store: RedisPresence;
  let sub: EventEmitter;
  const heard: unknown[] = [];
  const subscriptionTo = (topic: string): Subscription =>
    new Subscription(
      { presence: store, clock: systemClock, timeoutMs: 1000 },
      topic,
      (message) => {
        heard.push(message);
      },
      () => undefined,
    );

  beforeEach(() => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    heard.length = 0;
    store = new RedisPresence(server.url);
    ({ sub } = store as unknown as { sub: EventEmitter });
  });
  afterEach(async () => {
    await endConnections(store);
    vi.restoreAllMocks();
  });
  afterAll(async () => {
    await server.stop();
  });

  test('that is closed in the middle of the handshake stays closed', async () => {
    const [kept, closed] = [subscriptionTo('kept'), subscriptionTo('closed')];
    await Promise.all([kept.open(), closed.open()]);
    const connecting = once(sub, 'connect');
    const ready = once(sub, 'ready');
    sub.once('connect', () => {
      closed.close();
    });
    await server.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await connecting;
    await ready;
    await until(async () => (await subscribers('kept')) === 1, 'the other one to be restored');
    await until(async () => (await subscribers('closed')) === 0, 'the closed one to be gone');
  });

  test('that is closed and opened again in the middle of the handshake stays open', async () => {
    const one = subscriptionTo('topic');
    await one.open();
    let opened: Promise<void> | undefined;
    const ready = once(sub, 'ready');
    sub.once('connect', () => {
      one.close();
      opened = one.open();
    });
    await server.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await ready;
    await opened;
    await store.publish('topic', 'hello');
    await until(() => heard.length > 0, 'a message');
    expect(heard).toEqual(['hello']);
    expect(await subscribers('topic')).toBe(1);
  });
});
