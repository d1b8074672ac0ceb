/**
 * A scripted stand-in for the SDK: rooms that answer requests as the test says,
 * drop, come back and end. Only what the client helper touches, with the SDK's
 * own habits (listeners are dropped before `onLeave` is told, `remove` of an
 * unknown listener removes another one).
 */
import type { Client, Room } from '@colyseus/sdk';
import type { Presence, PresenceErrorCode, RequestType, Welcome } from '../../src/protocol.ts';

type Handler = (...args: never[]) => void;

function signal() {
  let handlers: Handler[] = [];
  return Object.assign((handler: Handler) => void handlers.push(handler), {
    remove(handler: Handler) {
      const index = handlers.indexOf(handler);
      handlers[index] = handlers.at(-1) as Handler;
      handlers.pop();
    },
    clear: () => {
      handlers = [];
    },
    invoke: (...args: unknown[]) => {
      handlers.forEach((handler) => (handler as (...all: unknown[]) => void)(...args));
    },
    count: () => handlers.length,
  });
}

export interface Sent {
  type: RequestType;
  payload: Record<string, unknown>;
}

export class FakeRoom {
  readonly name: string;
  readonly roomId = 'fake';
  readonly options: Record<string, unknown>;
  readonly onDrop = signal();
  readonly onReconnect = signal();
  readonly onLeave = signal();
  readonly reconnection = { enabled: true };
  readonly connection = {
    isOpen: true,
    close: () => {
      this.end(1000);
    },
  };
  readonly sent: Sent[] = [];
  /** Codes with which the client asked to leave. */
  left: boolean[] = [];
  #server: FakeServer;
  #acknowledged = true;
  /** Counts the connections of this room. */
  #seat = 0;
  #messages = new Map<string, Set<(payload: unknown) => void>>();

  constructor(server: FakeServer, name: string, options: Record<string, unknown>) {
    this.#server = server;
    this.name = name;
    this.options = options;
    this.onLeave(() => {
      for (const each of [this.onDrop, this.onReconnect, this.onLeave]) {
        each.clear();
      }
      this.#messages.clear();
    });
  }

  get messageListeners(): number {
    return [...this.#messages.values()].reduce((sum, listeners) => sum + listeners.size, 0);
  }

  onMessage(type: string, listener: (payload: unknown) => void): () => void {
    const listeners = this.#messages.get(type) ?? new Set();
    this.#messages.set(type, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** Answered by a `presence:reply`, unless the connection is lost before. */
  send(type: RequestType, { cid, ...payload }: Record<string, unknown>): void {
    if (!this.connection.isOpen) {
      throw new Error('The SDK would keep this until the connection is back.');
    }
    if (!this.#acknowledged) {
      throw new Error('Sent before the server could know that the client is back.');
    }
    this.sent.push({ type, payload });
    if (this.#server.onSend !== undefined) {
      this.#server.onSend(type, payload, cid, this);
      return;
    }
    const seat = this.#seat;
    const reply = (fields: object): void => {
      if (this.#seat === seat) {
        this.say('presence:reply', { cid, ...fields });
        this.#server.afterReply(this);
      }
    };
    void Promise.resolve(this.#server.answer(type, payload, this)).then(
      (answer) => reply({ ok: true, ...(answer as object) }),
      (error: unknown) => reply({ ok: false, error }),
    );
  }

  /** Only the welcome is asked for in this form. */
  async request(): Promise<unknown> {
    await new Promise(setImmediate);
    const { asked } = this.#server;
    if (asked === null) {
      throw Object.assign(new Error('no handler'), { name: 'no_handler' });
    }
    asked(this);
    return {};
  }

  leave(consented = true): Promise<number> {
    this.left.push(consented);
    return new Promise((resolve) => {
      this.onLeave((code: number) => {
        resolve(code);
      });
      if (this.#server.confirmsLeave) {
        setImmediate(() => {
          this.end(4000);
        });
      }
    });
  }

  // --- the test's side

  asRoom(): Room {
    return this as unknown as Room;
  }

  /** A message of the server. */
  say(type: string, payload: unknown): void {
    for (const listener of this.#messages.get(type) ?? []) {
      listener(payload);
    }
  }

  /** The socket is cut; the SDK will try to reconnect. */
  drop(code = 1006): void {
    this.#close();
    this.onDrop.invoke(code);
  }

  /** The SDK is back in the same seat. */
  comeBack(): void {
    this.connection.isOpen = true;
    // The SDK acknowledges only after the signal.
    this.#acknowledged = false;
    this.onReconnect.invoke();
    this.#acknowledged = true;
  }

  /** The seat is gone. */
  end(code: number): void {
    this.#close();
    this.onLeave.invoke(code);
  }

  #close(): void {
    this.connection.isOpen = false;
    this.#seat += 1;
  }
}

export class FakeServer {
  readonly rooms: FakeRoom[] = [];
  readonly methods: string[] = [];
  confirmsLeave = true;
  /** Without a `connectionId`, the one to resume, or a new one. */
  welcome: (Omit<Welcome, 'connectionId'> & { connectionId?: string }) | null = {
    protocol: 1,
    userId: 'me',
    presences: [],
  };
  /** Answers whoever asks for its welcome; `null` = a room that is not presence-aware. */
  asked: ((room: FakeRoom) => void) | null = () => undefined;
  /** Visible presences of other users. */
  presences: Presence[] = [];
  /** Throw to refuse a join. */
  onJoin: (attempt: number) => void | Promise<void> = () => undefined;
  /** Replaces the answer to a request when it returns something. */
  onRequest: (type: RequestType, payload: Record<string, unknown>, room: FakeRoom) => unknown = () => undefined;

