/** A WebSocket that speaks the protocol by hand: for abuse, and for many frames in one TCP segment. */
import type { Socket } from 'node:net';
import { getMessageBytes, Protocol } from '@colyseus/core';
import { decode, encode, type Iterator } from '@colyseus/schema';
import { unpack } from 'msgpackr';
import { WebSocket } from 'ws';
import { until } from './until.ts';
import type { PresenceJoinOptions } from '../../src/index.ts';
import type { TestServer } from './server.ts';

interface Seat {
  sessionId: string;
  roomId: string;
  processId: string;
  error?: string;
}

export class RawClient {
  readonly socket: WebSocket;
  readonly frames: Buffer[] = [];
  closeCode: number | undefined;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => {
      this.frames.push(data);
    });
    socket.on('close', (code) => {
      this.closeCode = code;
    });
    socket.on('error', () => {});
  }

  messages(): Array<{ type: string; payload: unknown }> {
    return this.frames
      .filter((frame) => frame[0] === Protocol.ROOM_DATA)
      .map((frame) => {
        const it: Iterator = { offset: 1 };
        const type = decode.stringCheck(frame, it) ? decode.string(frame, it) : String(decode.number(frame, it));
        return { type, payload: frame.length > it.offset ? (unpack(frame.subarray(it.offset)) as unknown) : undefined };
      });
  }

  /** Payloads of one message type. */
  of<T>(type: string): T[] {
    return this.messages()
      .filter((message) => message.type === type)
      .map(({ payload }) => payload as T);
  }

  acknowledge(): void {
    this.socket.send(Uint8Array.of(Protocol.JOIN_ROOM));
  }

  /** Messages that leave in one TCP segment, so that the server reads them in one event-loop turn. */
  burst(messages: ReadonlyArray<readonly [type: string, payload: unknown]>): void {
    const { _socket: tcp } = this.socket as unknown as { _socket: Socket };
    tcp.cork();
    for (const [type, payload] of messages) {
      this.socket.send(dataFrame(type, payload));
    }
    tcp.uncork();
  }

  async closed(): Promise<number> {
    return until(() => this.closeCode, 'the connection to be closed');
  }
}

export function dataFrame(type: string, payload?: unknown): Uint8Array {
  return getMessageBytes.raw(Protocol.ROOM_DATA, type, payload);
}

/** The head of a request frame; the payload's bytes follow. */
export function requestHead(id: number, type: string): Buffer {
  const bytes = Buffer.alloc(256);
  bytes[0] = Protocol.ROOM_REQUEST;
  const it: Iterator = { offset: 1 };
  encode.number(bytes, id, it);
  encode.string(bytes, type, it);
  return bytes.subarray(0, it.offset);
}

/** Takes a seat and opens the socket, with a token or none; does not acknowledge the join. */
export async function rawOpen(
  server: TestServer,
  token: string,
  roomName: string,
  options: PresenceJoinOptions = {},
  socketToken?: string,
): Promise<RawClient> {
  const response = await fetch(`${server.url}/matchmake/joinOrCreate/${roomName}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(options),
  });
  const seat = (await response.json()) as Seat;
  if (!response.ok) {
    throw new Error(seat.error);
  }
  const shown = socketToken === undefined ? '' : `&_authToken=${encodeURIComponent(socketToken)}`;
  const url = `${server.url.replace('http', 'ws')}/${seat.processId}/${seat.roomId}?sessionId=${seat.sessionId}${shown}`;
  return new RawClient(new WebSocket(url));
}

/** Joined: acknowledged, and welcomed. */
export async function rawJoin(
  server: TestServer,
  token: string,
  roomName: string,
  options: PresenceJoinOptions = {},
  socketToken?: string,
): Promise<RawClient> {
  const client = await rawOpen(server, token, roomName, options, socketToken);
  await until(() => client.frames.some((frame) => frame[0] === Protocol.JOIN_ROOM), 'the join to be offered');
  client.acknowledge();
  await until(() => client.frames.some((frame) => frame[0] === Protocol.ROOM_STATE), 'the full state');
  return client;
}
