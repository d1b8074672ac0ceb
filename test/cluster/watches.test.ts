import { describe, expect, test } from 'vitest';
import { Asks } from '../../src/cluster/asks.ts';
import { encodeRegister, printRegister } from '../../src/cluster/envelope.ts';
import { GuardedHost } from '../../src/cluster/guarded-host.ts';
import { Peers } from '../../src/cluster/peers.ts';
import { Reader } from '../../src/cluster/reader.ts';
import { Watches } from '../../src/cluster/watches.ts';
import type { Register } from '../../src/core/registers.ts';
import { until } from '../support/until.ts';
import { FakeHost } from './support/fake-host.ts';
import { makeParts } from './support/parts.ts';

function setup() {
  const parts = makeParts('self');
  const { clock, store, sweeper, bus, formats, log } = parts;
  const host = new FakeHost();
  const writing = new Set<string>();
  const written = new Map<string, number>();
  const said = new Map<string, number>();
  const mismatched: string[] = [];
  const state = { isUp: true, epoch: 0 };
  const peers = new Peers({ incarnation: 'self', leaseMs: 60_000, clock, store, sweeper, onGone: () => true });
  const guarded = new GuardedHost(host, log, clock);
  const asks = new Asks(peers);
  const reader = new Reader({
    incarnation: 'self',
    host: guarded,
    store,
    bus,
    formats,
    peers,
    asks,
    written: (userId) => written.get(userId),
    said: (userId) => said.get(userId),
    onMismatch: (userId) => mismatched.push(userId),
    isWriting: (userId) => writing.has(userId),
  });
  const watches = new Watches({
    host: guarded,
    bus,
    clock,
    peers,
    reader,
    asks,
    isUp: () => state.isUp,
    epoch: () => state.epoch,
  });
  peers.heard('A');
  const here = (status: string): Register['entries'] => [{ connectionId: 'c', status, setAt: 1 }];
  const put = (userId: string, from: string, seq: number, status: string): Promise<void> =>
    store.put(userId, from, printRegister(userId, encodeRegister(from, { seq, entries: here(status) })));
  const publish = (userId: string, from: string, seq: number, status: string): Promise<void> =>
    bus.publishRegister(userId, encodeRegister(from, { seq, entries: here(status) }));
  return { ...parts, host, writing, written, said, mismatched, state, peers, watches, asks, reader, put, publish };
}

