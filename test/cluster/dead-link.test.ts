/** Connections to Redis that are dead without anybody being told are noticed and replaced, with one line each. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { RedisPresence } from '@colyseus/redis-presence';
import { startRedis } from '../support/redis.ts';
import { sharded, shardIndex } from '../support/sharded-presence.ts';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { redisStore } from './support/backends.ts';
import { Process, Processes } from './support/processes.ts';
import type { Presence } from '@colyseus/core';

const redis = await startRedis({ own: true });

interface Client {
  status: string;
  stream: { destroyed: boolean };
  disconnect(): void;
}
type Clients = Record<'sub' | 'pub', Client>;

/** What was lost is not read again in turn. */
const ONLY_MESSAGES = { antiEntropyBatch: 0 };
/** `retry`: as soon as possible, and giving up a command after the first: what a long outage does in the end. */
const EAGER = { maxRetriesPerRequest: 1, retryStrategy: () => 20 };

describe.skipIf(redis === null)('a dead connection to Redis', () => {
  const server = redis!;
  let proxy: TcpProxy;
  let processes: Processes;
  /** Behind the proxy. */
  let a: Process;
  let b: Process;
  const behind: Clients[] = [];

  beforeAll(() => {
    // RedisPresence logs every attempt to reconnect.
    vi.spyOn(console, 'warn').mockImplementation(() => {});
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    await server.stop();
  });
  beforeEach(async () => {
    proxy = await startProxy(server.port);
    processes = new Processes(redisStore(server));
    b = await processes.start('B', ONLY_MESSAGES);
  });
  afterEach(async () => {
    proxy.admit = 'pass';
    await a.cluster.stop();
    for (const { sub, pub } of behind.splice(0)) {
      sub.disconnect();
      pub.disconnect();
    }
    await processes.stop();
    await proxy.stop();
  });

  const presenceBehind = (more: object = {}): Presence => {
    const made = new RedisPresence({ host: '127.0.0.1', port: proxy.port, ...more });
    behind.push(made as unknown as Clients);
    return made;
  };
  /** Process A is behind the proxy, and each sees a user of the other. */
  const startA = async (presence: Presence): Promise<void> => {
    a = new Process('A', presence, { prefix: processes.prefix, ...ONLY_MESSAGES });
    await a.cluster.start();
    await Promise.all([a.cluster.watch('bob'), b.cluster.watch('ann')]);
    a.show('ann', 'one');
    b.show('bob', 'one');
    await bothSee('one');
    await until(() => a.cluster.stats.processes === 1, 'A to know B');
  };
  const bothSee = (status: string): Promise<boolean> =>
    until(
      () => a.host.statuses('bob').join() === status && b.host.statuses('ann').join() === status,
      `both to see "${status}"`,
      15_000,
    );
  const lines = (about: string): string[] => a.log.map(([, line]) => line).filter((line) => line.includes(about));
  const expectRight = async (status: string): Promise<void> => {
    await bothSee(status);
    await until(async () => (await a.cluster.read(['bob'])).has('bob'), 'A to read Redis');
    a.show('ann', `${status}, and on`);
    b.show('bob', `${status}, and on`);
    await bothSee(`${status}, and on`);
  };

  test('for commands and for messages, half-open: both are replaced', async () => {
    await startA(presenceBehind());
    proxy.freeze();
    const frozen = performance.now();
    a.show('ann', 'two');
    b.show('bob', 'two');
    await expectRight('two');
    console.info(`Half-open: all right after ${((performance.now() - frozen) / 1000).toFixed(1)} s.`);
    expect(lines('counts as open but is dead').length).toBeGreaterThanOrEqual(1);
    expect(lines('for commands')).toHaveLength(1);
    expect(a.cluster.stats.link.renewals).toBeGreaterThanOrEqual(1);
    expect(a.host.dropped).toEqual([]);
  }, 30_000);

  test('half-open, and its successors too, is replaced until one works', async () => {
    await startA(presenceBehind());
    proxy.admit = 'swallow';
    proxy.freeze();
    await until(() => a.cluster.stats.link.renewals >= 3, 'several attempts', 20_000);
    expect(await a.cluster.read(['bob'])).toEqual(new Map());
    proxy.admit = 'pass';
    b.show('bob', 'two');
    a.show('ann', 'two');
    await expectRight('two');
    expect(lines('for commands')).toHaveLength(1);
  }, 40_000);

  test('for messages, reported as ready on a destroyed socket, is replaced', async () => {
    const presence = presenceBehind(EAGER);
    await startA(presence);
    const { sub } = presence as unknown as Clients;
    proxy.admit = 'close';
    proxy.cut();
    await until(() => sub.status === 'ready' && sub.stream.destroyed, 'the client library to be deceived');
    b.show('bob', 'two');
    a.show('ann', 'two');
    proxy.admit = 'pass';
    await expectRight('two');
    expect(lines('for messages')).toHaveLength(1);
    expect(sub.stream.destroyed).toBe(false);
  }, 30_000);

  test('with `disableClientInfo` the client library is not deceived', async () => {
    const presence = presenceBehind({ ...EAGER, disableClientInfo: true });
    await startA(presence);
    const { sub } = presence as unknown as Clients;
    proxy.admit = 'close';
    proxy.cut();
    const before = proxy.accepted;
    await until(() => {
      expect(sub.status === 'ready' && sub.stream.destroyed).toBe(false);
      return proxy.accepted >= before + 40;
    }, 'many attempts');
    proxy.admit = 'pass';
    a.show('ann', 'two');
    b.show('bob', 'two');
    await expectRight('two');
    expect(lines('for messages')).toEqual([]);
  }, 30_000);

  test('for messages, of a shard without the control topic, is replaced', async () => {
    const direct = new RedisPresence(server.url);
    const half = presenceBehind() as unknown as Clients;
    const other = new RedisPresence(server.url) as unknown as Clients;
    half.pub.disconnect();
    half.pub = other.pub; // commands pass
    behind.push(direct as unknown as Clients, other);
    const of = (name: string): number => shardIndex(`${processes.prefix}:${name}`, 2);
    const shards = [direct, half as unknown as Presence];
    await startA(sharded(of('c') === 0 ? shards : shards.reverse()));
    const dan = ['dan', 'eve', 'fay', 'gus', 'hal', 'ida', 'joe', 'kim'].find((name) => of(`u:${name}`) !== of('c'))!;
    await a.cluster.watch(dan);
    b.show(dan, 'one');
    await until(() => a.host.statuses(dan).join() === 'one', 'A to hear');
    proxy.freeze();
    b.show(dan, 'two');
    await until(() => a.host.statuses(dan).join() === 'two', 'A to hear again', 15_000);
    b.show(dan, 'three');
    await until(() => a.host.statuses(dan).join() === 'three', 'messages to pass');
    expect(lines('for messages')).toHaveLength(1);
    expect([a.cluster.stats.link.renewals, a.host.dropped]).toEqual([1, []]);
  }, 30_000);

  test('of one shard of several is replaced', async () => {
    // The keys of the cluster are on both; only the shard with the control topic, whose echo is missed, is behind the proxy.
    const direct = new RedisPresence(server.url);
    const shards = [presenceBehind(), direct];
    await startA(sharded(shardIndex(`${processes.prefix}:c`, 2) === 0 ? shards : shards.reverse()));
    behind.push(direct as unknown as Clients);
    proxy.freeze();
    a.show('ann', 'two');
    b.show('bob', 'two');
    await expectRight('two');
    await until(() => a.cluster.stats.link.renewals >= 1, 'the dead connections to be replaced');
    await expectRight('two, and on');
  }, 30_000);
});
