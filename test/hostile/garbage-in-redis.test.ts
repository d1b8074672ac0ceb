/** Foreign data, and data of other releases, on the topics and keys of the cluster is dropped, counted and harmless. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { expectSound, type Person } from '../support/person.ts';
import { startCluster, type ServerProcess, type TestCluster } from '../support/processes.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const redis = await startRedis({ own: true });

const entry = { c: 'evil-connection', s: 'evil', t: 1 };
const register = { v: 1, f: 'evil', s: 1, e: [entry] };
/** JSON that is no register. */
const NO_REGISTERS: unknown[] = [
  null,
  true,
  0,
  'text',
  [],
  {},
  [register],
  { __proto__: null, v: 1 },
  { ...register, v: 0 },
  { ...register, v: 2 },
  { ...register, v: '1' },
  { ...register, f: '' },
  { ...register, f: 7 },
  { ...register, f: 'x'.repeat(257) },
  { ...register, s: null },
  { ...register, s: '1' },
  { ...register, n: 7 },
  { ...register, e: {} },
  { ...register, e: 'no' },
  ...[
    null,
    7,
    {},
    { ...entry, c: 7 },
    { ...entry, s: null },
    { ...entry, t: 'now' },
    { ...entry, m: {} },
    { ...entry, k: 'k' },
    { ...entry, h: [] },
  ].map((broken) => ({ ...register, e: [entry, broken] })),
];
const NO_CONTROLS: unknown[] = [
  null,
  false,
  1,
  'text',
  [],
  {},
  { v: 1, f: 'evil' },
  { v: 1, f: 'evil', kind: 'nonsense' },
  { v: 1, kind: 'bye' },
  { v: 2, f: 'evil', kind: 'bye' },
  { v: 1, f: 'evil', kind: 'beat', n: 'x' },
  { v: 1, f: 'evil', kind: 'bye', handoffMs: -1 },
  { v: 1, f: 'evil', kind: 'bye', handoffMs: 'long' },
];
/** Commands that came in a right envelope, and are nonsense themselves. */
const NO_COMMANDS: unknown[] = [
  undefined,
  null,
  7,
  'text',
  [],
  {},
  { kind: 'nonsense' },
  { kind: 'status' },
  { kind: 'status', target: {}, status: 'x' },
  { kind: 'status', target: { userId: 'bob' }, status: 7 },
  { kind: 'follow', target: { userId: 'bob' }, userIds: 'ann' },
  { kind: 'follow', target: { userId: 'bob' }, userIds: [7] },
  { kind: 'unfollow', target: { userId: 'bob' }, userIds: {} },
  { kind: 'disconnect', target: { userId: 'bob', connectionId: 'x' } },
  { kind: 'disconnect', target: { userId: ['bob'] } },
  { kind: 'block', userId: 'bob', blockedId: 7, blocked: true },
  { kind: 'count', question: 7 },
  { kind: 'counted', question: 'x', from: 'evil', counts: { users: -1 } },
];
const NO_JSON = ['', '{', 'undefined', '{"v":1'];

