/**
 * Hostile clients against a real room: seeded messages of every kind, well or
 * badly formed, while an honest pair goes on and is checked all along.
 */
import { Protocol } from '@colyseus/core';
import { currentRuntime } from '../../src/server/runtime.ts';
import { Random } from '../sim/random.ts';
import { dataFrame, rawJoin, requestHead, type RawClient } from '../support/raw.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import type { Delta } from '../../src/index.ts';

export interface HostileResult {
  sent: number;
  /** Attackers the server disconnected (and that came again). */
  closed: number;
  /** Statuses of the honest publisher that its follower saw. */
  honest: number;
  heapGrowthMb: number;
}

const TYPES = [
  'presence:status',
  'presence:follow',
  'presence:unfollow',
  'presence:query',
  'presence:join',
  'presence:invite',
  'presence:ask',
  'presence:answer',
  'presence:party',
  'presence:welcome',
  'presence:delta',
  'presence:reply',
  'presence:nothing',
  'presence:',
  '__proto__',
  'constructor',
  'filter',
  '*',
  '_',
  '',
  '\u{1F600}',
  7,
] as const;
const FIELDS = [
  'status',
  'userIds',
  'userId',
  'connectionId',
  'inviteId',
  'answer',
  'action',
  'party',
  'name',
  'cid',
  '__proto__',
  'constructor',
  'extra',
  'length',
];
const TEXTS = [
  '',
  'honest',
  'publisher',
  '__proto__',
  'constructor',
  '\ud800',
  '\u0000',
  '{"matchId":"x"}',
  '{"matchId":',
  '{"matchId":{}}',
  'null',
  '💥'.repeat(600),
  'x'.repeat(2049),
];

const ATTACKERS = 6;

export async function runHostile(
  messages: number,
  seed: number,
  progress: (sent: number) => void = () => {},
): Promise<HostileResult> {
  const random = new Random(seed);
  const server = await startServer({ rateLimit: 1000, floodLimit: 1_000_000, graceSeconds: 1 }, {}, 20_000);
  const result: HostileResult = { sent: 0, closed: 0, honest: 0, heapGrowthMb: 0 };
  try {
    const publisher = await rawJoin(server, 'publisher', 'presence', { status: '' });
    const follower = await rawJoin(server, 'honest', 'lobby', { sync: 'deltas' });
    follower.burst([['presence:follow', { userIds: ['publisher'], cid: 1 }]]);
    await until(() => follower.of('presence:reply').length > 0, 'the honest follow');

    const attackers: RawClient[] = [];
    for (let i = 0; i < ATTACKERS; i++) {
      attackers.push(await join(server, i));
    }
    const before = heapMb();
    while (result.sent < messages) {
      for (let i = 0; i < ATTACKERS; i++) {
        if (attackers[i]!.closeCode !== undefined) {
          result.closed++;
          attackers[i] = await join(server, i);
        }
        const attacker = attackers[i]!;
        attacker.frames.length = 0;
        for (let n = 0; n < 50; n++) {
          attacker.socket.send(hostileFrame(random), () => {});
          result.sent++;
        }
      }
      await checkHonest(publisher, follower, ++result.honest);
      progress(result.sent);
    }
    for (const attacker of attackers) {
      attacker.socket.terminate();
    }
    const { tracker } = currentRuntime('presence')!;
    await until(
      () => [...tracker.users.byId.keys()].every((userId) => userId === 'publisher' || userId === 'honest'),
      'what the attackers made to be gone',
      20_000,
    );
    result.heapGrowthMb = heapMb() - before;
    return result;
  } finally {
    await server.stop();
  }
}

async function join(server: TestServer, i: number): Promise<RawClient> {
  const client = await rawJoin(server, `attacker${i}`, i % 2 === 0 ? 'presence' : 'lobby');
  client.socket.on('error', () => {});
  return client;
}

