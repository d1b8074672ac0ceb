/**
 * Random sequences of operations on a tracker with real sinks and real
 * frames: what each client decodes, from the state and from the messages, must
 * be the truth after every flush. A failing sequence is shrunk to the shortest one.
 */
import { ClientState, Protocol, type Client } from '@colyseus/core';
import { decode, Reflection, type Decoder, type Iterator } from '@colyseus/schema';
import * as fc from 'fast-check';
import { unpack } from 'msgpackr';
import { expect, test } from 'vitest';
import { expectNoDecoderComplaints } from '../support/decoder-complaints.ts';
import { ClientSink } from '../../src/wire/client-sink.ts';
import { generalsTo, presencesTo } from '../../src/core/view.ts';
import { NullCluster } from '../../src/cluster/null-cluster.ts';
import { FrameCodec } from '../../src/wire/frames.ts';
import { keyedHash } from '../../src/wire/keyed-hash.ts';
import { resolveOptions } from '../../src/options.ts';
import { stateHandshake, type PresenceState } from '../../src/wire/state.ts';
import { Refs, type KeyedHash } from '../../src/core/refs.ts';
import { Tracker } from '../../src/core/tracker.ts';
import { Mirror } from '../support/mirror.ts';
import { refIdOf } from '../support/state-reader.ts';
import type { Connection } from '../../src/core/model.ts';
import type { PlainState, PlainUser } from '../support/person.ts';

/** As much of a Colyseus client as a sink touches; reads what it is sent as the SDK does. */
class Reader {
  state: ClientState = ClientState.JOINED;
  readonly ref = { bufferedAmount: 0 };
  readonly mirror = new Mirror();
  #numbers = new Map<string, number>();
  readonly decoder: Decoder = Reflection.decode(Buffer.from(stateHandshake()), { offset: 0 });

  enqueueRaw(frame: Uint8Array): void {
    const bytes = Buffer.from(frame);
    const it: Iterator = { offset: 1 };
    if (bytes[0] === Protocol.ROOM_STATE) {
      this.decoder.decodeResync(bytes, it);
      // What went and came back while the client was away may have another number now.
      this.#numbers.clear();
      this.#checkNumbers();
    } else if (bytes[0] === Protocol.ROOM_STATE_PATCH) {
      this.decoder.decode(bytes, it);
      this.#checkNumbers();
    } else {
      const type = decode.string(bytes, it);
      const payload: unknown = unpack(bytes.subarray(it.offset));
      if (!this.mirror.hear(type, payload)) {
        throw new Error(`A message ${type}?`);
      }
    }
  }

  get json(): PlainState {
    return (this.decoder.state as { toJSON(): PlainState }).toJSON();
  }

  /** No two things share a number, and what stays keeps its own. */
  #checkNumbers(): void {
    const { me, users } = this.decoder.state as unknown as PresenceState;
    const numbers = new Map<string, number>();
    for (const user of [me, ...users.values()]) {
      numbers.set(user.userId, refIdOf(user));
      for (const connection of user.connections.values()) {
        numbers.set(connection.connectionId, refIdOf(connection));
      }
    }
    expect(new Set(numbers.values()).size).toBe(numbers.size);
    for (const [id, number] of numbers) {
      expect(this.#numbers.get(id) ?? number, id).toBe(number);
    }
    this.#numbers = numbers;
  }
}

interface Player {
  userId: string;
  connection: Connection;
  reader: Reader;
  follows: Set<string>;
  status: string | null;
}

const USERS = Array.from({ length: 7 }, (_, i) => `user${i}`);
const STATUSES: Array<string | null> = [null, '', 'a', 'b', '{"matchId":"m1"}', '{"matchId":"m2"}'];

class World {
  readonly players: Player[] = [];
  /** How each user was last gone. */
  readonly last = new Map<string, 'offline' | 'unlogined'>();
  readonly refs: Refs;
  readonly codec: FrameCodec;
  readonly tracker: Tracker;
  readonly #options = resolveOptions({ maxBufferedBytes: 1000, maxFollows: 1000, unverifiedMatches: 'show' });
  readonly #deferred: Array<() => void> = [];
  readonly #later: Array<() => void> = [];
  #ids = 0;

  constructor(hash: KeyedHash) {
    this.refs = new Refs(hash);
    this.codec = new FrameCodec(this.refs);
    this.tracker = new Tracker({
      cluster: () => new NullCluster(),
      timing: {
        now: () => 0,
        defer: (flush) => {
          this.#deferred.push(flush);
        },
        later: (check) => {
          this.#later.push(check);
        },
      },
      now: () => 1000,
      newId: () => `id${++this.#ids}`,
      refs: this.refs,
      rememberOfflineMs: 1e9,
      rememberOfflineUsers: 1e9,
      handoffMs: 0,
    });
  }

