/**
 * A client of the protocol over a bare WebSocket. Written from docs/protocol.md
 * only; uses nothing of Colyseus and nothing of this package.
 */
import { pack, unpack } from './message-pack.ts';
import { StateReader } from './state-reader.ts';

export interface Seat {
  name: string;
  sessionId: string;
  roomId: string;
  processId: string;
  publicAddress?: string;
}

/** A frame that came, by the name of its first byte. */
export interface Frame {
  kind: 'join' | 'error' | 'leave' | 'message' | 'state' | 'patch' | 'response' | 'other';
  /** Behind the first byte; of a join, the reflection of the state. */
  body: Uint8Array;
  /** Of a message. */
  type?: string;
  payload?: unknown;
  /** Of a message: its payload as MessagePack. */
  packed?: Uint8Array;
}

const KINDS: Record<number, Frame['kind']> = {
  10: 'join',
  11: 'error',
  12: 'leave',
  13: 'message',
  14: 'state',
  15: 'patch',
  22: 'response',
};
const JOIN = 10;
const LEAVE = 12;
const MESSAGE = 13;
const REQUEST = 21;

export class ConformanceClient {
  readonly state = new StateReader();
  readonly received: Frame[] = [];
  /** Called after each frame. */
  onFrame: (frame: Frame) => void = () => {};
  closeCode: number | undefined;
  readonly #url: string;
  readonly #waiting = new Map<string | number, (reply: unknown) => void>();
  #awaited: Array<{ kind: Frame['kind']; resolve: (frame: Frame) => void; reject: (error: Error) => void }> = [];
  #socket: WebSocket;
  #reconnectionToken = '';
  #lastId = 0;

  private constructor(url: string) {
    this.#url = url;
    this.#socket = this.#open(url);
  }

  /** Asks for a seat and takes it. Resolves with the first full state; `prepare` is called before the first frame. */
  static async join(
    server: string,
    token: string,
    room: string,
    options: object = {},
    prepare: (client: ConformanceClient) => void = () => {},
  ): Promise<ConformanceClient> {
    const response = await fetch(`${server}/matchmake/joinOrCreate/${room}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(options),
    });
    const answer = (await response.json()) as Seat & { error?: string };
    if (!response.ok) {
      throw new Error(answer.error);
    }
    const client = ConformanceClient.take(server, answer, token);
    prepare(client);
    await client.next('state');
    return client;
  }

  /** Takes a seat. */
  static take(server: string, seat: Seat, token: string): ConformanceClient {
    const host = seat.publicAddress ?? new URL(server).host;
    const query = `sessionId=${seat.sessionId}&_authToken=${encodeURIComponent(token)}`;
    return new ConformanceClient(`ws://${host}/${seat.processId}/${seat.roomId}?${query}`);
  }

  /** The network is lost: no leave is sent. */
  drop(): void {
    this.#socket.close(3001);
  }

  /** Takes the seat again, within the grace. Resolves with the full state. */
  async comeBack(): Promise<void> {
    this.closeCode = undefined;
    this.#socket = this.#open(`${this.#url}&reconnectionToken=${this.#reconnectionToken}`);
    await this.next('state');
  }

  leave(): void {
    this.#socket.send(Uint8Array.of(LEAVE));
  }

  /** The next frame of a kind. */
  async next(kind: Frame['kind']): Promise<Frame> {
    return new Promise((resolve, reject) => {
      this.#awaited.push({ kind, resolve, reject });
    });
  }

  send(type: string, payload?: unknown): void {
    this.#write([MESSAGE, ...text(type)], payload);
  }

  /** By the `cid` form. */
  async call(type: string, payload: object = {}): Promise<Record<string, unknown>> {
    const cid = `c${++this.#lastId}`;
    return this.#answer(cid, () => {
      this.send(type, { ...payload, cid });
    });
  }

  /** By the framework's own requests. Resolves with `{ status, reply }`. */
  async request(type: string, payload: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.#lastId % 128;
    return this.#answer(id, () => {
      this.#write([REQUEST, id, ...text(type)], payload);
    });
  }

  messages(type: string): unknown[] {
    return this.received.filter((frame) => frame.type === type).map(({ payload }) => payload);
  }

  async #answer(id: string | number, ask: () => void): Promise<Record<string, unknown>> {
    return new Promise((resolve) => {
      this.#waiting.set(id, (reply) => {
        resolve(reply as Record<string, unknown>);
      });
      ask();
    });
  }

  #write(head: readonly number[], payload: unknown): void {
    const body = payload === undefined ? [] : pack(payload);
    this.#socket.send(Uint8Array.from([...head, ...body]));
  }

  #open(url: string): WebSocket {
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({ data }) => {
      this.#take(new Uint8Array(data as ArrayBuffer));
    });
    socket.addEventListener('close', ({ code }) => {
      this.closeCode = code;
    });
    return socket;
  }

  #take(bytes: Uint8Array): void {
    const [head = 0] = bytes;
    const frame: Frame = { kind: KINDS[head & 0x1f] ?? 'other', body: bytes.subarray(1) };
    switch (frame.kind) {
      case 'join':
        frame.body = this.#takeJoin(frame.body);
        this.#socket.send(Uint8Array.of(JOIN));
        break;
      case 'state':
        this.state.readFull(frame.body);
        break;
      case 'patch':
        this.state.readPatch(frame.body);
        break;
      case 'message':
        this.#takeMessage(frame);
        break;
      case 'response':
        this.#settle(frame.body[0] ?? 0, {
          status: frame.body[1],
          reply: frame.body.length > 2 ? unpack(frame.body.subarray(2)) : undefined,
        });
        break;
      case 'error':
      case 'leave':
      case 'other':
        break;
    }
    this.received.push(frame);
    this.onFrame(frame);
    this.#awaited = this.#awaited.filter(({ kind, resolve, reject }) => {
      if (frame.kind === 'error') {
        reject(new Error(new TextDecoder().decode(frame.body)));
      } else if (frame.kind === kind) {
        resolve(frame);
      }
      return frame.kind !== 'error' && frame.kind !== kind;
    });
  }

  /** Returns the reflection. */
  #takeJoin(body: Uint8Array): Uint8Array {
    const [tokenLength = 0] = body;
    this.#reconnectionToken = new TextDecoder().decode(body.subarray(1, 1 + tokenLength));
    const [nameLength = 0] = body.subarray(1 + tokenLength);
    const rest = body.subarray(2 + tokenLength + nameLength);
    const [first = 0, low = 0, high = 0] = rest;
    const [size, start] = first < 0x80 ? [first, 1] : first === 0xcc ? [low, 2] : [low + 256 * high, 3];
    return rest.subarray(start, start + size);
  }

  #takeMessage(frame: Frame): void {
    const length = (frame.body[0] ?? 0) & 0x1f;
    frame.type = new TextDecoder().decode(frame.body.subarray(1, 1 + length));
    frame.packed = frame.body.subarray(1 + length);
    frame.payload = frame.packed.length > 0 ? unpack(frame.packed) : undefined;
    if (frame.type === 'presence:reply') {
      const { cid } = frame.payload as { cid: string | null };
      this.#settle(cid ?? '', frame.payload);
    }
  }

  #settle(id: string | number, reply: unknown): void {
    this.#waiting.get(id)?.(reply);
    this.#waiting.delete(id);
  }
}

function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [0xa0 | bytes.length, ...bytes];
}
