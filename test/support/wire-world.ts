/** A tracker with real sinks and real frames, and clients that hold what they are handed; no sockets, no clock. */
import { ClientState, Protocol, type Client } from '@colyseus/core';
import { decode, type Iterator } from '@colyseus/schema';
import { unpack } from 'msgpackr';
import { NullCluster } from '../../src/cluster/null-cluster.ts';
import { Refs, type KeyedHash } from '../../src/core/refs.ts';
import { Tracker } from '../../src/core/tracker.ts';
import { resolveOptions, type PresenceOptions } from '../../src/options.ts';
import { ClientSink } from '../../src/wire/client-sink.ts';
import { FrameCodec } from '../../src/wire/frames.ts';
import { keyedHash } from '../../src/wire/keyed-hash.ts';
import { refIdOf, StateReader } from './state-reader.ts';
import type { Connection } from '../../src/core/model.ts';
import { DELTA_MESSAGE, type Delta, type Sync } from '../../src/protocol.ts';
import { Mirror } from './mirror.ts';
import type { PlainState } from './person.ts';

interface FakeClient {
  state: ClientState;
  readonly ref: { bufferedAmount: number };
  enqueueRaw(frame: Uint8Array): void;
  leave(code: number): void;
}

function deltaOf(frame: Uint8Array): Delta | undefined {
  if (frame[0] !== Protocol.ROOM_DATA) {
    return undefined;
  }
  const it: Iterator = { offset: 1 };
  return decode.string(Buffer.from(frame), it) === DELTA_MESSAGE
    ? (unpack(Buffer.from(frame).subarray(it.offset)) as Delta)
    : undefined;
}

/** The statuses of the deltas, in the order in which they came. */
export function statusesIn({ handed }: WireClient): string[] {
  return handed.flatMap((frame) => deltaOf(frame)?.joins.map(({ status }) => status) ?? []);
}

export class WireClient {
  readonly frames: Buffer[] = [];
  /** As they were handed over, to compare identities. */
  readonly handed: Uint8Array[] = [];
  readonly reader = new StateReader();
  readonly mirror = new Mirror();
  /** The codes it was closed with. */
  readonly closed: number[] = [];
  connection!: Connection;
  /** Runs before a frame is taken: to throw, or to make trouble. */
  onSend: (() => void) | undefined;
  onClose: (() => void) | undefined;
  client = this.#newClient();

  #newClient(): FakeClient {
    return {
      state: ClientState.JOINED,
      ref: { bufferedAmount: 0 },
      enqueueRaw: (frame) => {
        this.onSend?.();
        this.handed.push(frame);
        this.frames.push(Buffer.from(frame));
        const delta = deltaOf(frame);
        if (delta !== undefined) {
          this.mirror.apply(delta);
        }
      },
      leave: (code) => {
        this.closed.push(code);
        this.onClose?.();
      },
    };
  }

  /** As after a reconnection. */
  replaceClient(): void {
    this.client = this.#newClient();
    (this.connection.sink as ClientSink).client = this.client as unknown as Client;
  }

  get json(): PlainState {
    return (this.reader.read(this.frames) as unknown as { toJSON(): PlainState }).toJSON();
  }

  userNumber(userId: string): number {
    return refIdOf(this.reader.read(this.frames).users.get(userId)!);
  }

  connectionNumber(userId: string, connectionId: string): number {
    return refIdOf(this.reader.read(this.frames).users.get(userId)!.connections.get(connectionId)!);
  }
}

export class WireWorld {
  readonly refs: Refs;
  readonly codec: FrameCodec;
  /** The ids of the next connections. */
  readonly ids: string[] = [];
  readonly tracker: Tracker;
  readonly #later: Array<() => void> = [];
  #made = 0;

  constructor(hash: KeyedHash = keyedHash()) {
    this.refs = new Refs(hash);
    this.codec = new FrameCodec(this.refs);
    this.tracker = new Tracker({
      cluster: () => new NullCluster(),
      timing: {
        now: () => 0,
        defer: () => {},
        later: (check) => {
          this.#later.push(check);
        },
      },
      now: () => 1000,
      newId: () => this.ids.shift() ?? `connection ${String.fromCodePoint(97 + this.#made++)}`,
      refs: this.refs,
      rememberOfflineMs: 1e9,
      rememberOfflineUsers: 1e9,
      handoffMs: 0,
    });
  }

  async join(
    userId: string,
    connectionId?: string,
    options: PresenceOptions = {},
    sync: Sync = 'state',
  ): Promise<WireClient> {
    if (connectionId !== undefined) {
      this.ids.push(connectionId);
    }
    const viewer = new WireClient();
    const resolved = resolveOptions({ unverifiedMatches: 'show', ...options });
    const sink = new ClientSink(viewer.client as unknown as Client, this.codec, 1e6, true);
    viewer.connection = await this.tracker.connect({
      identity: { userId },
      auth: {},
      options: resolved,
      sync,
      sink,
    });
    sink.connection = viewer.connection;
    this.resync(viewer);
    return viewer;
  }

  resync(viewer: WireClient): void {
    viewer.client.enqueueRaw(this.codec.fullStateFrame(viewer.connection));
  }

  async follow(viewer: WireClient, ...userIds: string[]): Promise<void> {
    await this.tracker.following.follow(this.tracker.following.begin(viewer.connection), userIds, 'client');
  }

  /** @param newId The id of a connection that was hidden and is shown again. */
  set(viewer: WireClient, status: string | null, newId?: string): void {
    if (newId !== undefined) {
      this.ids.push(newId);
    }
    this.tracker.setStatus(viewer.connection, status);
  }

  /** Runs what waits for time to pass. */
  time(): void {
    this.#later.splice(0).forEach((check) => {
      check();
    });
  }

  flush(): void {
    this.tracker.outbox.flush();
  }
}
