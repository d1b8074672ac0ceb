/** Raw frames without an SDK: whatever the framework lets through must harm only the sender. */
import { Protocol } from '@colyseus/core';
import { pack } from 'msgpackr';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { presence } from '../../src/index.ts';
import { serverRoom } from '../support/drop.ts';
import { expectSound, fresh, person, ROOMS, settle, type Person } from '../support/person.ts';
import { dataFrame, rawJoin, rawOpen, requestHead, type RawClient } from '../support/raw.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

describe.each(ROOMS)('abuse, in a %s room', (room) => {
  let server: TestServer;
  let friend: Person;
  let witness: Person;
  beforeAll(async () => {
    server = await startServer({ rateLimit: 100_000, graceSeconds: 0 });
    friend = await person(server, 'friend', room, { status: 'start' });
    witness = await person(server, 'witness', room, { status: '' });
    // Seats that nobody takes hold up the end of the server.
    serverRoom(witness).seatReservationTimeout = 1;
    await witness.follow(['friend']);
  });
  afterAll(async () => {
    await server.stop();
  });

  let rounds = 0;
  /** Everybody else goes on as if nothing had been. */
  async function expectUnharmed(): Promise<void> {
    const status = `round ${++rounds}`;
    await friend.setStatus(status);
    await until(() => witness.statusesOf('friend')[0] === status, 'the friend at the witness');
    expect(witness.room.connection.isOpen).toBe(true);
    expectSound(witness, friend);
  }

  async function stillAnswers(client: RawClient): Promise<void> {
    const cid = `alive ${++rounds}`;
    client.burst([['presence:query', { userIds: ['friend'], cid }]]);
    await until(() => client.of<{ cid: unknown }>('presence:reply').some((reply) => reply.cid === cid), 'an answer');
  }

  test('requests before the join is acknowledged are answered when it is, and count', async () => {
    const annId = fresh('ann');
    const client = await rawOpen(server, annId, room);
    await until(() => client.frames.length > 0, 'the offer to join');
    client.burst([
      ['presence:follow', { userIds: ['friend'], cid: 1 }],
      ['presence:status', { status: 'early', cid: 2 }],
      ['presence:nonsense', { cid: 3 }],
    ]);
    client.socket.send(Buffer.concat([requestHead(9, 'presence:query'), pack({ userIds: ['friend'] })]));
    expect(client.frames).toHaveLength(1);
    client.acknowledge();
    await stillAnswers(client);
    const replies = client.of<{ cid: number; ok: boolean; error?: { code: string } }>('presence:reply');
    const said = (wanted: number): unknown[] =>
      replies.filter(({ cid }) => cid === wanted).map(({ ok, error }) => error?.code ?? ok);
    expect([said(1), said(2), said(3)]).toEqual([[true], [true], ['unknown_message']]);
    expect(client.messages().find(({ type }) => type !== 'rooms')?.type).toBe('presence:welcome');
    expect(client.frames.some((frame) => frame[0] === Protocol.ROOM_RESPONSE)).toBe(true);
    const kinds = client.frames.map((frame) => frame[0]);
    expect(kinds.indexOf(Protocol.ROOM_STATE)).toBe(1);
    expect((await presence.statuses([annId]))[0]).toMatchObject({ general: 'online', customStatus: 'early' });
    client.socket.close();
    await expectUnharmed();
  });

  test('frames sent the moment the socket opens, before the room listens, break nothing', async () => {
    const annId = fresh('ann');
    const client = await rawOpen(server, annId, room);
    client.socket.on('open', () => {
      client.burst([['presence:status', { status: 'too early', cid: 1 }]]);
      client.socket.send(Uint8Array.of(Protocol.JOIN_ROOM));
    });
    await until(() => client.frames.some((frame) => frame[0] === Protocol.JOIN_ROOM), 'the offer to join');
    client.acknowledge();
    await stillAnswers(client);
    client.socket.close();
    await expectUnharmed();
  });

  test('a client that closes before, during or right after the join leaves nothing behind', async () => {
    const annId = fresh('ann');
    await witness.follow([annId]);
    for (let i = 0; i < 10; i++) {
      const client = await rawOpen(server, annId, room, { status: 'brief' });
      if (i % 3 === 0) {
        client.socket.terminate();
      } else {
        await until(() => client.frames.length > 0 || client.closeCode, 'the offer to join');
        if (i % 3 === 1) {
          client.acknowledge();
        }
        client.socket.terminate();
      }
      await client.closed();
    }
    const last = await rawJoin(server, annId, room, { status: 'last' });
    await until(() => witness.statusesOf(annId).join() === 'last', 'only the last one');
    last.socket.close();
    await until(() => witness.sees(annId).length === 0, 'nobody');
    await until(() => presence.count().connections === 2, 'only two connections');
    await expectUnharmed();
  });

  test('payloads that are absent, and every kind of MessagePack value, as a message and as a request', async () => {
    const client = await rawJoin(server, fresh('ann'), room);
    const values: unknown[] = [
      undefined,
      null,
      true,
      0,
      -1,
      1.5,
      2 ** 40,
      10n,
      '',
      'text',
      [],
      [[]],
      {},
      { cid: {} },
      new Date(0),
      new Uint8Array(3),
      new Map([[1, 2]]),
      new Set([1]),
      Number.NaN,
      /x/,
    ];
    for (const type of ['presence:status', 'presence:follow', 'presence:query', 'presence:join']) {
      for (const [i, value] of values.entries()) {
        const bytes = value === undefined ? Buffer.alloc(0) : pack(value);
        client.socket.send(Buffer.concat([dataFrame(type), bytes]));
        client.socket.send(Buffer.concat([requestHead(i, type), bytes]));
      }
    }
    await stillAnswers(client);
    const codes = client
      .of<{ ok: boolean; error?: { code: string } }>('presence:reply')
      .slice(0, -1)
      .map(({ error }) => error?.code);
    expect(codes).toHaveLength(values.length * 4);
    expect(new Set(codes)).toEqual(new Set(['invalid_payload']));
    expect(client.frames.filter((frame) => frame[0] === Protocol.ROOM_RESPONSE)).toHaveLength(values.length * 4);
    client.socket.close();
    await expectUnharmed();
  });

  test('prototype keys have no effect', async () => {
    const client = await rawJoin(server, fresh('ann'), room);
    // { "__proto__": { "status": "polluted" } }, which no JavaScript object literal makes.
    const proto = Buffer.concat([Buffer.from([0x81]), pack('__proto__'), pack({ status: 'polluted', userIds: ['x'] })]);
    for (const type of ['presence:status', 'presence:follow', 'presence:unfollow']) {
      client.socket.send(Buffer.concat([dataFrame(type), proto]));
    }
    await stillAnswers(client);
    expect(({} as Record<string, unknown>)['status']).toBeUndefined();
    expect((await presence.statuses(['x']))[0]?.general).toBe('unlogined');
    client.socket.close();
    await expectUnharmed();
  });

  test.each([
    [
      'broken MessagePack in a message: Colyseus closes the sender',
      Buffer.concat([dataFrame('presence:status'), Buffer.from([0xdf, 0xff, 0xff])]),
      4002,
    ],
    [
      'a frame over maxPayload: the transport closes the sender',
      dataFrame('presence:status', { status: 'x'.repeat(5000) }),
      1009,
    ],
  ])('%s, and only the sender', async (_, frame, code) => {
    const annId = fresh('ann');
    await witness.follow([annId]);
    const client = await rawJoin(server, annId, room, { status: 'here' });
    await until(() => witness.sees(annId).length === 1, 'Ann');
    client.socket.send(frame);
    expect(await client.closed()).toBe(code);
    await until(() => witness.sees(annId).length === 0, 'Ann to be gone');
    await expectUnharmed();
  });

  test('broken MessagePack in a request is answered with an error, and the sender stays connected', async () => {
    const client = await rawJoin(server, fresh('ann'), room);
    client.socket.send(Buffer.concat([requestHead(1, 'presence:status'), Buffer.from([0xdf, 0xff, 0xff])]));
    await until(() => client.frames.some((frame) => frame[0] === Protocol.ROOM_RESPONSE), 'the error');
    await stillAnswers(client);
    client.socket.close();
    await expectUnharmed();
  });

  test('empty frames, unknown protocol codes, second acknowledgements and garbage', async () => {
    const client = await rawJoin(server, fresh('ann'), room);
    const states = client.frames.filter((frame) => frame[0] === Protocol.ROOM_STATE).length;
    for (const frame of [
      Buffer.alloc(0),
      Buffer.from([255]),
      Buffer.from([0]),
      Buffer.from([Protocol.JOIN_ROOM]),
      Buffer.from([Protocol.ROOM_STATE, 1, 2, 3]),
      Buffer.from([Protocol.PING]),
    ]) {
      client.socket.send(frame);
    }
    await stillAnswers(client);
    expect(client.frames.filter((frame) => frame[0] === Protocol.ROOM_STATE)).toHaveLength(states);
    client.socket.close();
    await expectUnharmed();
  });

  test('a client that sends but never reads gets no updates, stays connected, and delays nobody', async () => {
    const greedy = await rawJoin(server, fresh('ann'), room);
    greedy.burst([['presence:follow', { userIds: ['friend'], cid: 1 }]]);
    greedy.socket.pause();
    for (let i = 0; i < 50; i++) {
      await friend.setStatus('y'.repeat(2000) + i);
    }
    await settle(witness);
    greedy.socket.resume();
    await stillAnswers(greedy);
    greedy.socket.close();
    await expectUnharmed();
  });
});