  async join(userId: string): Promise<void> {
    const reader = new Reader();
    const sink = new ClientSink(reader as unknown as Client, this.codec, 1000, true);
    const connection = await this.tracker.connect({
      identity: { userId, username: `name of ${userId}` },
      auth: {},
      options: this.#options,
      sync: 'both',
      sink,
    });
    sink.connection = connection;
    reader.mirror.welcome({
      protocol: 1,
      userId,
      connectionId: connection.connectionId,
      presences: [...connection.user.visible.values()].map(({ box }) => box.presence),
    });
    reader.enqueueRaw(this.codec.fullStateFrame(connection));
    this.players.push({ userId, connection, reader, follows: new Set(), status: null });
  }

  leave(player: Player, consented: boolean): void {
    this.players.splice(this.players.indexOf(player), 1);
    this.tracker.disconnect(player.connection, consented ? 'consented' : 'dropped');
    this.#noteEnd(player, consented ? 'unlogined' : 'offline');
  }

  setStatus(player: Player, status: string | null): void {
    this.tracker.setStatus(player.connection, status);
    const before = player.status;
    player.status = status;
    if (before !== null && status === null) {
      this.#noteEnd({ ...player, status: before }, 'offline');
    }
  }

  #noteEnd({ userId, status }: Player, ended: 'offline' | 'unlogined'): void {
    if (status !== null && !this.players.some((one) => one.userId === userId && one.status !== null)) {
      this.last.set(userId, ended);
    }
  }

  async follow(player: Player, userIds: string[], origin: 'client' | 'server'): Promise<void> {
    const { users } = await this.tracker.following.follow(
      this.tracker.following.begin(player.connection),
      userIds,
      origin,
    );
    if (origin === 'server') {
      player.connection.sink.snapshot(users, 'some');
    } else if (player.connection.delivery === 'behind') {
      // It has missed something and is owed a snapshot: the reply may be ahead of what it holds.
      presencesTo(player.connection, users).forEach((presence) =>
        player.reader.mirror.held.set(presence.connectionId, presence),
      );
    } else if (player.connection.delivery !== 'away') {
      player.reader.mirror.follow(presencesTo(player.connection, users));
      expect(generalsTo(player.connection, users).every(({ general }) => general !== 'online')).toBe(true);
    }
    userIds.filter((userId) => userId !== player.userId).forEach((userId) => player.follows.add(userId));
  }

  unfollow(player: Player, userIds: string[] | undefined): void {
    this.tracker.following.unfollow(player.connection, userIds);
    player.reader.mirror.unfollow(userIds);
    (userIds ?? [...player.follows]).forEach((userId) => player.follows.delete(userId));
  }

  goAway(player: Player): void {
    this.tracker.suspend(player.connection);
    player.reader.state = ClientState.LEAVING;
  }

  comeBack(player: Player): void {
    player.reader.state = ClientState.JOINED;
    this.tracker.resume(player.connection);
  }

  /** The end of the event-loop turn, and of some time. */
  turn(withTime: boolean): void {
    this.#deferred.splice(0).forEach((flush) => {
      flush();
    });
    if (withTime) {
      this.#later.splice(0).forEach((check) => {
        check();
      });
    }
  }

  #truth(userId: string): PlainUser {
    const visible = this.players.filter((one) => one.userId === userId && one.status !== null);
    return {
      userId,
      username: `name of ${userId}`,
      general: visible.length > 0 ? 'online' : (this.last.get(userId) ?? 'unlogined'),
      connections: Object.fromEntries(
        visible.map(({ connection: { connectionId }, status }) => [
          connectionId,
          {
            connectionId,
            status: status!,
            matchId: status!.startsWith('{') ? (JSON.parse(status!) as { matchId: string }).matchId : '',
            match: status!.startsWith('{') ? '{"verified":false}' : '',
          },
        ]),
      ),
    };
  }

  /** Every client that could read everything holds exactly the truth. Returns how many did. */
  check(): number {
    let checked = 0;
    for (const { userId, connection, reader, follows } of this.players) {
      expect(reader.mirror.problems).toEqual([]);
      if (connection.delivery !== 'live') {
        continue;
      }
      checked++;
      const { me, users } = reader.json;
      expect(me).toEqual(this.#truth(userId));
      expect(Object.keys(users).sort()).toEqual([...follows].sort());
      for (const followed of follows) {
        const truth = this.#truth(followed);
        const seen = users[followed]!;
        // The name of who is not visible may have been forgotten.
        expect(seen).toEqual(truth.general !== 'online' && seen.username === '' ? { ...truth, username: '' } : truth);
      }
      const held = [...reader.mirror.held.values()]
        .map((presence) => `${presence.connectionId}=${presence.status}`)
        .sort();
      const wanted = [userId, ...follows]
        .flatMap((id) => Object.values(this.#truth(id).connections))
        .map((one) => `${one.connectionId}=${one.status}`)
        .sort();
      expect(held).toEqual(wanted);
    }
    return checked;
  }
}

expectNoDecoderComplaints();

const someIds = fc.array(fc.constantFrom(...USERS), { maxLength: 3 });
/** `who` picks among the players there are. */
const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('join' as const), userId: fc.constantFrom(...USERS) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('leave' as const), who: fc.nat(), consented: fc.boolean() }) },
  {
    weight: 51,
    arbitrary: fc.record({ kind: fc.constant('status' as const), who: fc.nat(), status: fc.constantFrom(...STATUSES) }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constant('follow' as const),
      who: fc.nat(),
      userIds: someIds,
      byServer: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('unfollow' as const),
      who: fc.nat(),
      userIds: fc.option(someIds, { nil: undefined }),
    }),
  },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('away or back' as const), who: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('drain or clog' as const), who: fc.nat() }) },
  { weight: 40, arbitrary: fc.record({ kind: fc.constant('turn' as const), withTime: fc.boolean() }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;
const MAX_PLAYERS = 12;

/** Returns how many clients held the truth afterwards. */
async function run(world: World, op: Operation): Promise<number> {
  const { players } = world;
  if (op.kind === 'turn') {
    world.turn(op.withTime);
    return world.check();
  }
  if (op.kind === 'join') {
    await (players.length < MAX_PLAYERS ? world.join(op.userId) : undefined);
    return 0;
  }
  const player = players[op.who % players.length];
  if (player === undefined) {
    return 0;
  }
  switch (op.kind) {
    case 'leave':
      world.leave(player, op.consented);
      break;
    case 'status':
      world.setStatus(player, op.status);
      break;
    case 'follow':
      await world.follow(
        player,
        op.userIds,
        op.byServer && player.connection.delivery !== 'away' ? 'server' : 'client',
      );
      break;
    case 'unfollow':
      world.unfollow(player, op.userIds);
      break;
    case 'away or back':
      if (player.connection.delivery === 'away') {
        world.comeBack(player);
      } else {
        world.goAway(player);
      }
      break;
    case 'drain or clog':
      player.reader.ref.bufferedAmount = player.reader.ref.bufferedAmount === 0 ? 2000 : 0;
      break;
  }
  return 0;
}

function everybodyReads(world: World): void {
  for (const player of world.players) {
    player.reader.ref.bufferedAmount = 0;
    if (player.connection.delivery === 'away') {
      world.comeBack(player);
    }
  }
  world.turn(true);
  world.turn(true);
  expect(world.check()).toBe(world.players.length);
}

/** Nothing stays, on the server or in a decoder. */
function everybodyLeaves(world: World): void {
  for (const player of world.players) {
    world.unfollow(player, undefined);
    world.turn(true);
    expect(player.reader.decoder.root.refs.size).toBe(4 + Object.keys(player.reader.json.me?.connections ?? {}).length);
  }
  [...world.players].forEach((player) => {
    world.leave(player, true);
  });
  world.turn(true);
  expect(world.tracker.users.byId.size).toBe(0);
  expect(world.tracker.connections.size).toBe(0);
  expect(world.refs.size).toBe(0);
}

const hash = keyedHash(Buffer.alloc(16, 1));
/** By name: how ids get their numbers. */
const HASHES: Record<string, KeyedHash> = {
  'hardly ever share numbers': hash,
  'often share numbers': (text) => hash(text) % (text.startsWith('alias') ? 64 : 4),
  'all share one number': (text) => (text.startsWith('alias') ? hash(text) % 64 : 0),
};

test.each(Object.keys(HASHES))(
  'what clients decode after random operations is the truth, where ids %s',
  async (name) => {
    let checks = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 500, size: 'max' }), async (operations) => {
        const world = new World(HASHES[name]!);
        for (const op of operations) {
          checks += await run(world, op);
        }
        everybodyReads(world);
        everybodyLeaves(world);
      }),
      { seed: 1, numRuns: 60 },
    );
    expect(checks).toBeGreaterThan(6000);
  },
  60_000,
);
