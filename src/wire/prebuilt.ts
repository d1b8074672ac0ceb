/**
 * WebSocket frames, headers included, that are built once and written to many
 * sockets with one call each. Through `ws` every receiver costs a header, an
 * options object and two corked writes of its own.
 *
 * Only where it is certain that the bytes on the wire are the same: a server
 * socket of `ws` without extensions (no per-message deflate), and a client whose
 * `enqueueRaw` hands its bytes to `send` of that socket at once, as Colyseus's
 * WebSocket transport does unless it simulates latency. `undefined` otherwise,
 * and the client is sent to in the ordinary way.
 */
import { ClientState, type Client } from '@colyseus/core';

/** What is used of a `WebSocket` of `ws`. */
interface WsSocket {
  readonly readyState: number;
  readonly extensions: string;
  readonly send: unknown;
  readonly _sender: { sendFrame(parts: readonly Uint8Array[]): void };
  readonly _socket: { cork(): void; uncork(): void };
}

/** The methods on the way to the socket, to be compared. */
interface Methods {
  readonly enqueueRaw: unknown;
  readonly raw: unknown;
}

const OPEN = 1;
const FINAL_BINARY = 0x82;

export class PrebuiltWriter {
  readonly #client: Client;
  readonly #socket: WsSocket;
  readonly #enqueueRaw: unknown;
  readonly #raw: unknown;
  readonly #send: unknown;

  private constructor(client: Client, socket: WsSocket) {
    this.#client = client;
    this.#socket = socket;
    ({ enqueueRaw: this.#enqueueRaw, raw: this.#raw } = client as Methods);
    this.#send = socket.send;
  }

  /** `undefined`: use `client.enqueueRaw`. */
  static of(client: Client): PrebuiltWriter | undefined {
    const socket = wsSocketOf(client);
    return socket?.extensions === '' && !Object.hasOwn(socket, 'send') && handsOver(client)
      ? new PrebuiltWriter(client, socket)
      : undefined;
  }

  /** Whether `write` may be used now. Not before the join is acknowledged, when closing, or once somebody has replaced a method on the way. */
  get isOpen(): boolean {
    const { enqueueRaw, raw } = this.#client as Methods;
    return (
      this.#client.state === ClientState.JOINED &&
      this.#socket.readyState === OPEN &&
      enqueueRaw === this.#enqueueRaw &&
      raw === this.#raw &&
      this.#socket.send === this.#send
    );
  }

  /** `bytes`: from {@link webSocketFrames}. */
  write(bytes: Uint8Array): void {
    this.#socket._sender.sendFrame([bytes]);
  }
}

/** The payloads as binary WebSocket messages of a server, in one piece. */
export function webSocketFrames(payloads: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(payloads.flatMap((payload) => [header(payload.length), payload]));
}

function header(length: number): Uint8Array {
  if (length < 126) {
    return Uint8Array.of(FINAL_BINARY, length);
  }
  if (length < 0x10000) {
    return Uint8Array.of(FINAL_BINARY, 126, length >> 8, length & 0xff);
  }
  const bytes = Buffer.alloc(10);
  bytes[0] = FINAL_BINARY;
  bytes[1] = 127;
  bytes.writeUIntBE(length, 4, 6);
  return bytes;
}

/** What is written to the client in this tick leaves in one system call, if the transport is `ws`. */
export function joinWrites(client: Client): void {
  const socket = wsSocketOf(client)?._socket;
  if (socket !== undefined) {
    socket.cork();
    process.nextTick(() => {
      socket.uncork();
    });
  }
}

function wsSocketOf(client: Client): WsSocket | undefined {
  const { _sender, _socket } = client.ref as unknown as Partial<WsSocket>;
  return typeof _sender?.sendFrame === 'function' && typeof _socket?.cork === 'function'
    ? (client.ref as unknown as WsSocket)
    : undefined;
}

/** Tries it with a socket that only listens. */
function handsOver(client: Client): boolean {
  const { enqueueRaw, raw } = client as Methods;
  const probe = new Uint8Array(1);
  let isHandedOver = false;
  const send = (data: unknown, options?: { binary?: unknown }): void => {
    isHandedOver = data === probe && options?.binary === true;
  };
  try {
    const listener = { state: ClientState.JOINED, raw, ref: { readyState: OPEN, send } };
    Reflect.apply(enqueueRaw as (bytes: Uint8Array) => void, listener, [probe]);
  } catch {
    return false;
  }
  return isHandedOver;
}
