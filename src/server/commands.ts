/**
 * What the server API asks of connections, on this process or any other.
 * Commands of other processes are untrusted bytes: whatever does not parse is
 * ignored.
 */
import { countShare, type Census } from './census.ts';
import { fitsBytes, isUserId } from '../status.ts';
import type { Connection } from '../core/model.ts';
import type { Tracker } from '../core/tracker.ts';
import type { Status } from '../protocol.ts';
import type { Counts, Target } from './types.ts';

type TargetCommand =
  | { kind: 'status'; target: Target; status: Status }
  | { kind: 'follow'; target: Target; userIds: string[] }
  | { kind: 'unfollow'; target: Target; userIds?: string[] }
  | { kind: 'refresh'; target: Target }
  | { kind: 'disconnect'; target: Target };

export type Command =
  | TargetCommand
  | { kind: 'block'; userId: string; blockedId: string; blocked: boolean }
  | { kind: 'count'; question: string }
  | { kind: 'counted'; question: string; from: string; counts: Counts };

/** The most UTF-8 bytes of a status that the server sets; the rooms' own limits are for clients. */
export const MOST_STATUS_BYTES = 65_536;

/** A command as it came from another process, or `null`. */
export function parseCommand(value: unknown): Command | null {
  if (typeof value !== 'object' || value === null) {
    return null;
  }
  const fields = value as Record<string, unknown>;
  const { kind, target, userIds, status } = fields;
  switch (kind) {
    case 'block':
      return parseBlock(fields);
    case 'count':
      return isText(fields['question']) ? { kind, question: fields['question'] } : null;
    case 'counted':
      return parseAnswer(fields);
    default:
  }
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

function parseBlock({ userId, blockedId, blocked }: Record<string, unknown>): Command | null {
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
  return typeof value === 'string' && value !== '' && value.length <= 256;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Whether the server may set this status. */
export function isSettable(value: unknown): value is Status {
  return value === null || (typeof value === 'string' && fitsBytes(value, MOST_STATUS_BYTES));
}

/** Whether `value` names a connection or a user. */
export function isTarget(value: unknown): value is Target {
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
  /** Follows on the connection's behalf and sends it the snapshot. */
  followFor(connection: Connection, userIds: readonly string[]): Promise<void>;
}

/** Does what the command asks with the connections of this process. */
export function applyCommand(runtime: CommandTarget, command: Command): void {
  const { tracker, census } = runtime;
  if ('target' in command) {
    for (const connection of targets(runtime, command.target)) {
      applyTo(connection, command, runtime);
    }
    return;
  }
  switch (command.kind) {
    case 'block':
      for (const viewer of targets(runtime, { userId: command.blockedId })) {
        tracker.block(viewer, command.userId, command.blocked);
      }
      break;
    case 'count':
      tracker.cluster.broadcast({
        kind: 'counted',
        question: command.question,
        from: tracker.cluster.incarnation,
        counts: countShare(tracker),
      } satisfies Command);
      break;
    case 'counted':
      census.hear(command.question, command.from, command.counts);
      break;
  }
}

function applyTo(connection: Connection, command: TargetCommand, runtime: CommandTarget): void {
  const { tracker, log } = runtime;
  switch (command.kind) {
    case 'status':
      tracker.setStatus(connection, command.status);
      break;
    case 'follow':
      runtime.followFor(connection, command.userIds).catch((error: unknown) => {
        log.warn(`presence: a follow for user "${connection.user.userId}" failed: ${String(error)}`);
      });
      break;
    case 'unfollow':
      connection.sink.unfollowed(tracker.unfollow(connection, command.userIds));
      break;
    case 'refresh':
      tracker.refresh(connection, connection.follows.keys());
      break;
    case 'disconnect':
      tracker.disconnect(connection, 'consented');
      connection.sink.close();
      break;
  }
}

function targets({ tracker }: CommandTarget, target: Target): Connection[] {
  if ('connectionId' in target) {
    const connection = tracker.connections.get(target.connectionId);
    return connection === undefined ? [] : [connection];
  }
  return [...(tracker.users.get(target.userId)?.own ?? [])];
}
