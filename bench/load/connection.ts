/** One user's connection, whatever the server speaks. */
import type { Agent } from 'node:http';
import type { System } from '../systems.ts';
import type { Checker } from './checker.ts';
import { patchSequence, statusText } from './marker.ts';
import { frame, type WireSocket } from './wire-socket.ts';

/** What all connections of a load share. */
export interface Context {
  system: System;
  checker: Checker;
  agent: Agent;
}

/** Where a user connects. */
export interface Endpoint {
  port: number;
  /** A Colyseus room to join by id; without it the matchmaker chooses. */
  roomId?: string;
  /** Options of the join, for Colyseus. */
  join?: Record<string, string>;
}

export interface Connection {
  readonly user: number;
  readonly socket: WireSocket;
  /** Sends the user's next status. */
  publish(): void;
  /** Resolves with the server's answer. */
  follow(userIds: readonly string[]): Promise<void>;
  /** Goes for good, as a player who quits does. */
  leave(): void;
}

export type Connect = (context: Context, endpoint: Endpoint, user: number) => Promise<Connection>;

/** Answers to requests of one connection, in order. */
export class Answers {
  readonly #waiting: Array<() => void> = [];

  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  arrived(): void {
    this.#waiting.shift()?.();
  }
}

/** Builds the frame that sets a status once, then only rewrites the number in it. */
export function publisher(
  context: Context,
  socket: WireSocket,
  user: number,
  opcode: number,
  payload: (status: string) => Buffer,
): () => void {
  const status = statusText(user, 0);
  const template = frame(opcode, payload(status));
  const offset = template.indexOf(status);
  return () => {
    const bytes = Buffer.from(template);
    patchSequence(bytes, offset, context.checker.next(user));
    socket.send(bytes);
  };
}
