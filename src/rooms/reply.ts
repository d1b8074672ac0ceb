/**
 * Answers the messages of clients in the form they came in: a request by its
 * result or `ctx.reject`, a plain message by `presence:reply` with its `cid`.
 * The calls of each client are answered in order of arrival.
 */
import { CloseCode, ErrorCode, type Client, type MessageContext, type Rejection } from '@colyseus/core';
import { isOverBuffered } from '../wire/backpressure.ts';
import { CallQueue } from './call-queue.ts';
import { failureOf, HookError, reasonOf } from '../core/hooks.ts';
import { messageFrame } from '../wire/frames.ts';
import type { LogLine } from '../log-codes.ts';
import type { Meters } from '../server/meters.ts';
import { readCid, type Cid } from './validate.ts';
import {
  MESSAGE_PREFIX,
  PresenceError,
  REPLY_MESSAGE,
  type PresenceErrorBody,
  type RequestType,
  type Requests,
} from '../protocol.ts';

export type Rejected = Rejection<PresenceErrorBody>;

/** Calls that may wait for the answers of earlier ones. A client that sends more is disconnected. */
const MAX_WAITING_CALLS = 1024;

export interface ReplierDeps {
  readonly maxBufferedBytes: number;
  readonly log: (line: LogLine) => void;
  readonly meters: Meters;
  /** The clients of the same user on this process. */
  devicesOf(client: Client): Iterable<Client>;
  /** `extra`: additional fields of this form of message. */
  answer<T extends RequestType>(
    type: T,
    client: Client,
    payload: unknown,
    extra: readonly string[],
  ): Requests[T]['reply'] | Promise<Requests[T]['reply']>;
}

export class Replier {
  readonly #deps: ReplierDeps;
  readonly #queues = new WeakMap<Client, CallQueue>();

  constructor(deps: ReplierDeps) {
    this.#deps = deps;
  }

  /** Answers one message. */
  handle<T extends RequestType>(
    type: T,
    client: Client,
    payload: unknown,
    ctx: MessageContext,
  ): Requests[T]['reply'] | Rejected | Promise<Requests[T]['reply'] | Rejected> {
    const { meters } = this.#deps;
    const queue = this.#queueOf(client);
    meters.calls[type]++;
    if (this.refuses(client, queue)) {
      return ctx.reject(new PresenceError('unavailable').toBody());
    }
    const isRequest = ctx.id !== undefined;
    const cid = isRequest ? undefined : readCid(payload);
    const succeed = (reply: Requests[T]['reply']): Requests[T]['reply'] => {
      if (cid !== undefined) {
        client.enqueueRaw(messageFrame(REPLY_MESSAGE, { cid, ok: true, ...reply }));
      }
      return reply;
    };
    const fail = (error: unknown): Rejected => {
      const body = this.#errorOf(error, type).toBody();
      meters.refused[body.code]++;
      if (!isRequest) {
        sendError(client, cid, body);
      }
      return ctx.reject(body);
    };
    return queue.run(() => {
      try {
        const result = this.#deps.answer(type, client, payload, isRequest ? [] : ['cid']);
        return result instanceof Promise ? result.then(succeed, fail) : succeed(result);
      } catch (error) {
        return fail(error);
      }
    });
  }

  /** Answers a message type that does not exist. `type`: of the type `*`, Colyseus hands on the payload here. */
  handleUnknown(client: Client, type: unknown, payload: unknown): void {
    const queue = this.#queueOf(client);
    if (this.refuses(client, queue)) {
      return;
    }
    void queue.run(() => {
      if (typeof type === 'string' && type.startsWith(MESSAGE_PREFIX)) {
        this.#deps.meters.refused.unknown_message++;
        sendError(client, readCid(payload), new PresenceError('unknown_message').toBody());
      } else {
        client.error(ErrorCode.INVALID_PAYLOAD, `This room has no handler for the message ${printable(type)}.`);
      }
    });
  }

  #queueOf(client: Client): CallQueue {
    let queue = this.#queues.get(client);
    if (queue === undefined) {
      queue = new CallQueue();
      this.#queues.set(client, queue);
    }
    return queue;
  }

  /** A client that sends more calls while too many answers to its user wait is disconnected. */
  refuses(client: Client, queue = this.#queues.get(client)): boolean {
    const refuses =
      (queue !== undefined && queue.length >= MAX_WAITING_CALLS) ||
      isOverBuffered(client, this.#deps.devicesOf(client), this.#deps.maxBufferedBytes);
    if (refuses) {
      this.#deps.meters.closed++;
      client.leave(CloseCode.WITH_ERROR);
    }
    return refuses;
  }

  #errorOf(error: unknown, type: RequestType): PresenceError {
    if (error instanceof PresenceError) {
      return error;
    }
    const isHook = error instanceof HookError;
    this.#deps.log(`[presence:${isHook ? 'hook_failed' : 'request_failed'}] ${type} failed: ${reasonOf(error)}`);
    return failureOf(error);
  }
}

function sendError(client: Client, cid: Cid | undefined, error: PresenceErrorBody): void {
  client.enqueueRaw(messageFrame(REPLY_MESSAGE, { cid: cid ?? null, ok: false, error }));
}

/** What a client sent, without control characters. */
function printable(type: unknown): string {
  const name = typeof type === 'string' || typeof type === 'number' ? String(type) : '*';
  return JSON.stringify(name.slice(0, 64).toWellFormed());
}
