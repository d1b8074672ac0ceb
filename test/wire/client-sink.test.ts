import { ClientState, CloseCode, type Client } from '@colyseus/core';
import { describe, expect, test } from 'vitest';
import { isOverBuffered } from '../../src/wire/backpressure.ts';
import { statusesIn, WireWorld, type WireClient } from '../support/wire-world.ts';

/** Somebody with followers, in this order. */
async function starWith(names: readonly string[]): Promise<{
  world: WireWorld;
  star: WireClient;
  fans: WireClient[];
}> {
  const world = new WireWorld();
  const star = await world.join('star', undefined, {}, 'both');
  const fans: WireClient[] = [];
  for (const name of names) {
    const fan = await world.join(name, undefined, {}, 'both');
    await world.follow(fan, 'star');
    fans.push(fan);
  }
  world.set(star, 'one');
  world.flush();
  return { world, star, fans };
}

describe('in a flush, only the client that makes trouble is affected', () => {
  test('a client whose transport throws is closed, and gets the current state when it reconnects', async () => {
    const { world, star, fans } = await starWith(['before', 'broken', 'after']);
    const [before, broken, after] = fans;
    broken!.onSend = () => {
      throw new Error('the transport is gone');
    };
    world.set(star, 'two');
    world.flush();
    world.set(star, 'three');
    world.flush();
    expect(broken!.closed).toEqual([CloseCode.WITH_ERROR]);
    for (const fan of [before!, after!, star]) {
      expect(statusesIn(fan)).toEqual(['one', 'two', 'three']);
      expect(fan.closed).toEqual([]);
    }
    expect(statusesIn(broken!)).toEqual(['one']);
    expect(after!.json.users['star']?.connections).toMatchObject({
      [star.connection.connectionId]: { status: 'three' },
    });

    world.tracker.suspend(broken!.connection);
    broken!.onSend = undefined;
    broken!.replaceClient();
    world.tracker.resume(broken!.connection);
    world.time();
    expect(broken!.json.users['star']?.connections).toMatchObject({
      [star.connection.connectionId]: { status: 'three' },
    });
  });

  test('a client whose transport also throws on close', async () => {
    const { world, star, fans } = await starWith(['broken', 'after']);
    const [broken, after] = fans;
    const fail = (): never => {
      throw new Error('the transport is gone');
    };
    broken!.onSend = fail;
    broken!.onClose = fail;
    world.set(star, 'two');
    world.flush();
    world.tracker.following.unfollow(broken!.connection, undefined);
    expect(statusesIn(after!)).toEqual(['one', 'two']);
  });

  test('a client that leaves during the flush and makes another one leave', async () => {
    const { world, star, fans } = await starWith(['before', 'leaving', 'taken along', 'after']);
    const [before, leaving, taken, after] = fans;
    leaving!.onSend = () => {
      leaving!.onSend = undefined;
      world.tracker.disconnect(leaving!.connection, 'dropped');
      world.tracker.disconnect(taken!.connection, 'dropped');
    };
    world.set(star, 'two');
    world.flush();
    world.set(star, 'three');
    world.flush();
    expect(statusesIn(taken!)).toEqual(['one']);
    for (const fan of [before!, after!, star]) {
      expect(statusesIn(fan)).toEqual(['one', 'two', 'three']);
    }
    expect(world.tracker.connections.size).toBe(3);
  });
});

test('the code that closes a client says whether it may come back', async () => {
  const { fans } = await starWith(['ann', 'bob']);
  fans[0]!.connection.sink.close(true);
  fans[1]!.connection.sink.close();
  expect(fans.map(({ closed }) => closed)).toEqual([[CloseCode.SERVER_SHUTDOWN], [CloseCode.CONSENTED]]);
});

describe('readiness', () => {
  test('a client whose socket does not drain is not ready, and is brought up to date when it has drained', async () => {
    const { world, star, fans } = await starWith(['slow']);
    const [slow] = fans;
    slow!.client.ref.bufferedAmount = 1e9;
    world.set(star, 'two');
    world.flush();
    world.time();
    expect(statusesIn(slow!)).toEqual(['one']);
    slow!.client.ref.bufferedAmount = 0;
    world.time();
    expect(Object.values(slow!.json.users['star']!.connections)[0]!.status).toBe('two');
  });

  test('a client that does not acknowledge its join is sent 64 frames, and then nothing until it does', async () => {
    const { fans } = await starWith(['silent']);
    const { sink } = fans[0]!.connection;
    fans[0]!.client.state = ClientState.JOINING;
    const answers = Array.from({ length: 100 }, () => sink.ready());
    expect(answers.filter(Boolean)).toHaveLength(64);
    expect(answers.lastIndexOf(true)).toBe(63);
    fans[0]!.client.state = ClientState.JOINED;
    expect(sink.ready()).toBe(true);
  });

  test('frames and bytes that wait for a client are counted', () => {
    const waiting = (frames: readonly Uint8Array[]): Client =>
      ({ state: ClientState.JOINING, ref: {}, _enqueuedMessages: frames }) as unknown as Client;
    const isAlone = (client: Client): boolean => isOverBuffered(client, [client], 1000);
    expect(isAlone(waiting([]))).toBe(false);
    expect(isAlone(waiting(Array.from({ length: 1025 }, () => new Uint8Array(1))))).toBe(true);
    expect(isAlone(waiting([new Uint8Array(4001)]))).toBe(true);
    const unread = (bufferedAmount: number): Client => ({ ref: { bufferedAmount } }) as unknown as Client;
    expect(isAlone(unread(4000))).toBe(false);
    expect(isAlone(unread(4001))).toBe(true);
  });

  test('what waits for all clients of a user is counted together, but not against one that reads everything', () => {
    const [first, second, reading] = [1, 4000, 0].map(
      (bufferedAmount) => ({ ref: { bufferedAmount } }) as unknown as Client,
    ) as [Client, Client, Client];
    const devices = [first, second, reading];
    expect(devices.map((client) => isOverBuffered(client, devices, 1000))).toEqual([true, true, false]);
    expect(isOverBuffered(second, [second, reading], 1000)).toBe(false);
  });
});
