import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { startStores } from './support/backends.ts';
import { Processes } from './support/processes.ts';

describe.each(await startStores())('the cluster over %s', (_name, store) => {
  let processes: Processes;
  beforeEach(() => {
    processes = new Processes(store);
  });
  afterEach(async () => {
    await processes.stop();
  });
  afterAll(async () => {
    await store.stop();
  });

  const lasting = async (): Promise<string[]> => (await processes.keys()).filter((key) => !key.includes(':o:'));

  test('delivers the stored registers to the watcher before the watch resolves', async () => {
    const a = await processes.start('A');
    const b = await processes.start('B');
    a.show('ann', 'hello', { matchId: 'm1' });
    await until(async () => (await b.cluster.read(['ann'])).get('ann')?.registers[0], 'A to store ann');

    await b.cluster.watch('ann');
    expect(b.host.said('ann', 'A')?.entries).toEqual([
      { connectionId: 'ann@A', status: 'hello', setAt: expect.any(Number), matchId: 'm1' },
    ]);
    expect(b.host.remembered).toEqual([]);
  });

  test('delivers changes to the watchers, and to no other process', async () => {
    const a = await processes.start('A');
    const b = await processes.start('B');
    const c = await processes.start('C');
    await b.cluster.watch('ann');
    a.show('ann', 'one');
    await until(() => b.host.statuses('ann')[0] === 'one', 'B to hear ann');
    a.show('ann', 'two');
    await until(() => b.host.statuses('ann')[0] === 'two', 'B to hear the update');
    a.hide('ann', 'unlogined');
    await until(() => b.host.said('ann', 'A')?.last === 'unlogined', 'B to hear ann leave');

    expect(b.host.statuses('ann')).toEqual([]);
    expect(c.host.applied).toEqual([]);
  });

  test('keeps the registers of two processes about one user apart', async () => {
    const a = await processes.start('A');
    const b = await processes.start('B');
    const c = await processes.start('C');
    await c.cluster.watch('ann');
    a.show('ann', 'phone');
    b.show('ann', 'desk');
    await until(() => c.host.statuses('ann').length === 2, 'C to hear both');
    a.hide('ann', 'offline');
    await until(() => c.host.statuses('ann').length === 1, 'C to hear the phone go');
    expect(c.host.statuses('ann')).toEqual(['desk']);
  });

  test('never delivers a process its own registers', async () => {
    const a = await processes.start('A');
    const b = await processes.start('B');
    await a.cluster.watch('ann');
    await b.cluster.watch('ann');
    a.show('ann', 'one');
    await until(() => b.host.statuses('ann')[0] === 'one', 'B to hear ann');
    a.cluster.broadcast('to others');
    await until(() => b.host.commands.length > 0, 'B to get the command');
    await a.cluster.watch('ann');
    expect(a.host.applied).toEqual([]);
    expect(a.host.commands).toEqual([]);
    expect(b.host.commands).toEqual(['to others']);
  });

  test('stops delivering after unwatch, and starts again after another watch', async () => {
    const a = await processes.start('A');
    const b = await processes.start('B');
    await b.cluster.watch('ann');
    b.cluster.unwatch('ann');
    b.cluster.unwatch('ann');
    await b.cluster.watch('bob');
    a.show('ann', 'unheard');
    a.show('bob', 'heard');
    await until(() => b.host.statuses('bob')[0] === 'heard', 'B to hear bob');
    expect(b.host.statuses('ann')).toEqual([]);

    b.cluster.unwatch('bob');
    await Promise.all([b.cluster.watch('ann'), b.cluster.watch('ann')]);
    expect(b.host.statuses('ann')).toEqual(['unheard']);
    a.show('ann', 'heard');
    await until(() => b.host.statuses('ann')[0] === 'heard', 'B to hear ann again');
  });

  test('loses and duplicates nothing when a user changes while the watch opens', async () => {
    const a = await processes.start('A');
    const b = await processes.start('B');
    for (let round = 0; round < 100; round++) {
      const userId = `user${round}`;
      a.show(userId, 'old');
      const watching = b.cluster.watch(userId);
      a.show(userId, 'new');
      await watching;
      await until(() => b.host.statuses(userId)[0] === 'new', `B to see the last status of ${userId}`);
    }
    const seqs = b.host.applied.map(({ userId, register }) => `${userId} ${register.seq}`);
    expect(new Set(seqs).size).toBe(seqs.length);
  });

  test('reads without watching: registers, the remembered status, and nothing about unknown users', async () => {
    const a = await processes.start('A');
    const b = await processes.start('B');
    await b.cluster.watch('gone');
    await b.cluster.watch('left');
    for (const userId of ['ann', 'gone', 'left']) {
      a.show(userId, 'here');
    }
    await until(() => b.host.statuses('gone')[0] && b.host.statuses('left')[0], 'all to be there');
    a.hide('gone', 'offline');
    a.hide('left', 'unlogined');

    const read = await until(async () => {
      const users = await b.cluster.read(['ann', 'gone', 'left', 'nobody', 'ann']);
      const complete =
        users.get('gone')?.remembered === 'offline' &&
        users.get('left')?.registers.length === 0 &&
        users.get('ann')?.registers.length === 1;
      return complete ? users : null;
    }, 'the store to have it all');
    expect(
      read.get('ann')?.registers.map(({ incarnation, register }) => [incarnation, register.entries[0]?.status]),
    ).toEqual([['A', 'here']]);
    expect(read.get('ann')?.remembered).toBeUndefined();
    expect(read.get('left')?.remembered).toBe('unlogined');
    expect(read.get('nobody')).toEqual({ registers: [], remembered: 'unlogined' });
    expect([...(await a.cluster.read(['ann'])).get('ann')!.registers]).toEqual([]);
  });

  test('delivers the remembered status of a user that no process announces', async () => {
    const a = await processes.start('A');
    const b = await processes.start('B');
    a.show('ann', 'here');
    a.hide('ann', 'offline');
    await until(
      async () => (await b.cluster.read(['ann'])).get('ann')?.remembered === 'offline',
      'ann to be remembered',
    );
    await b.cluster.watch('ann');
    await b.cluster.watch('nobody');
    // A read of the anti-entropy that comes between tells it once more.
    expect(Object.fromEntries(b.host.remembered)).toEqual({ ann: 'offline', nobody: 'unlogined' });
    expect(b.host.remembered.map(([userId]) => userId)).toEqual(b.host.remembered.map(([userId]) => userId).toSorted());

    a.show('ann', 'back');
    a.hide('ann', 'unlogined');
    await until(
      async () => (await b.cluster.read(['ann'])).get('ann')?.remembered === 'unlogined',
      'ann to be forgotten',
    );
  });

  test('drops and counts malformed and foreign messages and entries, and serves the rest', async () => {
    const a = await processes.start('A');
    const b = await processes.start('B');
    const { prefix } = processes;
    await b.cluster.watch('ann');
    const bad: unknown[] = [
      null,
      7,
      'text',
      [],
      {},
      { v: 2, f: 'A', s: 1, e: [] },
      { v: 1, f: 'A', s: 'x', e: [] },
      { v: 1, f: 'A', s: 1, e: [{ c: 'x' }] },
      { v: 1, f: '', s: 1, e: [] },
      JSON.parse('{"__proto__":{"v":1}}'),
    ];
    const before = b.cluster.stats.dropped;
    for (const message of bad) {
      await a.store.publish(`${prefix}:u:ann`, message);
      await a.store.publish(`${prefix}:c`, message);
    }
    await until(() => b.cluster.stats.dropped === before + bad.length * 2, 'all of it to be counted');

    a.show('zoe', 'fine');
    await until(async () => (await b.cluster.read(['zoe'])).get('zoe')?.registers.length, 'zoe to be stored');
    await a.store.hset(`${prefix}:u:zoe`, 'A2', '{"v":1,');
    await a.store.hset(`${prefix}:u:zoe`, 'A3', '{"v":99,"f":"A3","s":1,"e":[]}');
    await a.store.hset(`${prefix}:u:zoe`, 'A4', '{"v":1,"f":"somebody else","s":1,"e":[]}');
    await b.cluster.watch('zoe');
    expect(b.host.statuses('zoe')).toEqual(['fine']);
    expect(b.cluster.stats.dropped).toBeGreaterThanOrEqual(before + bad.length * 2 + 3);
    expect(b.host.applied.map(({ userId }) => userId)).toEqual(['zoe']);
    for (const field of ['A2', 'A3', 'A4']) {
      await a.store.hdel(`${prefix}:u:zoe`, field);
    }
  });

  test('accepts fields that a newer release of the same version adds', async () => {
    const b = await processes.start('B', { antiEntropyBatch: 0 });
    await b.cluster.watch('ann');
    await b.store.publish(`${processes.prefix}:u:ann`, {
      v: 1,
      f: 'NEWER',
      s: 3,
      mood: 'good',
      e: [{ c: 'c1', s: 'hi', t: 5, platform: 'tv' }],
    });
    await until(() => b.host.statuses('ann')[0] === 'hi', 'B to take it');
    expect(b.host.said('ann', 'NEWER')).toEqual({ seq: 3, entries: [{ connectionId: 'c1', status: 'hi', setAt: 5 }] });
  });

  test('ignores entries of a process without a lease, and removes them', async () => {
    const b = await processes.start('B');
    await b.store.hset(
      `${processes.prefix}:u:ann`,
      'GHOST',
      '{"v":1,"f":"GHOST","s":1,"e":[{"c":"c","s":"boo","t":1}]}',
    );
    await b.cluster.watch('ann');
    expect(b.host.statuses('ann')).toEqual([]);
    expect((await b.cluster.read(['ann'])).get('ann')?.registers).toEqual([]);
    await until(async () => !(await processes.keys()).some((key) => key.endsWith(':u:ann')), 'the ghost to be swept');
  });

  test('drops a process that vanished, sweeps its data, and remembers its users as offline', async () => {
    const a = await processes.start('A');
    const survivors = [await processes.start('B'), await processes.start('C')];
    const [b] = survivors;
    for (let i = 0; i < 50; i++) {
      a.show(`user${i}`, 'here');
      await b!.cluster.watch(`user${i}`);
    }
    b!.show('user0', 'also here');
    await until(() => b!.host.statuses('user49')[0], 'B to hear all');
    await until(() => b!.cluster.stats.processes === 2, 'B to know both');
    a.line.cut();

    await Promise.all(survivors.map(({ host }) => until(() => host.dropped.includes('A'), 'everybody to drop A')));
    expect(b!.host.statuses('user49')).toEqual([]);
    await until(
      async () => !(await lasting()).some((key) => key.includes('user49') || key.endsWith('A')),
      'A to be swept',
    );
    expect((await lasting()).filter((key) => key.includes(':u:'))).toEqual([`${processes.prefix}:u:user0`]);
    expect((await b!.cluster.read(['user1'])).get('user1')?.remembered).toBe('offline');
    expect((await processes.keys()).some((key) => key.endsWith(':o:user0'))).toBe(false);

    const sweeps = survivors.map(({ line }) => line.calls.get('hdel') ?? 0);
    expect(sweeps.toSorted((x, y) => x - y)).toEqual([0, 50]);
  });

  test('accepts a stalled process again when it continues, and makes it write everything again', async () => {
    const a = await processes.start('A');
    const b = await processes.start('B');
    await b.cluster.watch('ann');
    a.show('ann', 'before');
    await until(() => b.host.statuses('ann')[0] === 'before', 'B to hear ann');
    a.line.cut();
    await until(() => b.host.dropped.includes('A'), 'B to give A up');
    await until(async () => !(await lasting()).some((key) => key.endsWith(':u:ann')), 'A to be swept');
    b.show('bob', 'meanwhile');
    const watching = a.cluster.watch('bob');
    a.show('ann', 'changed while stalled');
    await watching;
    a.line.mend();

    await until(() => b.host.statuses('ann')[0] === 'changed while stalled', 'B to take A back');
    await until(() => a.host.statuses('bob')[0] === 'meanwhile', 'A to learn what it missed');
    await until(async () => (await lasting()).some((key) => key.endsWith(':u:ann')), 'ann to be stored again');
    expect(b.cluster.stats.processes).toBe(1);
  });

  test('logs one line when the store goes down and one when it is back, and sends only probes in between', async () => {
    const a = await processes.start('A');
    await a.cluster.watch('ann');
    a.line.cut();
    for (let i = 0; i < 500; i++) {
      a.show(`user${i}`, 'queued');
    }
    await until(() => a.cluster.stats.state === 'down', 'A to notice');
    const count = (): number => [...a.line.calls].reduce((sum, [, calls]) => sum + calls, 0);
    const started = Date.now();
    const before = count();
    const watching = [a.cluster.watch('x'), a.cluster.read(['x', 'y']), a.cluster.watch('y')];
    a.cluster.broadcast('lost');
    await Promise.all(watching);
    await until(() => Date.now() - started > 600, 'some heartbeats to pass');
    const subscriptions = 2;
    expect(count() - before - subscriptions).toBeLessThanOrEqual((Date.now() - started) / 90 + 1);
    a.line.mend();
    await until(() => a.cluster.stats.state === 'up', 'A to notice');
    await until(async () => (await lasting()).filter((key) => key.includes(':u:')).length === 500, 'all to be stored');
    // A store that stands still looks like a dead connection, which may have a line of its own.
    const lines = a.log.filter(([, line]) => !line.includes('counts as open but is dead'));
    expect(lines.map(([level]) => level)).toEqual(['warn', 'info']);
  });

  test('registers everything again when its lease is gone', async () => {
    const a = await processes.start('A');
    const b = await processes.start('B');
    a.show('ann', 'here');
    await until(async () => (await lasting()).some((key) => key.endsWith(':u:ann')), 'ann to be stored');
    for (const key of await lasting()) {
      a.store.del(key);
    }
    await until(
      async () => (await b.cluster.read(['ann'])).get('ann')?.registers.length === 1,
      'ann to be stored again',
    );
    const { prefix } = processes;
    expect(await a.store.smembers(`${prefix}:pu:A`)).toEqual(['ann']);
    await until(async () => (await a.store.smembers(`${prefix}:p`)).length === 2, 'both to be listed again');
    expect(a.log).toEqual([]);
  });

  test('repairs the effect of a lost message (anti-entropy)', async () => {
    const a = await processes.start('A');
    const b = await processes.start('B');
    for (const userId of ['ann', 'bob', 'eve']) {
      a.show(userId, 'old');
      await b.cluster.watch(userId);
      await until(() => b.host.statuses(userId)[0] === 'old', 'B to hear all');
    }
    const { prefix } = processes;
    const seq = b.host.said('ann', 'A')!.seq;
    await a.store.hset(
      `${prefix}:u:ann`,
      'A',
      JSON.stringify({ v: 1, f: 'A', s: seq + 1, e: [{ c: 'c', s: 'new', t: 1 }] }),
    );
    // Eve goes, and nobody hears of it.
    a.host.own.set('eve', { entries: [], last: 'unlogined' });
    await a.store.hdel(`${prefix}:u:eve`, 'A');
    await until(() => b.host.statuses('ann')[0] === 'new', 'B to see the newer entry');
    await until(() => b.host.statuses('eve').length === 0, 'B to see that eve is gone');
    expect(b.host.said('eve', 'A')?.last).toBe('unlogined');
    expect(b.host.statuses('bob')).toEqual(['old']);
    a.show('eve', 'back');
    await until(() => b.host.statuses('eve')[0] === 'back', 'B to see eve again');
  });

  test('notices by itself that messages were lost, and reads all users again', async () => {
    const a = await processes.start('A', { antiEntropyBatch: 0 });
    const b = await processes.start('B', { antiEntropyBatch: 0 });
    await b.cluster.watch('ann');
    a.show('ann', 'old');
    await until(() => b.host.statuses('ann')[0] === 'old', 'B to hear ann');
    b.line.loseMessages();
    a.show('ann', 'missed');
    const beats = (): number => b.line.calls.get('publish') ?? 0;
    const before = beats();
    await until(() => beats() >= before + 2, 'beats of B to be lost');
    expect(b.host.statuses('ann')).toEqual(['old']);
    b.line.mend();
    await until(() => b.host.statuses('ann')[0] === 'missed', 'B to read ann again');
  });

  test('leaves nothing behind when it exits before it notices that the store has lost its data', async () => {
    const slow = { heartbeatMs: 60_000, leaseMs: 120_000 };
    const a = await processes.start('A', slow);
    const b = await processes.start('B', slow);
    a.show('ann', 'before');
    await until(async () => (await b.cluster.read(['ann'])).get('ann')?.registers.length === 1, 'ann to be stored');
    for (const key of await processes.keys()) {
      a.store.del(key);
    }
    a.show('ann', 'after');
    await until(async () => (await lasting()).length === 1, 'ann to be stored again, listed nowhere');
    await a.cluster.stop();
    expect(await lasting()).toEqual([]);
  });

  test('removes everything of a process that leaves, at once', async () => {
    const a = await processes.start('A');
    const b = await processes.start('B', { heartbeatMs: 60_000, leaseMs: 120_000 });
    await b.cluster.watch('ann');
    a.show('ann', 'here');
    await until(() => b.host.statuses('ann')[0] === 'here', 'B to hear ann');
    a.show('bob', 'in the last moment');
    await a.cluster.stop();
    await until(() => b.host.dropped.includes('A'), 'B to hear the goodbye');
    expect(b.host.statuses('ann')).toEqual([]);
    expect((await lasting()).filter((key) => key.endsWith('A') || key.includes(':u:'))).toEqual([]);
    expect((await b.cluster.read(['bob'])).get('bob')).toEqual({ registers: [], remembered: 'offline' });
  });

  test('shows handed off users until the handoff is over, also to new processes, then sweeps', async () => {
    const a = await processes.start('A');
    const b = await processes.start('B');
    await b.cluster.watch('ann');
    a.show('ann', 'moving');
    a.show('bob', 'not moving');
    await until(
      () => b.host.statuses('ann')[0] === 'moving' && b.cluster.canHandOff && a.cluster.canHandOff,
      'B to hear ann',
    );
    const handoffUntil = Date.now() + 1500;
    a.show('ann', 'moving', { handoffUntil });
    await a.cluster.stop();
    expect(b.host.said('ann', 'A')?.entries[0]?.handoffUntil).toBe(handoffUntil);
    expect(b.host.dropped).toEqual([]);
    await until(() => b.cluster.stats.processes === 0, 'B to hear the goodbye');

    const c = await processes.start('C');
    await c.cluster.watch('ann');
    expect(c.host.statuses('ann')).toEqual(['moving']);
    expect((await c.cluster.read(['bob'])).get('bob')).toEqual({ registers: [], remembered: 'offline' });

    await until(() => b.host.dropped.includes('A') && c.host.dropped.includes('A'), 'the handoff to end');
    expect(Date.now()).toBeGreaterThanOrEqual(handoffUntil);
    await until(
      async () => !(await lasting()).some((key) => key.endsWith('A') || key.includes(':u:')),
      'A to be swept',
    );
  });

  test('leaves nothing behind when all leave at once, handing off or not', async () => {
    const all = [await processes.start('A'), await processes.start('B'), await processes.start('C')];
    await until(() => all.every(({ cluster }) => cluster.stats.processes === 2), 'all to know each other');
    for (const one of all) {
      one.show(`user of ${one.cluster.incarnation}`, 'x', { handoffUntil: Date.now() + 60_000 });
      await one.cluster.watch('user of A');
    }
    await until(async () => (await lasting()).filter((key) => key.includes(':u:')).length === 3, 'all to be stored');
    expect(await processes.topics()).toHaveLength(2);
    await Promise.all(all.map(({ cluster }) => cluster.stop()));
    expect(await lasting()).toEqual([]);
    await until(async () => (await processes.topics()).length === 0, 'no subscription to be left');
  });

  test('sweeps processes whose crash no live process noticed', async () => {
    const a = await processes.start('A');
    a.show('ann', 'here');
    await until(async () => (await lasting()).some((key) => key.endsWith(':u:ann')), 'ann to be stored');
    a.line.cut();
    await until(async () => !(await lasting()).some((key) => key.endsWith(':l:A')), 'the lease to end');
    await processes.start('B');
    await until(
      async () => !(await lasting()).some((key) => key.includes(':u:') || key.endsWith('A')),
      'A to be swept',
    );
  });
});
