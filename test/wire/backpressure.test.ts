/** A transport with the surface of uWebSockets: its socket drops frames when too much waits, and throws once it is closed. */
import { ClientState, CloseCode, type Client } from '@colyseus/core';
import { beforeEach, describe, expect, test } from 'vitest';
import { isOverBuffered, waitingBytes } from '../../src/wire/backpressure.ts';
import { joinWrites } from '../../src/wire/prebuilt.ts';
import { statusesIn, WireWorld, type WireClient } from '../support/wire-world.ts';
import type { ClientSink } from '../../src/wire/client-sink.ts';

const MAX_BACKPRESSURE = 4096;

class LossyClient {
  state = ClientState.JOINED;
  readonly closed: number[] = [];
  /** What the network does not take for the moment. */
  isStuck = false;
  isEnded = false;
  dropped = 0;
  #waiting: Uint8Array[] = [];
  readonly #player: WireClient;
  readonly ref = {
    ws: {
      getBufferedAmount: (): number => {
        this.#requireOpen();
        return this.#waiting.reduce((sum, { length }) => sum + length, 0);
      },
      send: (frame: Uint8Array): 0 | 1 | 2 => {
        this.#requireOpen();
        if (this.ref.ws.getBufferedAmount() > MAX_BACKPRESSURE) {
          this.dropped++;
          return 2;
        }
        this.#waiting.push(frame);
        if (!this.isStuck) {
          this.drain();
        }
        return this.#waiting.length > 0 ? 0 : 1;
      },
    },
  };

  constructor(player: WireClient) {
    this.#player = player;
  }

  enqueueRaw(frame: Uint8Array): void {
    if (!this.isEnded) {
      this.ref.ws.send(frame);
    }
  }

  leave(code: number): void {
    this.closed.push(code);
    this.isEnded = true;
  }

  drain(): void {
    this.isStuck = false;
    for (const frame of this.#waiting.splice(0)) {
      this.#player.client.enqueueRaw(frame);
    }
  }

  #requireOpen(): void {
    if (this.isEnded) {
      throw new Error('Invalid access of closed uWS.WebSocket');
    }
  }
}

describe('on a transport that drops frames', () => {
  let world: WireWorld;
  let star: WireClient;
  let slow: WireClient;
  let other: WireClient;
  let socket: LossyClient;

  const set = (status: string): void => {
    world.set(star, status);
    world.flush();
  };

  beforeEach(async () => {
    world = new WireWorld();
    [star, slow, other] = [
      await world.join('star', undefined, {}, 'both'),
      await world.join('slow', undefined, {}, 'both'),
      await world.join('other', undefined, {}, 'both'),
    ];
    await world.follow(slow, 'star');
    await world.follow(other, 'star');
    socket = new LossyClient(slow);
    (slow.connection.sink as ClientSink).client = socket as unknown as Client;
    set('one');
  });

  test('a client that reads gets every delta', () => {
    set('two');
    expect([statusesIn(slow), socket.dropped]).toEqual([['one', 'two'], 0]);
  });

  test('a client that does not read is sent nothing more, drops nothing, and is brought up to date when it reads again', () => {
    socket.isStuck = true;
    for (let i = 0; i < 100; i++) {
      set(`${i} ${'x'.repeat(500)}`);
      world.time();
    }
    expect(socket.ref.ws.getBufferedAmount()).toBeLessThan(MAX_BACKPRESSURE);
    set('last');
    socket.drain();
    world.time();
    expect([socket.dropped, socket.closed]).toEqual([0, []]);
    expect(Object.values(slow.json.users['star']!.connections)[0]!.status).toBe('last');
    expect(statusesIn(other)).toHaveLength(102);
    set('next');
    expect(statusesIn(slow).at(-1)).toBe('next');
  });

  test('a client of which a frame was dropped is closed, and nobody else notices', () => {
    set('x'.repeat(2 * MAX_BACKPRESSURE));
    socket.isStuck = true;
    set('y'.repeat(2 * MAX_BACKPRESSURE));
    expect(socket.dropped).toBe(1);
    expect(socket.closed).toEqual([CloseCode.WITH_ERROR]);
    set('three');
    expect(statusesIn(other).at(-1)).toBe('three');
    expect(other.closed).toEqual([]);
  });

  test('a client that has closed inside the flush is left alone', () => {
    socket.leave(1000);
    set('two');
    expect(statusesIn(other)).toEqual(['one', 'two']);
    expect(waitingBytes(socket as unknown as Client)).toBe(0);
  });

  test('its answers are bounded like those of others', () => {
    const client = socket as unknown as Client;
    socket.isStuck = true;
    socket.enqueueRaw(new Uint8Array(4001));
    expect([isOverBuffered(client, [client], 1000), isOverBuffered(client, [client], 2000)]).toEqual([true, false]);
  });
});

test('a transport that does not tell what waits is sent to', async () => {
  const world = new WireWorld();
  const star = await world.join('star', undefined, {}, 'both');
  const fan = await world.join('fan', undefined, {}, 'both');
  await world.follow(fan, 'star');
  const client = { ...fan.client, ref: {} } as unknown as Client;
  (fan.connection.sink as ClientSink).client = client;
  expect(waitingBytes(client)).toBe(0);
  joinWrites(client);
  world.set(star, 'one');
  world.flush();
  expect(statusesIn(fan)).toEqual(['one']);
});
