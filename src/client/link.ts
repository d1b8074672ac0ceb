/**
 * Keeps this client in a presence-aware room: joins, lets the SDK reconnect,
 * and asks for a new seat when the old one is lost.
 */
import type { Client, Room } from '@colyseus/sdk';
import { PresenceError, type Delta, type Invites, type PartyEvent, type Snapshot, type Welcome } from '../protocol.ts';
import { callSafely } from './listeners.ts';
import { leaveRoom, notJoined, refusalOf, Session } from './session.ts';
import { backoffMs, Timers } from './timers.ts';
import type { ConnectionPhase, RejoinOptions, RoomMethod } from './types.ts';

/** `CloseCode.NORMAL_CLOSURE` and `CONSENTED`: the connection was ended on purpose. */
const ON_PURPOSE: readonly number[] = [1000, 4000];

/** `CloseCode.ABNORMAL_CLOSURE`. */
const ABNORMAL_CLOSURE = 1006;

/** `CloseCode.MAY_TRY_RECONNECT`. In devMode, Colyseus also closes with this code when it does not know the seat. */
const MAY_TRY_RECONNECT = 4010;

/** Milliseconds of refusals after which a seat is given up. The first ones may come from a server that shuts down, or that still restores its rooms. */
const MAX_REFUSED_MS = 1000;

/** Milliseconds that the welcome may take after a reconnection before it is asked for. */
const WELCOME_MS = 300;

/** Milliseconds to wait when `rate_limited` comes without `retryAfterMs`. */
const RATE_LIMIT_PAUSE_MS = 1000;

/** After so many milliseconds online the count of failed rejoins is reset. */
const STABLE_MS = 10_000;

export interface LinkSettings {
  client: Client;
  roomName: string;
  method: RoomMethod;
  rejoin: Required<RejoinOptions>;
  reconnectMs: number;
  timeoutMs: number;
  /** Whether the server sends a welcome: it sends none to a client with `sync: 'state'`. */
  welcomed: boolean;
  /** Returns the options of a join. Called before each join. */
  joinOptions: () => Record<string, unknown>;
  onRoom: ((room: Room) => void) | undefined;
}

export interface LinkEvents {
  /** `fresh`: the seat is new; otherwise it is the old one after a reconnection. */
  welcome(welcome: Welcome, fresh: boolean): void;
  delta(delta: Delta): void;
  snapshot(snapshot: Snapshot): void;
  unfollowed(userIds: string[]): void;
  friends(error: PresenceError | undefined): void;
  invites(invites: Invites): void;
  party(event: PartyEvent): void;
  /** `error`: why it is `closed`, unless the application closed it. */
  state(state: ConnectionPhase, error?: unknown): void;
}

export class Link {
  readonly timers = new Timers();
  #settings: LinkSettings;
  #events: LinkEvents;
  #session: Session | null = null;
  #state: ConnectionPhase = 'rejoining';
  #onlineSince = 0;
  #offlineSince = 0;
  #failures = 0;
  /** Since when a server has answered each attempt to get the old seat back with a refusal. */
  #refusedSince: number | undefined;
  #giveUp = (): void => undefined;
  #doubt = (): void => undefined;
  #waiters = new Set<(session: Session) => void>();

  constructor(settings: LinkSettings, events: LinkEvents) {
    this.#settings = settings;
    this.#events = events;
  }

  get state(): ConnectionPhase {
    return this.#state;
  }

  /** The room of the last successful join, even when its connection is lost. */
  get room(): Room {
    if (this.#session === null) {
      throw notJoined();
    }
    return this.#session.room;
  }

  /** Whether requests of this session can be answered. */
  serves(session: Session): boolean {
    return this.#state === 'online' && this.#session === session && session.isOpen;
  }