/** The honest pair is connected, answered, and told of nothing but the truth. */
async function checkHonest(publisher: RawClient, follower: RawClient, round: number): Promise<void> {
  publisher.burst([['presence:status', { status: `round ${round}` }]]);
  await until(
    () =>
      follower.of<Delta>('presence:delta').some(({ joins }) => joins.some(({ status }) => status === `round ${round}`)),
    `round ${round} to reach the honest follower`,
    20_000,
  );
  const strangers = follower
    .of<Delta>('presence:delta')
    .flatMap(({ joins, leaves }) => [...joins, ...leaves])
    .filter(({ userId }) => userId !== 'publisher');
  if (strangers.length > 0 || publisher.closeCode !== undefined || follower.closeCode !== undefined) {
    throw new Error(`The honest pair was disturbed in round ${round}: ${JSON.stringify(strangers)}`);
  }
  follower.frames.length = 0;
  publisher.frames.length = 0;
}

function hostileFrame(random: Random): Uint8Array {
  const dice = random.below(100);
  if (dice < 70) {
    return dataFrame(String(random.pick(TYPES)), payload(random));
  }
  if (dice < 96) {
    return Buffer.concat([requestHead(random.below(2 ** 31), String(random.pick(TYPES))), packed(payload(random))]);
  }
  if (dice < 98) {
    // A good frame, cut or damaged.
    const frame = Buffer.from(dataFrame('presence:follow', { userIds: ['honest', 'publisher'] }));
    frame[1 + random.below(frame.length - 1)]! ^= 1 + random.below(255);
    return frame.subarray(0, 1 + random.below(frame.length));
  }
  if (dice < 99) {
    return Uint8Array.from({ length: 1 + random.below(200) }, () => random.below(256));
  }
  return Uint8Array.of(
    random.pick([
      Protocol.JOIN_ROOM,
      Protocol.PING,
      Protocol.ROOM_DATA,
      Protocol.ROOM_REQUEST,
      Protocol.ROOM_DATA_BYTES,
      0,
      255,
    ]),
  );
}

/** MessagePack of a value, without the frame's head. */
function packed(value: unknown): Uint8Array {
  return value === undefined ? new Uint8Array(0) : dataFrame('', value).subarray(2);
}

function payload(random: Random): unknown {
  switch (random.below(8)) {
    case 0:
      return undefined;
    case 1:
      return value(random, 3);
    case 2:
      return { status: random.pick(TEXTS) };
    case 3:
      return { status: random.below(2) === 0 ? null : value(random, 2), cid: random.below(100) };
    case 4:
      return { userIds: ids(random) };
    case 5:
      return { userIds: ids(random), cid: random.pick(TEXTS) };
    case 6:
      return { userId: random.pick(TEXTS), ...(random.below(2) === 0 && { connectionId: value(random, 1) }) };
    default:
      return Object.fromEntries(Array.from({ length: random.below(4) }, () => [random.pick(FIELDS), value(random, 2)]));
  }
}

function ids(random: Random): unknown[] {
  return Array.from({ length: random.below(8) === 0 ? 101 : random.below(12) }, () =>
    random.below(10) === 0 ? value(random, 1) : `${random.pick(TEXTS).slice(0, 20)}${random.below(50)}`,
  );
}

function value(random: Random, depth: number): unknown {
  switch (random.below(depth > 0 ? 9 : 7)) {
    case 0:
      return null;
    case 1:
      return random.below(2) === 0;
    case 2:
      return random.pick([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 31)]);
    case 3:
      return random.pick(TEXTS);
    case 4:
      return new Uint8Array(random.below(20));
    case 5:
      return [];
    case 6:
      return {};
    case 7:
      return Array.from({ length: random.below(5) }, () => value(random, depth - 1));
    default:
      return Object.fromEntries(
        Array.from({ length: random.below(4) }, () => [random.pick(FIELDS), value(random, depth - 1)]),
      );
  }
}

function heapMb(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}
