/**
 * What the server API asks of connections, on this process or any other.
 * Commands of other processes are untrusted bytes: whatever does not parse is
 * ignored.
 */
import { countShare, type Census } from './census.ts';
import { parseAbout, type About, type Inquiry } from './inquiry.ts';
import { reasonOf } from '../core/hooks.ts';
import { namesOf } from '../core/names.ts';
import { fitsBytes, isUserId } from '../status.ts';
import { isTarget, isText, targetsOf, type Addressee } from './addressee.ts';
import type { Connection, Lock } from '../core/model.ts';
import type { Log } from '../log-codes.ts';
import type { Tracker } from '../core/tracker.ts';
import type { Status } from '../protocol.ts';
import type { Counts } from './types.ts';

/** What the server API asks of connections. A process that gets it with a `question` answers with the number of connections it has reached. */
type TargetCommand =
  | { kind: 'status'; target: Addressee; status: Status }
  | { kind: 'follow'; target: Addressee; userIds: string[] }
  | { kind: 'unfollow'; target: Addressee; userIds?: string[] }
  | { kind: 'refresh'; target: Addressee }
  | { kind: 'disconnect'; target: Addressee };
export type Order =
  | TargetCommand
  /** Without a status: it is not locked any more. */
  | { kind: 'lock'; userId: string; status?: Status }
  | { kind: 'block'; userId: string; blockedId: string; blocked: boolean };

export type Command =
  | (Order & { question?: string })
  | { kind: 'count'; question: string }
  | { kind: 'ask'; question: string; from: string; about: About }
  | { kind: 'told'; question: string; from: string; to: string; body: unknown }
  | { kind: 'counted'; question: string; from: string; counts: Counts };

/** Maximum of UTF-8 bytes in a status that the server sets; the rooms' own limit is for clients. */
export const MAX_SERVER_STATUS_BYTES = 65_536;

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
    case 'ask':
    case 'told':
      return parseInquiry(kind, fields);
    default: {
      const order = kind === 'block' ? parseBlock(fields) : kind === 'lock' ? parseLock(fields) : parseTargeted(fields);
      return order === null || !isText(question) ? order : { ...order, question };
    }
  }
}

function parseInquiry(
  kind: 'ask' | 'told',
  { question, from, to, about, body }: Record<string, unknown>,
): Command | null {
  if (!isText(question) || !isText(from)) {
    return null;
  }
  if (kind === 'told') {
    return isText(to) ? { kind, question, from, to, body } : null;
  }
  const parsed = parseAbout(about);
  return parsed === null ? null : { kind, question, from, about: parsed };
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

function parseLock({ userId, status }: Record<string, unknown>): Order | null {
  return isUserId(userId) && (status === undefined || isSettable(status))
    ? { kind: 'lock', userId, ...(status !== undefined && { status }) }
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

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Whether the server may set this status. */
export function isSettable(value: unknown): value is Status {
  return value === null || (typeof value === 'string' && fitsBytes(value, MAX_SERVER_STATUS_BYTES));
}

/** What a command works on. */
export interface CommandTarget {
  readonly tracker: Tracker;
  readonly census: Census;
  readonly inquiry: Pick<Inquiry, 'answer' | 'hear'>;
  readonly locks: { apply(userId: string, lock: Lock | undefined): void };
  readonly log: Pick<Log, 'warn'>;
}

/**
 * Applies the command to the connections of this process. Returns the
 * numbers that the asking process adds up.
 */
export function applyCommand(
  runtime: CommandTarget,
  command: Exclude<Command, { kind: 'counted' | 'ask' | 'told' }>,
): Counts | Promise<Counts> {
  if (command.kind === 'count') {
    return countShare(runtime.tracker);
  }
  if (command.kind === 'block') {
    runtime.tracker.block(command.userId, command.blockedId, command.blocked);
    return reached(targetsOf(runtime.tracker, { userId: command.blockedId }).length);
  }
  if (command.kind === 'lock') {
    const { userId, status } = command;
    runtime.locks.apply(userId, status === undefined ? undefined : { status });
    return reached(targetsOf(runtime.tracker, { userId }).length);
  }
  const connections = targetsOf(runtime.tracker, command.target);
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
  const { tracker, census, inquiry } = runtime;
  const { incarnation } = tracker.cluster;
  if (command.kind === 'counted') {
    census.hear(command.question, command.from, command.counts);
    return;
  }
  if (command.kind === 'told') {
    if (command.to === incarnation) {
      inquiry.hear(command.question, command.from, command.body);
    }
    return;
  }
  const { question } = command;
  if (command.kind === 'ask') {
    const { from: to, about } = command;
    tracker.cluster.broadcast({ kind: 'told', question, from: incarnation, to, body: inquiry.answer(about) });
    return;
  }
  const counted = applyCommand(runtime, command);
  if (question !== undefined) {
    void Promise.resolve(counted).then((counts) => {
      const answer: Command = { kind: 'counted', question, from: incarnation, counts };
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
    connections.map(async (connection) => {
      const { following } = runtime.tracker;
      const pending = following.begin(connection);
      try {
        pending.names = connection.options.profilesOf && (await namesOf(connection, userIds, runtime.log));
        await following.followFor(connection, userIds, pending);
      } finally {
        pending.end();
      }
    }),
  );
  outcomes.forEach((outcome, i) => {
    if (outcome.status === 'rejected') {
      runtime.log.warn(
        `[presence:follow_failed] A follow for user ${JSON.stringify(connections[i]?.user.userId)} failed: ${reasonOf(outcome.reason)}`,
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