  /** Takes the first seat. A failure that may pass is tried again, up to so many attempts. */
  async joinFirst(attempts: number): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.join();
      } catch (error) {
        if (attempt >= attempts || !(error instanceof PresenceError) || !error.retryable) {
          throw error;
        }
        await this.timers.sleep(Math.max(error.retryAfterMs ?? 0, backoffMs(attempt, this.#settings.rejoin)));
      }
    }
  }

  /** Takes a seat and waits for the welcome. */
  async join(): Promise<void> {
    const { client, method, roomName, timeoutMs, joinOptions } = this.#settings;
    const joining: Promise<Room> = client[method](roomName, joinOptions());
    let room: Room;
    try {
      room = await this.timers.within(
        joining,
        timeoutMs,
        () => new PresenceError('unavailable', { message: `Joining "${roomName}" took longer than ${timeoutMs} ms.` }),
      );
    } catch (error) {
      // A seat that is granted after the timeout is given back.
      joining.then(leaveRoom).catch(() => undefined);
      throw refusalOf(error, roomName);
    }
    callSafely(() => this.#settings.onRoom?.(room));
    await this.adopt(room);
  }

  /** Waits for the welcome of a joined room, and keeps the room. `asks`: the welcome may have passed already. */
  async adopt(room: Room, asks = false): Promise<void> {
    let welcomed = (): void => undefined;
    let fail = (_error: unknown): void => undefined;
    const settled = new Promise<void>((resolve, reject) => {
      welcomed = resolve;
      fail = reject;
    });
    const lost = (): void =>
      fail(new PresenceError('unavailable', { message: 'The connection was lost while joining.' }));
    const session: Session = new Session(room, {
      ...this.#events,
      welcome: (welcome) => {
        this.#events.welcome(welcome, this.#session !== session);
        this.#doubt();
        welcomed();
      },
      dropped: (code) => (this.#session === session ? this.#drop(session, code) : lost()),
      back: () => this.#session === session && this.#back(session),
      left: (code) => (this.#session === session ? this.#lose(code) : lost()),
    });
    if (!this.#settings.welcomed) {
      welcomed();
    } else if (asks) {
      this.#ask(session).catch(fail);
    }
    try {
      await this.timers.within(
        settled,
        this.#settings.timeoutMs,
        () =>
          new PresenceError('unavailable', {
            message: `The room "${room.name}" sent no presence:welcome: it is not presence-aware, or was joined with sync: 'state'.`,
          }),
      );
      if (this.#state === 'closed') {
        throw notJoined();
      }
    } catch (error) {
      void session.leave();
      throw error;
    }
    this.#session = session;
    this.#onlineSince = performance.now();
    this.#setState('online');
  }

  async #ask(session: Session): Promise<void> {
    while (this.#state !== 'closed') {
      try {
        return await session.askWelcome(this.#settings.timeoutMs);
      } catch (error) {
        if (!(error instanceof PresenceError) || error.code !== 'rate_limited') {
          throw error;
        }
        await this.timers.sleep(error.retryAfterMs ?? RATE_LIMIT_PAUSE_MS);
      }
    }
  }

  /** The session, once requests go through; `not_joined` after `timeoutMs`, or at once when closed. */
  ready(timeoutMs: number): Promise<Session> {
    if (this.#state === 'closed') {
      return Promise.reject(notJoined());
    }
    const session = this.#session;
    if (this.#state === 'online' && session?.isOpen) {
      return Promise.resolve(session);
    }
    return new Promise((resolve, reject) => {
      const fail = (): void => {
        this.#waiters.delete(waiter);
        reject(notJoined());
      };
      const cancel = this.timers.after(timeoutMs, fail, fail);
      const waiter = (joined: Session): void => {
        cancel();
        resolve(joined);
      };
      this.#waiters.add(waiter);
    });
  }

  /** Milliseconds that a call made at `since` may still wait for a connection: `timeoutMs`, counted from the call or from the loss, whichever is later. */
  patience(since: number): number {
    const now = performance.now();
    const start = this.#state === 'online' ? now : Math.max(since, this.#offlineSince);
    return Math.max(0, start + this.#settings.timeoutMs - now);
  }

  /** Leaves for good. Waiting calls are rejected with `not_joined`; no timer is left. */
  async close(error?: unknown): Promise<void> {
    if (this.#state === 'closed') {
      return;
    }
    this.#setState('closed', error);
    this.timers.clear(notJoined);
    await this.#session?.leave();
  }

  #drop(session: Session, code: number): void {
    if (this.#state === 'reconnecting') {
      const now = performance.now();
      this.#refusedSince = code === MAY_TRY_RECONNECT ? (this.#refusedSince ?? now) : undefined;
      if (now - (this.#refusedSince ?? now) >= MAX_REFUSED_MS) {
        this.#abandon(session);
      }
    }
    if (this.#state !== 'online') {
      return;
    }
    this.#refusedSince = undefined;
    this.#setState('reconnecting');
    // The SDK tries for a minute, but the server releases the seat much earlier.
    this.#giveUp = this.timers.after(this.#settings.reconnectMs, () => this.#abandon(session));
  }

  /** The old seat is back. If no welcome follows, the server knows the seat and not the player. */
  #back(session: Session): void {
    this.#setState('online');
    if (this.#settings.welcomed) {
      this.#doubt = this.timers.after(WELCOME_MS, () => void this.#ask(session).catch(() => this.#abandon(session)));
    }
  }

  /** Asks for a new seat instead of the old one. */
  #abandon(session: Session): void {
    if (this.#session === session && this.#state !== 'closed' && this.#state !== 'rejoining') {
      void session.leave();
      this.#lose(ABNORMAL_CLOSURE);
    }
  }

  #lose(code: number): void {
    if (this.#state === 'closed') {
      return;
    }
    if (ON_PURPOSE.includes(code) || this.#settings.rejoin.attempts === 0) {
      void this.close(new PresenceError('not_joined', { message: `The server ended the connection (${code}).` }));
      return;
    }
    if (performance.now() - this.#onlineSince >= STABLE_MS) {
      this.#failures = 0;
    }
    this.#setState('rejoining');
    void this.#rejoin();
  }

  /** Never rejects. */
  async #rejoin(): Promise<void> {
    const { rejoin } = this.#settings;
    let reason: unknown;
    while (this.#failures < rejoin.attempts) {
      this.#failures += 1;
      try {
        await this.timers.sleep(backoffMs(this.#failures, rejoin));
        await this.join();
        return;
      } catch (error) {
        if (this.state === 'closed') {
          return;
        }
        reason = error;
        if (error instanceof PresenceError && !error.retryable) {
          break;
        }
      }
    }
    await this.close(reason);
  }

  #setState(state: ConnectionPhase, error?: unknown): void {
    if (this.#state === state || this.#state === 'closed') {
      return;
    }
    this.#giveUp();
    this.#doubt();
    if (this.#state === 'online') {
      this.#offlineSince = performance.now();
    }
    this.#state = state;
    this.#events.state(state, error);
    if (this.#state === 'online' && this.#session !== null) {
      const waiters = [...this.#waiters];
      this.#waiters.clear();
      for (const resume of waiters) {
        resume(this.#session);
      }
    }
  }
}