describe('watched users', () => {
  test('are read when the watch opens, then received as messages; duplicates and late messages are ignored', async () => {
    const { watches, host, put, publish } = setup();
    await put('ann', 'A', 2, 'stored');
    await Promise.all([watches.open('ann'), watches.open('ann')]);
    await publish('ann', 'A', 1, 'late');
    await publish('ann', 'A', 3, 'heard');
    await publish('ann', 'A', 3, 'heard');
    expect(host.applied.map(({ register }) => register.entries[0]?.status)).toEqual(['stored', 'heard']);
    expect(watches.size).toBe(1);
  });

  test('are read for each who asks in turn, also if another one asked first and has many to wait for', async () => {
    const { watches, presence } = setup();
    const hgetall = presence.hgetall.bind(presence);
    const read: string[] = [];
    presence.hgetall = (key) => {
      read.push(key.split(':').at(-1) ?? '');
      return hgetall(key);
    };
    const [greedy, modest] = [{}, {}];
    const userIds = Array.from({ length: 1000 }, (_, i) => `u${i}`);
    void Promise.all(userIds.map((userId) => watches.open(userId, greedy)));
    await watches.open('u900', modest);
    // What was under way, and one turn.
    expect(read.length).toBeLessThan(800);
    expect(read.filter((userId) => userId === 'u900')).toHaveLength(1);
  });

  test.each([2 ** 48 + 1, Number.MAX_SAFE_INTEGER, 2 ** 53, 1e300])(
    'are not silenced by a register with the number %d, whether it is heard or read, in the name of another process or of this one',
    async (s) => {
      const { watches, host, put, publish, presence, written } = setup();
      const forged = (from: string): string => JSON.stringify({ v: 1, f: from, s, e: [] });
      await put('ann', 'A', 2, 'stored');
      await watches.open('ann');
      presence.publish('p:u:ann', forged('A'));
      await presence.hset('p:u:ann', 'A', forged('A'));
      written.set('ann', 1);
      await presence.hset('p:u:ann', 'self', forged('self'));
      await watches.antiEntropy(1);
      await publish('ann', 'A', 3, 'heard');
      expect([host.statuses('ann'), host.seq]).toEqual([['heard'], 0]);
      presence.del('p:u:ann');
    },
  );

  test('send no more messages once the watch is closed', async () => {
    const { watches, host, publish } = setup();
    await watches.open('ann');
    watches.close('ann');
    watches.close('ann');
    await publish('ann', 'A', 1, 'unheard');
    expect([host.applied, watches.size]).toEqual([[], 0]);
  });

  test('are known once they have been read, until the store is down, and again when they have been read after that', async () => {
    const { watches, state, put } = setup();
    await put('ann', 'A', 1, 'stored');
    expect(watches.knows('ann')).toBe(false);
    const opened = watches.open('ann');
    expect(watches.knows('ann')).toBe(false);
    await opened;
    expect(watches.knows('ann')).toBe(true);
    state.isUp = false;
    expect(watches.knows('ann')).toBe(false);
    await watches.open('bob');
    state.isUp = true;
    state.epoch++;
    expect([watches.knows('ann'), watches.knows('bob')]).toEqual([false, false]);
    await watches.resync();
    expect([watches.knows('ann'), watches.knows('bob')]).toEqual([true, true]);
    watches.close('ann');
    expect(watches.knows('ann')).toBe(false);
  });

  test('are not known while a live process says something about them that cannot be understood, nor read then', async () => {
    const { watches, reader, store, put } = setup();
    await store.put('ann', 'A', '{"v":99}');
    await watches.open('ann');
    expect(watches.knows('ann')).toBe(false);
    expect((await reader.read(['ann', 'bob'])).has('ann')).toBe(false);
    expect((await reader.read(['ann', 'bob'])).get('bob')).toMatchObject({ registers: [] });
    // Who is seen elsewhere is online, whatever else there is.
    await store.renew('B', 'up', 60);
    await put('ann', 'B', 1, 'there');
    expect((await reader.read(['ann'])).get('ann')?.registers).toHaveLength(1);
    await put('ann', 'A', 2, 'understood');
    await watches.resync();
    expect(watches.knows('ann')).toBe(true);
  });

  test('of a process that is gone, what cannot be understood means nothing', async () => {
    const { watches, store } = setup();
    await store.put('ann', 'gone', 'garbage');
    await watches.open('ann');
    expect(watches.knows('ann')).toBe(true);
  });

  test('that no process announces: the host gets the remembered status, once', async () => {
    const { watches, host, store } = setup();
    await store.rememberOffline('ann', 60);
    await watches.open('ann');
    await watches.antiEntropy(10);
    expect(host.remembered).toEqual([['ann', 'offline']]);
    await store.forgetOffline('ann');
  });

  test.each([
    ['until', true, false],
    ['since', false, true],
  ])(
    'of whom this process had something newer to write %s the read: what the store remembers does not count until that is written',
    async (_, before, after) => {
      const { watches, host, store, writing, presence, reader } = setup();
      const get = presence.get.bind(presence);
      const isWriting = (is: boolean): unknown => (is ? writing.add('ann') : writing.delete('ann'));
      isWriting(before);
      presence.get = (key) => {
        isWriting(after);
        return get(key);
      };
      await watches.open('ann');
      isWriting(before);
      const read = await reader.read(['ann']);
      expect([host.remembered, read.get('ann')]).toEqual([[], { registers: [] }]);
      presence.get = get;
      await store.rememberOffline('ann', 60);
      isWriting(false);
      await watches.antiEntropy(1);
      expect(host.remembered).toEqual([['ann', 'offline']]);
      expect((await reader.read(['ann'])).get('ann')?.remembered).toBe('offline');
      await store.forgetOffline('ann');
    },
  );

  /** The memory is read at once; the registers are, and are answered, when the test says so. */
  function slow({ presence }: Pick<ReturnType<typeof setup>, 'presence'>) {
    const hgetall = presence.hgetall.bind(presence);
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    presence.hgetall = (key) => {
      asked.resolve();
      return answered.promise.then(() => hgetall(key));
    };
    return { asked: asked.promise.then(() => new Promise(setImmediate)), answer: answered.resolve };
  }

  test.each<[what: string, ends: (parts: ReturnType<typeof setup>) => unknown]>([
    ['left', ({ bus }) => bus.publishRegister('ann', encodeRegister('A', { seq: 2, entries: [], last: 'offline' }))],
    ['was dropped with its process', ({ host }) => host.dropIncarnation('A')],
  ])(
    'what the store remembered before the user came and %s elsewhere, during the read, does not count',
    async (_, ends) => {
      const parts = setup();
      const { watches, host, publish } = parts;
      const { asked, answer } = slow(parts);
      const opened = watches.open('ann');
      await asked;
      await publish('ann', 'A', 1, 'here');
      await ends(parts);
      answer();
      await opened;
      expect([host.statuses('ann'), host.remembered, watches.knows('ann')]).toEqual([[], [], true]);
    },
  );

  test('what the store remembered before the user came and went here, during the read, does not count', async () => {
    const parts = setup();
    const { watches, reader, host, said, store } = parts;
    const { asked, answer } = slow(parts);
    const opened = watches.open('ann');
    const read = reader.read(['ann']);
    await asked;
    await store.rememberOffline('ann', 60);
    said.set('ann', 2);
    answer();
    await opened;
    expect([host.remembered, (await read).get('ann')]).toEqual([[], { registers: [] }]);
    await watches.antiEntropy(1);
    expect(host.remembered).toEqual([['ann', 'offline']]);
    await store.forgetOffline('ann');
  });

  test('are traced again as one of whom nobody says anything is opened, whatever is said of them, and nothing is applied', async () => {
    const { watches, host, put, presence } = setup();
    await put('ann', 'A', 1, 'here');
    const commands: string[] = [];
    for (const name of ['subscribe', 'hgetall', 'get', 'unsubscribe'] as const) {
      const run = presence[name].bind(presence) as (key: string, ...rest: unknown[]) => never;
      presence[name] = (key: string, ...rest: unknown[]) => {
        commands.push(`${name} ${key.slice(0, 3)}`);
        return run(key, ...rest);
      };
    }
    await watches.open('nobody');
    watches.close('nobody');
    const absent = commands.splice(0);
    await Promise.all([watches.retrace('ann', {}), watches.retrace('ann', {})]);
    await until(() => commands.length === absent.length, 'the topic to be left');
    expect(commands).toEqual(absent);
    expect([host.applied, host.remembered]).toEqual([[], [['nobody', 'unlogined']]]);
    expect(await presence.channels('p:u:*')).toEqual([]);
  });

  test.each(['ann', 'nobody'])(
    'of %s are opened with the same commands, whether something is said of them or nothing',
    async (userId) => {
      const { watches, put, presence } = setup();
      await put('ann', 'A', 1, 'here');
      const asked: string[] = [];
      for (const name of ['hgetall', 'get'] as const) {
        const run = presence[name].bind(presence) as (key: string) => never;
        presence[name] = (key: string) => {
          asked.push(name);
          return run(key);
        };
      }
      await watches.open(userId);
      expect(asked).toEqual(['hgetall', 'get']);
    },
  );

  test('are read by a query with the same commands, whether something is said of them or nothing', async () => {
    const { reader, put, presence } = setup();
    await put('ann', 'A', 1, 'here');
    const get = presence.get.bind(presence);
    const asked: string[] = [];
    presence.get = (key) => {
      asked.push(key);
      return get(key);
    };
    await reader.read(['ann', 'nobody']);
    expect(new Set(asked.map((key) => key.split(':').at(-1)))).toEqual(new Set(['ann', 'nobody']));
  });

  test('are read again in rotation, a limited number at a time', async () => {
    const { watches, host, put } = setup();
    const userIds = ['u1', 'u2', 'u3'];
    for (const userId of userIds) {
      await watches.open(userId);
    }
    for (const userId of userIds) {
      await put(userId, 'A', 1, 'missed');
    }
    await watches.antiEntropy(2);
    expect(host.applied.map(({ userId }) => userId)).toEqual(['u1', 'u2']);
    await watches.antiEntropy(2);
    expect(host.applied.map(({ userId }) => userId)).toEqual(['u1', 'u2', 'u3']);
    await watches.antiEntropy(0);
  });

  test('are all read by a resync, and none while the store is down', async () => {
    const { watches, host, put, state } = setup();
    await watches.open('ann');
    await put('ann', 'A', 1, 'missed');
    state.isUp = false;
    await watches.resync();
    expect(host.applied).toEqual([]);
    state.isUp = true;
    await Promise.all([watches.resync(), watches.resync()]);
    expect(host.statuses('ann')).toEqual(['missed']);
  });

  test('a register that is missing or older in the store is requested again, and no user is dropped for it', async () => {
    const { watches, asks, host, store, put } = setup();
    for (const userId of ['ann', 'bob', 'eve']) {
      await put(userId, 'A', 7, 'here');
      await watches.open(userId);
    }
    await store.erase('ann', 'A');
    await put('bob', 'A', 6, 'older');
    await watches.antiEntropy(10);
    const asked = asks.take().get('A');
    expect([[...(asked?.userIds ?? [])], asked?.above]).toEqual([['ann', 'bob'], 7]);
    expect(asks.take().size).toBe(0);
    expect(['ann', 'bob', 'eve'].map((userId) => host.statuses(userId))).toEqual([['here'], ['here'], ['here']]);
  });

  test('a process that is gone or hands off is not asked', async () => {
    const { watches, asks, store, put, peers } = setup();
    await put('ann', 'A', 1, 'here');
    await watches.open('ann');
    await store.erase('ann', 'A');
    peers.left('A', 10_000);
    await watches.antiEntropy(10);
    expect(asks.take().size).toBe(0);
  });

  test('a wrong or missing register of this process in the store is reported, and the next sequence number is higher', async () => {
    const { watches, host, store, put, written, mismatched } = setup();
    await put('ann', 'self', 5, 'here');
    written.set('ann', 5);
    await watches.open('ann');
    expect(mismatched).toEqual([]);
    await put('ann', 'self', 50, 'forged');
    await watches.antiEntropy(1);
    expect([mismatched.splice(0), host.seq]).toEqual([['ann'], 50]);
    await store.erase('ann', 'self');
    await watches.antiEntropy(1);
    expect(mismatched.splice(0)).toEqual(['ann']);
    written.delete('ann');
    await put('ann', 'self', 5, 'gone long ago');
    await watches.antiEntropy(1);
    expect(mismatched).toEqual(['ann']);
  });
});
