/** The bytes on the wire, with real sockets of the transport, read without a WebSocket library. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { ClientState, type Client } from '@colyseus/core';
import { WebSocketClient, WebSocketTransport } from '@colyseus/ws-transport';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { joinWrites, PrebuiltWriter, webSocketFrames } from '../../src/wire/prebuilt.ts';
import { until } from '../support/until.ts';

const closers: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closers.splice(0)) {
    await close();
  }
});

/** A joined Colyseus client, and what arrives at its player's end of the TCP connection after the handshake. */
async function connected(deflate = false): Promise<{ client: Client; socket: WebSocket; received: () => Buffer }> {
  const http: Server = createServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: deflate });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const accepted = once(server, 'connection') as Promise<[WebSocket]>;
  const tcp: Socket = connect((http.address() as AddressInfo).port, '127.0.0.1');
  let bytes: Buffer = Buffer.alloc(0);
  tcp.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
  });
  tcp.write(
    'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${deflate ? 'Sec-WebSocket-Extensions: permessage-deflate\r\n' : ''}\r\n`,
  );
  const [socket] = await accepted;
  closers.push(() => {
    tcp.destroy();
    server.close();
    return new Promise((resolve) => http.close(resolve));
  });
  await until(() => bytes.includes('\r\n\r\n'), 'the handshake');
  const head = bytes.length;
  const client = new WebSocketClient('session', socket) as unknown as Client;
  client.state = ClientState.JOINED;
  return { client, socket, received: () => bytes.subarray(head) };
}

const payloadsOf = (...lengths: number[]): Uint8Array[] =>
  lengths.map((length) => Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 0xff));

describe('a prebuilt frame', () => {
  test.each([1, 125, 126, 127, 65_535, 65_536, 70_000])(
    'of %i bytes is what the transport sends itself',
    async (length) => {
      const { client, received } = await connected();
      const [payload] = payloadsOf(length);
      client.enqueueRaw(payload!);
      await until(() => received().length > length, 'the frame of the transport');
      const ordinary = Buffer.from(received());
      PrebuiltWriter.of(client)!.write(webSocketFrames([payload!]));
      await until(() => received().length >= 2 * ordinary.length, 'the prebuilt frame');
      expect(received().subarray(ordinary.length).equals(ordinary)).toBe(true);
    },
  );

  test('several are the frames one after the other, in order with what is sent in the ordinary way', async () => {
    const payloads = payloadsOf(3, 200, 70_000);
    const { client, received } = await connected();
    const writer = PrebuiltWriter.of(client)!;
    client.enqueueRaw(payloads[0]!);
    writer.write(webSocketFrames(payloads.slice(1)));
    client.enqueueRaw(payloads[0]!);
    const expected = webSocketFrames([...payloads, payloads[0]!]);
    await until(() => received().length >= expected.length, 'all bytes');
    expect(received().equals(expected)).toBe(true);
  });
});

describe('the ordinary way is taken', () => {
  test('with per-message deflate', async () => {
    const { client } = await connected(true);
    expect(PrebuiltWriter.of(client)).toBeUndefined();
  });

  test('on a transport that is not ws, or a client that nothing is known of', async () => {
    const { client } = await connected();
    for (const ref of [{}, { _sender: {} }, { send: () => {}, extensions: '' }]) {
      expect(PrebuiltWriter.of(Object.assign(Object.create(client) as Client, { ref }))).toBeUndefined();
    }
    for (const enqueueRaw of [() => {}, () => Promise.reject(new Error('x')).catch(() => {})]) {
      expect(PrebuiltWriter.of(Object.assign(Object.create(client) as Client, { enqueueRaw }))).toBeUndefined();
    }
    const throws = (): never => {
      throw new Error('this is no client');
    };
    expect(PrebuiltWriter.of(Object.assign(Object.create(client) as Client, { raw: throws }))).toBeUndefined();
  });

  test('while the transport simulates latency', async () => {
    const { client } = await connected();
    const transport = new WebSocketTransport({ noServer: true });
    const before = PrebuiltWriter.of(client)!;
    transport.simulateLatency(20);
    try {
      expect(before.isOpen).toBe(false);
      expect(PrebuiltWriter.of(client)).toBeUndefined();
    } finally {
      transport.simulateLatency(0);
    }
    expect(before.isOpen).toBe(true);
  });

  test('before the join is acknowledged, and when the socket closes', async () => {
    const { client, socket } = await connected();
    const writer = PrebuiltWriter.of(client)!;
    expect(writer.isOpen).toBe(true);
    client.state = ClientState.JOINING;
    expect(writer.isOpen).toBe(false);
    client.state = ClientState.JOINED;
    socket.close();
    expect(writer.isOpen).toBe(false);
  });

  test('once somebody listens to what is sent, on the client or on its socket', async () => {
    const { client, socket } = await connected();
    const writer = PrebuiltWriter.of(client)!;
    for (const [object, name] of [
      [client, 'enqueueRaw'],
      [client, 'raw'],
      [socket, 'send'],
    ] as const) {
      Object.assign(object, { [name]: () => {} });
      expect(writer.isOpen).toBe(false);
      expect(PrebuiltWriter.of(client)).toBeUndefined();
      Reflect.deleteProperty(object, name);
      expect(writer.isOpen).toBe(true);
    }
  });
});

test('what is written in one tick leaves in one system call, and later writes are not held back', async () => {
  const { client, socket, received } = await connected();
  const { _handle: handle } = (socket as unknown as { _socket: { _handle: Record<string, () => number> } })._socket;
  let calls = 0;
  for (const name of ['writev', 'writeBuffer']) {
    const write = handle[name]!;
    handle[name] = (...args: unknown[]) => {
      calls++;
      return Reflect.apply(write, handle, args) as number;
    };
  }
  joinWrites(client);
  for (const payload of payloadsOf(10, 20, 30)) {
    client.enqueueRaw(payload);
  }
  expect(calls).toBe(0);
  await until(() => received().length === 66, 'the three frames');
  expect(calls).toBe(1);
  client.enqueueRaw(payloadsOf(1)[0]!);
  await until(() => received().length === 69, 'the fourth frame');
  expect(calls).toBe(2);
});
