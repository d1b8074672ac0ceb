/**
 * What the server API asks of connections, on this process or any other.
 * Commands of other processes are untrusted bytes: whatever does not parse is
 * ignored.
 */
import { countShare, type Census } from './census.ts';
import { reasonOf } from '../core/hooks.ts';
import { fitsBytes, isUserId } from '../status.ts';
import type { Connection } from '../core/model.ts';
import type { Tracker } from '../core/tracker.ts';
import type { Status } from '../protocol.ts';
import type { Counts } from './types.ts';

/** A target with the id as presence holds it. */
export type Addressee = { connectionId: string } | { userId: string };

/** What the server API asks of connections. A process that gets it with a `question` answers with the number of connections it has reached. */
type TargetCommand =
  | { kind: 'status'; target: Addressee; status: Status }
  | { kind: 'follow'; target: Addressee; userIds: string[] }
  | { kind: 'unfollow'; target: Addressee; userIds?: string[] }
  | { kind: 'refresh'; target: Addressee }
  | { kind: 'disconnect'; target: Addressee };
export type Order = TargetCommand | { kind: 'block'; userId: string; blockedId: string; blocked: boolean };

export type Command =
  | (Order & { question?: string })
  | { kind: 'count'; question: string }
  | { kind: 'counted'; question: string; from: string; counts: Counts };

/** Most UTF-8 bytes of a status that the server sets; the rooms' own limit is for clients. */
export const MAX_SERVER_STATUS_BYTES = 65_536;

/** Longest name of a question or a process, in characters. */
const MAX_TEXT_LENGTH = 256;

/** A command as it came from another process, or `null`. */
export function parseCommand(value: unknown): Command | null {
  if (typeof value !== 'object' || value === null) {
    return null;
  }
  const fields = value as Record<string, unknown>;
  const { kind, question } = fields;
  switch (kind) {
    case 'count':
      return isText(question) ? { kind, question } : null;
    case 'counted':
      return parseAnswer(fields);
    default: {
      const order = kind === 'block' ? parseBlock(fields) : parseTargeted(fields);
      return order === null || !isText(question) ? order : { ...order, question };
    }
  }
}

function parseTargeted({ kind, target, userIds, status }: Record<string, unknown>): TargetCommand | null {
  if (!isTarget(target)) {
    return null;
  }
  const ids = Array.isArray(userIds) && userIds.every(isUserId) ? userIds : undefined;
  switch (kind) {
    case 'status':
      return isSettable(status) ? { kind, target, status } : null;
    case 'follow':
      return ids === undefined ? null : { kind, target, userIds: ids };
    case 'unfollow':
      return userIds !== undefined && ids === undefined
        ? null
        : { kind, target, ...(ids !== undefined && { userIds: ids }) };
    case 'refresh':
    case 'disconnect':
      return { kind, target };
    default:
      return null;
  }
}

function parseBlock({ userId, blockedId, blocked }: Record<string, unknown>): Order | null {
  return isUserId(userId) && isUserId(blockedId) && typeof blocked === 'boolean'
    ? { kind: 'block', userId, blockedId, blocked }
    : null;
}

function parseAnswer({ question, from, counts }: Record<string, unknown>): Command | null {
  if (!isText(question) || !isText(from) || typeof counts !== 'object' || counts === null) {
    return null;
  }
  const { users, connections, online } = counts as Record<string, unknown>;
  return isCount(users) && isCount(connections) && isCount(online)
    ? { kind: 'counted', question, from, counts: { users, connections, online } }
    : null;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_TEXT_LENGTH;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Whether the server may set this status. */
export function isSettable(value: unknown): value is Status {
  return value === null || (typeof value === 'string' && fitsBytes(value, MAX_SERVER_STATUS_BYTES));
}

/** Whether `value` names a connection or a user. */
export function isTarget(value: unknown): value is Addressee {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  return 'userId' in value
    ? isUserId(value.userId) && !('connectionId' in value)
    : 'connectionId' in value && isText(value.connectionId);
}

/** What a command works on. */
export interface CommandTarget {
  readonly tracker: Tracker;
  readonly census: Census;
  readonly log: { warn(message: string): void };
}

/**
 * Does what the command asks with the connections of this process. Returns
 * what it has counted: of an order, the connections that it has reached.
 */
export function applyCommand(
  runtime: CommandTarget,
  command: Exclude<Command, { kind: 'counted' }>,
): Counts | Promise<Counts> {
  if (command.kind === 'count') {
    return countShare(runtime.tracker);
  }
  if (command.kind === 'block') {
    runtime.tracker.block(command.userId, command.blockedId, command.blocked);
    return reached(targets(runtime, { userId: command.blockedId }).length);
  }
  const connections = targets(runtime, command.target);
  if (command.kind === 'follow') {
    return followAll(connections, command.userIds, runtime);
  }
  for (const connection of connections) {
    applyTo(connection, command, runtime);
  }
  return reached(connections.length);
}

/** Does what another process asks, and answers it. */
export function hearCommand(runtime: CommandTarget, value: unknown): void {
  const command = parseCommand(value);
  if (command === null) {
    return;
  }
  const { tracker, census } = runtime;
  if (command.kind === 'counted') {
    census.hear(command.question, command.from, command.counts);
    return;
  }
  const { question } = command;
  const counted = applyCommand(runtime, command);
  if (question !== undefined) {
    void Promise.resolve(counted).then((counts) => {
      const answer: Command = { kind: 'counted', question, from: tracker.cluster.incarnation, counts };
      tracker.cluster.broadcast(answer);
    });
  }
}

function reached(connections: number): Counts {
  return { users: 0, connections, online: 0 };
}

/** Never rejects: a follow that fails is logged and not counted. */
async function followAll(
  connections: readonly Connection[],
  userIds: readonly string[],
  runtime: CommandTarget,
): Promise<Counts> {
  const outcomes = await Promise.allSettled(
    connections.map((connection) => runtime.tracker.following.followFor(connection, userIds)),
  );
  outcomes.forEach((outcome, i) => {
    if (outcome.status === 'rejected') {
      runtime.log.warn(
        `presence: a follow for user ${JSON.stringify(connections[i]?.user.userId)} failed: ${reasonOf(outcome.reason)}`,
      );
    }
  });
  return reached(outcomes.filter(({ status }) => status === 'fulfilled').length);
}

function applyTo(
  connection: Connection,
  command: Exclude<TargetCommand, { kind: 'follow' }>,
  { tracker }: CommandTarget,
): void {
  switch (command.kind) {
    case 'status':
      tracker.setStatus(connection, command.status, true);
      break;
    case 'unfollow':
      connection.sink.unfollowed(tracker.following.unfollow(connection, command.userIds));
      break;
    case 'refresh':
      tracker.refresh(connection);
      break;
    case 'disconnect':
      tracker.disconnect(connection, 'consented');
      connection.sink.close();
      break;
  }
}

function targets({ tracker }: CommandTarget, target: Addressee): Connection[] {
  if ('connectionId' in target) {
    const connection = tracker.connections.get(target.connectionId);
    return connection === undefined ? [] : [connection];
  }
  return [...(tracker.users.get(target.userId)?.own ?? [])];
}
