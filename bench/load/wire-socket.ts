/**
 * The smallest WebSocket client that a server cannot tell from a real one.
 * It exists because the load generator must cost less than the server it
 * measures: all sockets share one read buffer, and a frame is handed off
 * where it lies. Masks with the key 0, which leaves the payload as it is.
 */
import { connect, type Socket } from 'node:net';

export const TEXT = 1;
export const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** A message: `bytes[start, end)`, valid until the call returns. `size` includes the frame's header. */
export type Receive = (socket: WireSocket, bytes: Buffer, start: number, end: number, size: number) => void;

/** Shared by all sockets: a read is consumed before the next one starts. */
const READ_BUFFER = Buffer.allocUnsafe(256 * 1024);

export class WireSocket {
  readonly #socket: Socket;
  #rest: Buffer | null = null;
  #upgraded: (() => void) | null;
  #receive: Receive;
  /** Called once when the other side closes, with the close code or 1006. */
  onClose: (code: number) => void = () => {};
  #closeCode = 1006;

  private constructor(url: URL, receive: Receive, upgraded: () => void, failed: (error: Error) => void) {
    this.#receive = receive;
    this.#upgraded = upgraded;
    this.#socket = connect({
      host: url.hostname,
      port: Number(url.port),
      noDelay: true,
      onread: { buffer: READ_BUFFER, callback: (size: number) => this.#read(size) },
    });
    this.#socket.on('error', failed);
    this.#socket.on('close', () => {
      failed(new Error(`${url.href} was closed (${this.#closeCode}).`));
      this.onClose(this.#closeCode);
    });
    this.#socket.write(
      `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
  }

  /** Resolves when the server has accepted the upgrade. */
  static open(url: string, receive: Receive): Promise<WireSocket> {
    return new Promise((resolve, reject) => {
      const socket: WireSocket = new WireSocket(new URL(url), receive, () => resolve(socket), reject);
    });
  }

  /** Sends what {@link frame} made. */
  send(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  close(): void {
    this.onClose = () => {};
    this.#socket.destroy();
  }

  #read(size: number): boolean {
    let bytes = READ_BUFFER;
    let end = size;
    if (this.#rest) {
      bytes = Buffer.concat([this.#rest, READ_BUFFER.subarray(0, size)]);
      end = bytes.length;
    }
    const used = this.#upgraded ? this.#parseUpgrade(bytes, end) : this.#parseFrames(bytes, 0, end);
    this.#rest = used < end ? Buffer.from(bytes.subarray(used, end)) : null;
    return true;
  }

  #parseUpgrade(bytes: Buffer, end: number): number {
    const head = bytes.indexOf('\r\n\r\n');
    if (head < 0 || head + 4 > end) {
      return 0;
    }
    if (!bytes.toString('latin1', 0, 12).endsWith(' 101')) {
      this.#socket.destroy(new Error(`Upgrade refused: ${bytes.toString('latin1', 0, Math.min(head, 200))}`));
      return end;
    }
    this.#upgraded?.();
    this.#upgraded = null;
    return this.#parseFrames(bytes, head + 4, end);
  }

  /** Returns how many bytes it used; the rest is an unfinished frame. */
  #parseFrames(bytes: Buffer, from: number, end: number): number {
    let at = from;
    while (at + 2 <= end) {
      let length = bytes[at + 1]! & 0x7f;
      let body = at + 2;
      if (length === 126) {
        body += 2;
        length = body <= end ? bytes.readUInt16BE(at + 2) : Infinity;
      } else if (length === 127) {
        body += 8;
        length = body <= end ? bytes.readUInt32BE(at + 6) : Infinity;
      }
      if (body + length > end) {
        return at;
      }
      this.#frame(bytes[at]! & 0x0f, bytes, body, body + length, body + length - at);
      at = body + length;
    }
    return at;
  }

  #frame(opcode: number, bytes: Buffer, start: number, end: number, size: number): void {
    if (opcode === TEXT || opcode === BINARY) {
      this.#receive(this, bytes, start, end, size);
    } else if (opcode === PING) {
      this.send(frame(PONG, bytes.subarray(start, end)));
    } else if (opcode === CLOSE) {
      this.#closeCode = end - start >= 2 ? bytes.readUInt16BE(start) : 1005;
      this.#socket.end(frame(CLOSE, bytes.subarray(start, end)));
    } else if (opcode !== PONG) {
      this.#socket.destroy(new Error(`Unexpected WebSocket opcode ${opcode}.`));
    }
  }
}

/** One client frame, masked with the key 0. */
export function frame(opcode: number, payload: Uint8Array): Buffer {
  const long = payload.length > 125;
  const head = long ? 8 : 6;
  const bytes = Buffer.alloc(head + payload.length);
  bytes[0] = 0x80 | opcode;
  bytes[1] = 0x80 | (long ? 126 : payload.length);
  if (long) {
    bytes.writeUInt16BE(payload.length, 2);
  }
  bytes.set(payload, head);
  return bytes;
}
