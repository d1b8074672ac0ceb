/**
 * One joined room: its requests, its presence messages, and the loss of its
 * connection and of its seat.
 *
 * Requests are sent in the `cid` form: its answers are messages, which the SDK
 * handles in the order of the wire. The promise of `room.request` would resolve
 * only after all frames of the same network chunk had been handled.
 */
import type { Room } from '@colyseus/sdk';
import {
  DELTA_MESSAGE,
  ERRORS,
  FRIENDS_MESSAGE,
  INVITES_MESSAGE,
  PARTY_MESSAGE,
  PresenceError,
  REPLY_MESSAGE,
  SNAPSHOT_MESSAGE,
  UNFOLLOWED_MESSAGE,
  WELCOME_MESSAGE,
  type Delta,
  type Invites,
  type PartyEvent,
  type PresenceErrorCode,
  type RequestType,
  type Snapshot,
  type Welcome,
} from '../protocol.ts';
import {
  readDelta,
  readFriends,
  readInvites,
  readParty,
  readReply,
  readSnapshot,
  readUserIds,
  readWelcome,
} from './inbound.ts';
import { callSafely } from './listeners.ts';

/** Milliseconds a server may take to confirm a leave before the socket is closed without it. */
const LEAVE_TIMEOUT_MS = 3000;

/** Prefix of every `cid` of this helper; the application may use other ids in the same room. */
const CID_PREFIX = 'client:';

/** A request that is not answered yet. */
interface Pending {
  answer(reply: unknown): void;
  fail(error: Error): void;
}

export interface SessionEvents {
  welcome(welcome: Welcome): void;
  delta(delta: Delta): void;
  snapshot(snapshot: Snapshot): void;
  unfollowed(userIds: string[]): void;
  friends(error: PresenceError | undefined): void;
  invites(invites: Invites): void;
  party(event: PartyEvent): void;
  /** The socket is closed; the SDK tries to get the seat back. May be called several times. */
  dropped(code: number): void;
  /** The SDK has reconnected to the same seat. */
  back(): void;
  /** The seat is lost. */
  left(code: number): void;
}

export class Session {
  readonly room: Room;
  #release: Array<() => void>;
  #left = false;
  #pending = new Map<string, Pending>();
  #requests = 0;

  constructor(room: Room, events: SessionEvents) {
    this.room = room;
    const onDrop = (code: number): void => {
      this.#failPending();
      callSafely(() => events.dropped(code));
    };
    // The SDK acknowledges the join only after this signal, and the server accepts no message before.
    const onReconnect = (): void =>
      queueMicrotask(() => {
        if (this.#release.length > 0) {
          events.back();
        }
      });
    const onLeave = (code: number): void => {
      // The SDK has removed all listeners of the room before this call.
      this.#left = true;
      this.#release = [];
      this.#failPending();
      callSafely(() => events.left(code));
    };
    room.onDrop(onDrop);
    room.onReconnect(onReconnect);
    room.onLeave(onLeave);
    const on = <T>(type: string, read: (payload: unknown) => T, handle: (value: T) => void): (() => void) =>
      room.onMessage(type, (payload: unknown) => callSafely(() => handle(read(payload))));
    this.#release = [
      () => room.onDrop.remove(onDrop),
      () => room.onReconnect.remove(onReconnect),
      () => room.onLeave.remove(onLeave),
      room.onMessage(REPLY_MESSAGE, (reply: unknown) => this.#answer(reply)),
      on(DELTA_MESSAGE, readDelta, (delta) => events.delta(delta)),
      on(SNAPSHOT_MESSAGE, readSnapshot, (snapshot) => events.snapshot(snapshot)),
      on(UNFOLLOWED_MESSAGE, readUserIds, (userIds) => events.unfollowed(userIds)),
      on(FRIENDS_MESSAGE, readFriends, (error) => events.friends(error)),
      on(INVITES_MESSAGE, readInvites, (invites) => events.invites(invites)),
      on(PARTY_MESSAGE, readParty, (event) => events.party(event)),
      on(WELCOME_MESSAGE, readWelcome, (welcome) => welcome !== null && events.welcome(welcome)),
    ];
  }

