/**
 * A player at a real socket, with all that it was sent, in the order it came:
 * the frames as bytes, and what they say. A strict mirror is kept beside: it
 * notes a problem when an update is lost, doubled or out of order.
 */
import { Protocol } from '@colyseus/core';
import { decode, type Iterator } from '@colyseus/schema';
import { type Room } from '@colyseus/sdk';
import { unpack } from 'msgpackr';
import { expect } from 'vitest';
import {
  PresenceError,
  type Delta,
  type Presence,
  type PresenceErrorBody,
  type PresenceJoinOptions,
  type PresenceRoom,
  type Reply,
  type RequestType,
  type Requests,
  type Snapshot,
  type Unfollowed,
  type Welcome,
} from '../../src/index.ts';
import { currentRuntime } from '../../src/server/runtime.ts';
import { Mirror } from './mirror.ts';
import { until } from './until.ts';
import type { TestServer } from './server.ts';

export const ROOMS = ['presence', 'lobby'] as const;
export type RoomName = (typeof ROOMS)[number];
export const FORMS = ['request', 'send'] as const;
/** `request`: the SDK's own. `send`: a message with a `cid`, answered by `presence:reply`. */
export type Form = (typeof FORMS)[number];

export type Heard =
  | { kind: 'message'; type: string; payload: unknown }
  | { kind: 'response'; id: number; ok: boolean; payload: unknown }
  | { kind: 'state' | 'patch' | 'other' };

export class Person {
  readonly room: Room<PresenceRoom>;
  /** Every frame since the join, byte for byte. */
  readonly frames: Uint8Array[] = [];
  readonly heard: Heard[] = [];
  readonly mirror = new Mirror();
  readonly #asked = new Map<string | number, { type: string; payload: unknown }>();
  #cids = 0;
  #requests = 0;

  constructor(room: Room<PresenceRoom>) {
    this.room = room;
    const { events } = room.connection;
    const handle = events.onmessage?.bind(events);
    events.onmessage = (event: { data: ArrayBuffer }) => {
      this.#hear(new Uint8Array(event.data.slice(0)));
      handle?.(event);
    };
    // Without a handler the SDK warns about every message.
    room.onMessage('*', () => {});
  }

  // --- what came

  messages<T>(type: string): T[] {
    return this.heard.flatMap((entry) => (entry.kind === 'message' && entry.type === type ? [entry.payload as T] : []));
  }

  get deltas(): Delta[] {
    return this.messages<Delta>('presence:delta');
  }

  get snapshots(): Snapshot[] {
    return this.messages<Snapshot>('presence:snapshot');
  }

  get replies(): Reply[] {
    return this.messages<Reply>('presence:reply');
  }

  get welcomes(): Welcome[] {
    return this.messages<Welcome>('presence:welcome');
  }

  get unfollowed(): Unfollowed[] {
    return this.messages<Unfollowed>('presence:unfollowed');
  }

  /** The first `presence:welcome`. */
  async welcome(): Promise<Welcome> {
    return until(() => this.welcomes[0], 'presence:welcome');
  }

  async connectionId(): Promise<string> {
    return (await this.welcome()).connectionId;
  }

  /** Forgets the frames and messages so far; the mirror stays. */
  clear(): void {
    this.frames.length = 0;
    this.heard.length = 0;
  }

  /** The presences held of a user, by the mirror. */
  sees(userId: string): Presence[] {
    return [...this.mirror.held.values()].filter((presence) => presence.userId === userId);
  }

  statusesOf(userId: string): string[] {
    return this.sees(userId).map(({ status }) => status);
  }

  /** The schema state as plain data. */
  get state(): PlainState {
    return (this.room.state as unknown as { toJSON(): PlainState }).toJSON();
  }