  /** Takes requests instead of `onRequest`, and answers them by itself. */
  onSend: ((type: RequestType, payload: Record<string, unknown>, cid: unknown, room: FakeRoom) => unknown) | undefined;
  /** Right after an answer, in the same chunk. */
  afterReply: (room: FakeRoom) => void = () => undefined;

  #attempts = 0;

  get room(): FakeRoom {
    return this.rooms.at(-1) as FakeRoom;
  }

  get attempts(): number {
    return this.#attempts;
  }

  readonly client = {
    joinOrCreate: (name: string, options = {}) => this.#join('joinOrCreate', name, options),
    join: (name: string, options = {}) => this.#join('join', name, options),
    create: (name: string, options = {}) => this.#join('create', name, options),
    consumeSeatReservation: (seat: { roomId: string }) => this.onSeat(seat),
  } as unknown as Client;

  onSeat: (seat: { roomId: string }) => Promise<unknown> = (seat) => Promise.resolve({ roomId: seat.roomId });

  async #join(method: string, name: string, options: Record<string, unknown>): Promise<Room> {
    this.#attempts += 1;
    this.methods.push(method);
    await this.onJoin(this.#attempts);
    const room = new FakeRoom(this, name, options);
    this.rooms.push(room);
    if (this.welcome !== null) {
      const { resume } = options;
      const connectionId = typeof resume === 'string' ? resume : `own-${this.#attempts}`;
      const { welcome } = this;
      setImmediate(() => {
        room.say('presence:welcome', { connectionId, ...welcome });
      });
    }
    return room.asRoom();
  }

  answer(type: RequestType, payload: Record<string, unknown>, room: FakeRoom): unknown {
    const scripted = this.onRequest(type, payload, room);
    if (scripted !== undefined) {
      return scripted;
    }
    const ids = new Set(payload['userIds'] as string[] | undefined);
    const presences = this.presences.filter(({ userId }) => ids.has(userId));
    const online = new Set(presences.map(({ userId }) => userId));
    const general = (userId: string) => ({ userId, general: online.has(userId) ? 'online' : 'unlogined' });
    switch (type) {
      case 'presence:follow':
        return { presences, users: [...ids].filter((id) => !online.has(id)).map(general) };
      case 'presence:query':
        return {
          users: [...ids].map((id) => ({
            ...general(id),
            customStatus: '',
            presences: presences.filter(({ userId }) => userId === id),
          })),
        };
      case 'presence:join':
        return { name: 'match', sessionId: 's', roomId: 'r', processId: 'p' };
      case 'presence:invite':
      case 'presence:ask':
        return { inviteId: 'i', expiresInMs: 60_000 };
      case 'presence:answer':
      case 'presence:party':
      case 'presence:status':
      case 'presence:unfollow':
      case 'presence:welcome':
        return {};
    }
  }
}

/** An answer with which the server refuses a request. */
export function refusal(code: PresenceErrorCode, retryAfterMs?: number): Promise<never> {
  // oxlint-disable-next-line prefer-promise-reject-errors -- what travels is no Error
  return Promise.reject({ code, message: code, ...(retryAfterMs !== undefined && { retryAfterMs }) });
}

/** A presence with defaults; `connectionId` is derived from the user. */
export function presence(userId: string, status = '', more: Partial<Presence> = {}): Presence {
  return { userId, connectionId: `${userId}-1`, status, ...more };
}