  get isOpen(): boolean {
    return !this.#left && this.room.connection.isOpen;
  }

  /**
   * Resolves with the result of `read(reply)`. `read` runs before any later
   * message is handled. Rejects with a `PresenceError` when the server refuses,
   * with another error when no answer arrives.
   */
  request<R>(type: RequestType, payload: object, timeoutMs: number, read: (reply: unknown) => R): Promise<R> {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) {
        throw new Error('The connection is not open.');
      }
      const cid = `${CID_PREFIX}${this.#requests++}`;
      const end = (): void => {
        clearTimeout(timer);
        this.#pending.delete(cid);
      };
      const fail = (error: Error): void => {
        end();
        reject(error);
      };
      const timer = setTimeout(() => fail(new Error(`No answer to ${type} within ${timeoutMs} ms.`)), timeoutMs);
      const answer = (reply: unknown): void => {
        end();
        try {
          resolve(read(reply));
        } catch (error) {
          reject(error);
        }
      };
      this.#pending.set(cid, { answer, fail });
      this.room.send(type, { ...payload, cid });
    });
  }

  /**
   * Has the server send its welcome again, and then all that it knows of the
   * followed users. As a request: to a message of an unknown type a room that is
   * not presence-aware would close the connection.
   */
  async askWelcome(timeoutMs: number): Promise<void> {
    try {
      await this.room.request('presence:welcome', {}, { timeout: timeoutMs });
    } catch (cause) {
      throw welcomeError(cause, this.room.name);
    }
  }

  #answer(value: unknown): void {
    const reply = readReply(value);
    const pending = reply === null ? undefined : this.#pending.get(reply.cid);
    if (reply?.ok === true) {
      pending?.answer(value);
    } else {
      pending?.fail(PresenceError.from(reply?.error));
    }
  }

  #failPending(): void {
    for (const pending of this.#pending.values()) {
      pending.fail(new Error('The connection was lost before the answer came.'));
    }
  }

  /** Stops listening. Idempotent. */
  detach(): void {
    const release = this.#release;
    this.#release = [];
    release.forEach((run) => run());
    this.#failPending();
  }

  /** Stops listening and leaves the room, consented. Resolves when the server has confirmed it, or after a timeout. */
  async leave(): Promise<void> {
    this.detach();
    if (!this.#left) {
      await leaveRoom(this.room);
    }
  }
}

/** Leaves the room, consented, also while its connection is lost. */
export async function leaveRoom(room: Room): Promise<void> {
  room.reconnection.enabled = false;
  if (!room.connection.isOpen) {
    // The SDK's next attempt to reconnect cannot be cancelled. If it succeeds, the room is left then.
    room.onReconnect(() => queueMicrotask(() => void room.leave()));
    return;
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      room.connection.close();
      resolve();
    }, LEAVE_TIMEOUT_MS);
  });
  await Promise.race([room.leave(), late]);
  clearTimeout(timer);
}

function welcomeError(cause: unknown, roomName: string): PresenceError {
  const { name, reason } = cause as { name?: unknown; reason?: unknown };
  if (name === 'rejected') {
    return PresenceError.from(reason);
  }
  const message =
    name === 'no_handler'
      ? `The room "${roomName}" is not presence-aware: it has to be a PresenceRoom, a PresenceLobbyRoom or a room with the PresencePlugin.`
      : `The room "${roomName}" did not answer: ${messageOf(cause)}`;
  return new PresenceError('unavailable', { message, cause });
}

/** The error of a call for which there is no connection. */
export function notJoined(): PresenceError {
  return new PresenceError('not_joined');
}

/** When presence refuses a join, the text of the error ends with the code. Every other failure is `unavailable`. */
export function refusalOf(cause: unknown, roomName: string): PresenceError {
  if (cause instanceof PresenceError) {
    return cause;
  }
  const [, code] = /\(code: (\w+)\)$/.exec(messageOf(cause)) ?? [];
  return code !== undefined && Object.hasOwn(ERRORS, code)
    ? new PresenceError(code as PresenceErrorCode, { cause })
    : new PresenceError('unavailable', { message: `Joining "${roomName}" failed: ${messageOf(cause)}`, cause });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