describe.skipIf(redis === null)('on the topics and keys of a cluster', () => {
  let cluster: TestCluster;
  let a: ServerProcess;
  let b: ServerProcess;
  let ann: Person;
  let bob: Person;
  /** Lines in the log before the test. */
  const logged = new Map<ServerProcess, number>();

  beforeAll(async () => {
    cluster = await startCluster(redis!, ['a', 'b'], { cluster: { heartbeatMs: 200, leaseMs: 1000 } });
    [a, b] = [cluster.get('a'), cluster.get('b')];
  });
  beforeEach(async () => {
    for (const process of [a, b]) {
      logged.set(process, process.log.length);
    }
    [ann, bob] = [await cluster.person(a, 'ann', { status: 'one' }), await cluster.person(b, 'bob', { status: 'one' })];
    await until(
      async () => (await a.stats())?.processes === 1 && (await b.stats())?.processes === 1,
      'the processes to know each other',
    );
    await ann.follow(['bob']);
    await bob.follow(['ann']);
    await until(
      () => ann.statusesOf('bob')[0] === 'one' && bob.statusesOf('ann')[0] === 'one',
      'both to see each other',
    );
  });
  afterEach(async () => {
    await cluster.clear();
    expect([...a.faults, ...b.faults]).toEqual([]);
    for (const process of [a, b]) {
      // Who writes another version is named once, however often it does.
      const lines = process.log.slice(logged.get(process));
      expect(lines.filter((line) => !line.includes('Process "evil" writes version'))).toEqual([]);
      expect(lines.length).toBeLessThanOrEqual(1);
    }
  });
  afterAll(async () => {
    await cluster.stop();
  });

  const publish = (topic: string, ...messages: string[]): Promise<unknown> =>
    Promise.all(messages.map(async (message) => cluster.redis.cli('PUBLISH', topic, message)));
  const dropped = async (): Promise<number> => (await a.stats())!.dropped;
  /** Both still hear each other, nothing else, and nobody was disconnected. */
  const expectUnharmed = async (): Promise<void> => {
    await ann.setStatus('two');
    await bob.setStatus('two');
    await until(
      () => ann.statusesOf('bob').join() === 'two' && bob.statusesOf('ann').join() === 'two',
      'both to hear each other',
    );
    for (const one of [ann, bob]) {
      expect(one.deltas.flatMap(({ joins }) => joins.map(({ status }) => status))).not.toContain('evil');
      expect(one.deltas.flatMap(({ users = [] }) => users).filter(({ general }) => general !== 'online')).toEqual([]);
      expect(one.room.connection.isOpen).toBe(true);
    }
    expectSound(ann, bob);
  };

  test('messages that are not registers are dropped, and each is counted', async () => {
    const before = await dropped();
    // Text that is not even JSON ends in Colyseus's RedisPresence.
    await publish('presence:u:bob', ...NO_JSON, ...NO_REGISTERS.map((message) => JSON.stringify(message)));
    await until(async () => (await dropped()) >= before + NO_REGISTERS.length, 'all to be dropped');
    expect(await dropped()).toBe(before + NO_REGISTERS.length);
    await expectUnharmed();
  });

  test('messages that are not control messages are dropped, and each is counted; invalid commands do nothing', async () => {
    const before = await dropped();
    const commands = NO_COMMANDS.map((command) => JSON.stringify({ v: 1, f: 'evil', kind: 'command', command }));
    await publish('presence:c', ...NO_JSON, ...commands, ...NO_CONTROLS.map((message) => JSON.stringify(message)));
    await until(async () => (await dropped()) >= before + NO_CONTROLS.length, 'all to be dropped');
    expect(await dropped()).toBe(before + NO_CONTROLS.length);
    await expectUnharmed();
    expect([...ann.unfollowed, ...bob.unfollowed]).toEqual([]);
    // Who spoke in right envelopes was taken for a process, and is forgotten again: it has no lease.
    await until(async () => (await a.stats())!.processes === 1, 'the impostor to be forgotten');
  });

  test('fields of a user with broken JSON, of another release or by the wrong name are skipped, counted and removed', async () => {
    const texts = [
      ...NO_JSON,
      ...NO_REGISTERS.map((value) => JSON.stringify(value)),
      JSON.stringify({ ...register, f: 'somebody else' }),
    ];
    const fields = texts.flatMap((text, i) => [`evil-${i}`, text]);
    const count = (): Promise<string> => cluster.redis.cli('HLEN', 'presence:u:cat');
    try {
      const cat = await cluster.person(b, 'cat', { status: 'here' });
      await until(async () => (await count()) === '1', 'cat to be announced');
      const before = await dropped();
      await cluster.redis.cli('HSET', 'presence:u:cat', ...fields);
      const { presences } = await ann.follow(['cat']);
      expect(presences.map(({ userId, status }) => [userId, status])).toEqual([['cat', 'here']]);
      expect(await dropped()).toBeGreaterThanOrEqual(before + texts.length);
      await until(async () => (await count()) === '1', 'what no process has written to be removed');
      await cat.setStatus('there');
      await until(() => ann.statusesOf('cat').join() === 'there', 'her next status');
      expect((await bob.ask('presence:query', { userIds: ['cat'] })).users).toMatchObject([{ customStatus: 'there' }]);
      await expectUnharmed();
    } finally {
      await cluster.redis.cli('DEL', 'presence:u:cat');
    }
  });

  test('fields that a newer release adds are ignored, and the rest is read', async () => {
    const status = JSON.stringify({ text: 'from the future', matchId: 'm1' });
    const newer = {
      v: 1,
      f: 'newer-release',
      s: 5,
      n: 'Dan',
      e: [{ c: 'dan-1', s: status, t: Date.now(), m: 'm1', z: { anything: true } }],
      zz: [1, 2, 3],
    };
    await cluster.redis.cli('SETEX', 'presence:l:newer-release', '30', 'up');
    await cluster.redis.cli('HSET', 'presence:u:dan', 'newer-release', JSON.stringify(newer));
    await cluster.redis.cli('SADD', 'presence:p', 'newer-release');
    await cluster.redis.cli('SADD', 'presence:pu:newer-release', 'dan');
    const before = await dropped();
    const { presences } = await ann.follow(['dan']);
    expect(presences).toEqual([
      { userId: 'dan', username: 'Dan', connectionId: 'dan-1', status, matchId: 'm1', match: { verified: false } },
    ]);
    await publish('presence:u:dan', JSON.stringify({ ...newer, s: 6, e: [{ ...newer.e[0], s: 'still' }], added: {} }));
    await until(() => ann.statusesOf('dan').join() === 'still', 'its next word');
    expect(await dropped()).toBe(before);
    await expectUnharmed();
    // It crashes: what it said ends, and the two of this release clean up behind it.
    await cluster.redis.cli('DEL', 'presence:l:newer-release');
    await until(() => ann.sees('dan').length === 0, 'its player to be gone');
    await until(
      async () => !(await cluster.keys()).some((key) => key.includes('newer-release') || key === 'presence:u:dan'),
      'it to be swept',
    );
  });
});
