/**
 * Thousands of seeded random operations on a tracker with real sinks and real
 * frames: what each client decodes, from the state and from the messages, must
 * be the truth after every flush.
 */
import { ClientState, Protocol, type Client } from '@colyseus/core';
import { decode, Reflection, type Decoder, type Iterator } from '@colyseus/schema';
import { unpack } from 'msgpackr';
import { afterEach, beforeEach, describe, expect, test, vi, type MockInstance } from 'vitest';
import { ClientSink, generalsTo, presencesTo } from '../../src/wire/client-sink.ts';
import { NullCluster } from '../../src/cluster/null-cluster.ts';
import { FrameCodec } from '../../src/wire/frames.ts';
import { resolveOptions } from '../../src/options.ts';
import { stateHandshake } from '../../src/wire/state.ts';
import { Tracker } from '../../src/core/tracker.ts';
import { Mirror } from '../support/mirror.ts';
import type { Connection } from '../../src/core/model.ts';
import type { Delta, Snapshot, Unfollowed } from '../../src/index.ts';
import type { PlainState, PlainUser } from '../support/person.ts';

/** Numbers that look random and are the same for the same seed (mulberry32). */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** As much of a Colyseus client as a sink touches; reads what it is sent as the SDK does. */
class Reader {
  state: ClientState = ClientState.JOINED;
  readonly ref = { bufferedAmount: 0 };
  readonly mirror = new Mirror();
  readonly decoder: Decoder = Reflection.decode(Buffer.from(stateHandshake()), { offset: 0 });

  enqueueRaw(frame: Uint8Array): void {
    const bytes = Buffer.from(frame);
    const it: Iterator = { offset: 1 };
    if (bytes[0] === Protocol.ROOM_STATE) {
      this.decoder.decodeResync(bytes, it);
    } else if (bytes[0] === Protocol.ROOM_STATE_PATCH) {
      this.decoder.decode(bytes, it);
    } else {
      const type = decode.string(bytes, it);
      const payload: unknown = unpack(bytes.subarray(it.offset));
      switch (type) {
        case 'presence:delta':
          this.mirror.apply(payload as Delta);
          break;
        case 'presence:snapshot':
          this.mirror.replace(payload as Snapshot);
          break;
        case 'presence:unfollowed':
          this.mirror.forget((payload as Unfollowed).userIds);
          break;
        default:
          throw new Error(`A message ${type}?`);
      }
    }
  }

  get json(): PlainState {
    return (this.decoder.state as { toJSON(): PlainState }).toJSON();
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
  readonly codec = new FrameCodec();
  readonly tracker: Tracker;
  readonly #options = resolveOptions({ maxBufferedBytes: 1000, maxFollows: 1000 });
  readonly #deferred: Array<() => void> = [];
  readonly #later: Array<() => void> = [];
  #ids = 0;

  constructor() {
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
      rememberOfflineMs: 1e9,
      rememberOfflineUsers: 1e9,
      handoverMs: 0,
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
    const { users } = await this.tracker.follow(player.connection, userIds, origin);
    if (origin === 'server') {
      player.connection.sink.snapshot(users, 'some');
    } else if (player.connection.stale) {
      // It has missed something and is owed a snapshot: the reply may be ahead of what it holds.
      presencesTo(player.connection, users).forEach((presence) =>
        player.reader.mirror.held.set(presence.connectionId, presence),
      );
    } else if (!player.connection.away) {
      player.reader.mirror.follow(presencesTo(player.connection, users));
      expect(generalsTo(player.connection, users).every(({ general }) => general !== 'online')).toBe(true);
    }
    userIds.filter((userId) => userId !== player.userId).forEach((userId) => player.follows.add(userId));
  }

  unfollow(player: Player, userIds: string[] | undefined): void {
    this.tracker.unfollow(player.connection, userIds);
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
      if (connection.away || connection.stale) {
        continue;
      }
      checked++;
      const { self, users } = reader.json;
      expect(self).toEqual(this.#truth(userId));
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

let complaints: MockInstance[];
beforeEach(() => {
  complaints = [vi.spyOn(console, 'warn'), vi.spyOn(console, 'error')];
});
afterEach(() => {
  complaints.forEach((spy) => {
    expect(spy.mock.calls).toEqual([]);
    spy.mockRestore();
  });
});

describe('what clients decode after random operations is the truth', () => {
  test.each([1, 2, 3, 4, 5])('seed %d: 1,000 operations', async (seed) => {
    const random = seeded(seed);
    const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
    const some = (): string[] => Array.from({ length: random(4) }, () => pick(USERS));
    const world = new World();
    let checks = 0;
    for (let step = 0; step < 1000; step++) {
      const player = world.players.length > 0 ? pick(world.players) : undefined;
      const choice = random(100);
      if (player === undefined || (choice < 6 && world.players.length < 12)) {
        await world.join(pick(USERS));
      } else if (choice < 9) {
        world.leave(player, random(2) === 0);
      } else if (choice < 60) {
        world.setStatus(player, pick(STATUSES));
      } else if (choice < 74) {
        await world.follow(player, some(), random(4) === 0 && !player.connection.away ? 'server' : 'client');
      } else if (choice < 82) {
        world.unfollow(player, random(5) === 0 ? undefined : some());
      } else if (choice < 86 && !player.connection.away) {
        world.goAway(player);
      } else if (choice < 92 && player.connection.away) {
        world.comeBack(player);
      } else if (choice < 95) {
        // A socket that does not drain, and one that does again.
        player.reader.ref.bufferedAmount = player.reader.ref.bufferedAmount === 0 ? 2000 : 0;
      }
      if (random(3) === 0) {
        world.turn(random(2) === 0);
        checks += world.check();
      }
    }
    for (const player of world.players) {
      player.reader.ref.bufferedAmount = 0;
      if (player.connection.away) {
        world.comeBack(player);
      }
    }
    world.turn(true);
    world.turn(true);
    expect(world.check()).toBe(world.players.length);
    expect(checks).toBeGreaterThan(1000);

    // All leave: nothing stays, on the server or in a decoder.
    for (const player of world.players) {
      world.unfollow(player, undefined);
      world.turn(true);
      expect(player.reader.decoder.root.refs.size).toBe(
        4 + Object.keys(player.reader.json.self?.connections ?? {}).length,
      );
    }
    [...world.players].forEach((player) => {
      world.leave(player, true);
    });
    world.turn(true);
    expect(world.tracker.users.byId.size).toBe(0);
    expect(world.tracker.connections.size).toBe(0);
  });
});