  #hear(bytes: Uint8Array): void {
    this.frames.push(bytes);
    const it: Iterator = { offset: 1 };
    if (bytes[0] === Protocol.ROOM_DATA) {
      const type = decode.stringCheck(bytes, it) ? decode.string(bytes, it) : String(decode.number(bytes, it));
      const payload: unknown = bytes.length > it.offset ? unpack(bytes.subarray(it.offset)) : undefined;
      this.heard.push({ kind: 'message', type, payload });
      this.#mirrorMessage(type, payload);
    } else if (bytes[0] === Protocol.ROOM_RESPONSE) {
      const id = decode.number(bytes, it);
      const ok = bytes[it.offset++] === 0;
      const payload: unknown = bytes.length > it.offset ? unpack(bytes.subarray(it.offset)) : undefined;
      this.heard.push({ kind: 'response', id, ok, payload });
      if (ok) {
        this.#mirrorReply(id, payload);
      }
    } else {
      this.heard.push({
        kind: bytes[0] === Protocol.ROOM_STATE ? 'state' : bytes[0] === Protocol.ROOM_STATE_PATCH ? 'patch' : 'other',
      });
    }
  }

  #mirrorMessage(type: string, payload: unknown): void {
    if (!this.mirror.hear(type, payload) && type === 'presence:reply') {
      const reply = payload as Reply;
      if (reply.ok) {
        this.#mirrorReply(reply.cid, reply);
      }
    }
  }

  #mirrorReply(key: string | number, reply: unknown): void {
    const asked = this.#asked.get(key);
    if (asked?.type === 'presence:follow') {
      const { presences, evicted } = reply as Requests['presence:follow']['reply'];
      this.mirror.follow(presences);
      this.mirror.forget(evicted ?? []);
    } else if (asked?.type === 'presence:unfollow') {
      const { userIds } = asked.payload as { userIds?: string[] | Record<string, never> };
      this.mirror.unfollow(userIds === undefined || Array.isArray(userIds) ? userIds : []);
    }
  }

  // --- what it does

  /** Asks in either form; throws the `PresenceError` of a refusal. */
  async ask<T extends RequestType>(
    type: T,
    payload: Requests[T]['request'],
    form: Form = 'request',
  ): Promise<Requests[T]['reply']> {
    if (form === 'request') {
      return this.#request(type, payload) as Promise<Requests[T]['reply']>;
    }
    const cid = this.sendForm(type, payload);
    const reply = await this.reply(cid);
    if (!reply.ok) {
      throw PresenceError.from(reply.error);
    }
    const { cid: _, ok: __, ...rest } = reply;
    return rest;
  }

  async #request(type: string, payload: unknown): Promise<unknown> {
    this.#asked.set(this.#requests++, { type, payload });
    try {
      return await (this.room as unknown as { request(type: string, payload: unknown): Promise<unknown> }).request(
        type,
        payload,
      );
    } catch (error) {
      throw (error as { name?: string }).name === 'rejected'
        ? PresenceError.from((error as { reason: unknown }).reason)
        : error;
    }
  }

  /** Sends `{ ...payload, cid }` and does not wait. Returns the cid. */
  sendForm(type: string, payload: object): string {
    const cid = `c${++this.#cids}`;
    this.#asked.set(cid, { type, payload });
    this.rawSend(type, { ...payload, cid });
    return cid;
  }

  /** A plain message, whatever it is. */
  rawSend(type: string, payload?: unknown): void {
    (this.room as unknown as { send(type: string, payload?: unknown): void }).send(type, payload);
  }

  async reply(cid: string): Promise<Reply> {
    return until(() => this.replies.find((reply) => reply.cid === cid), `the reply to ${cid}`);
  }

  /** Expects a refusal, of any payload, and returns it. What cannot carry a `cid` is answered with `cid: null`. */
  async refusal(type: string, payload: unknown, form: Form): Promise<PresenceErrorBody> {
    if (form === 'request') {
      const error: unknown = await this.#request(type, payload).then(
        (reply) => {
          throw new Error(`${type} ${JSON.stringify(payload)} was answered: ${JSON.stringify(reply)}`);
        },
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(PresenceError);
      return (error as PresenceError).toBody();
    }
    const canCarry = typeof payload === 'object' && payload !== null && !Array.isArray(payload);
    const before = this.replies.length;
    const cid = canCarry ? this.sendForm(type, payload) : null;
    if (!canCarry) {
      this.rawSend(type, payload);
    }
    const reply = await until(
      () => this.replies.slice(before).find((entry) => entry.cid === cid),
      `the reply to ${type} (cid ${cid})`,
    );
    if (reply.ok) {
      throw new Error(`${type} ${JSON.stringify(payload)} was accepted.`);
    }
    return reply.error;
  }

  async setStatus(status: string | null, form: Form = 'request'): Promise<void> {
    await this.ask('presence:status', { status }, form);
  }

  async follow(userIds: string[], form: Form = 'request'): Promise<Requests['presence:follow']['reply']> {
    return this.ask('presence:follow', { userIds }, form);
  }

  async unfollow(userIds: string[] | undefined, form: Form = 'request'): Promise<void> {
    await this.ask('presence:unfollow', userIds === undefined ? {} : { userIds }, form);
  }

  /**
   * What the server had to say to this client because of anything that was
   * answered before has arrived: under load the outbox waits for company, so
   * it is told to go; then a round trip. (A query of oneself is never limited.)
   */
  async settle(): Promise<void> {
    currentRuntime('presence')?.tracker.outbox.flush();
    const userId =
      (this.room.state as unknown as { me?: { userId: string } }).me?.userId ?? (await this.welcome()).userId;
    await this.ask('presence:query', { userIds: [userId] });
  }

  async leave(): Promise<void> {
    await this.room.leave();
  }

  /** Lets the SDK come back at once after a drop. */
  reconnectFast(): void {
    const { reconnection } = this.room;
    reconnection.minUptime = 0;
    reconnection.minDelay = 1;
    reconnection.maxDelay = 20;
  }
}

interface PlainConnection {
  connectionId: string;
  status: string;
  matchId: string;
  match: string;
}
export interface PlainUser {
  userId: string;
  username: string;
  general: string;
  connections: Record<string, PlainConnection>;
}
export interface PlainState {
  me?: PlainUser;
  users: Record<string, PlainUser>;
}

/** Joins as `token` (`id` or `id|username`). */
export async function person(
  server: TestServer,
  token: string,
  roomName: string = 'presence',
  options: PresenceJoinOptions = {},
): Promise<Person> {
  return new Person(await server.join(token, options, roomName));
}

let people = 0;

/** An id nobody in this file has had yet. */
export function fresh(name: string): string {
  return `${name}-${++people}`;
}

export async function settle(...people: Person[]): Promise<void> {
  await Promise.all(people.map(async (one) => one.settle()));
}

/** Everybody's mirror is free of contradictions. */
export function expectSound(...people: Person[]): void {
  for (const one of people) {
    expect(one.mirror.problems).toEqual([]);
  }
}
