/**
 * What the server API asks of connections, on this process or any other.
 * Commands of other processes are untrusted bytes: whatever does not parse is
 * ignored.
 */
import { isUserId } from './status.ts';
import type { Connection } from './model.ts';
import type { Runtime } from './runtime.ts';
import type { Status } from './protocol.ts';

/** One connection, or all connections of a user. */
export type Target = { connectionId: string } | { userId: string };

export type Command =
  | { kind: 'status'; target: Target; status: Status }
  | { kind: 'follow'; target: Target; userIds: string[] }
  | { kind: 'unfollow'; target: Target; userIds?: string[] }
  | { kind: 'block'; userId: string; blockedId: string; blocked: boolean }
  | { kind: 'refresh'; target: Target }
  | { kind: 'disconnect'; target: Target };

/** A command as it came from another process, or `null`. */
export function parseCommand(value: unknown): Command | null {
  if (typeof value !== 'object' || value === null) {
    return null;
  }
  const { kind, target, userIds, userId, blockedId, blocked, status } = value as Record<string, unknown>;
  if (kind === 'block') {
    return isUserId(userId) && isUserId(blockedId) && typeof blocked === 'boolean' ? { kind, userId, blockedId, blocked } : null;
  }
  if (!isTarget(target)) {
    return null;
  }
  const ids = Array.isArray(userIds) && userIds.every(isUserId) ? userIds : undefined;
  switch (kind) {
    case 'status': return status === null || typeof status === 'string' ? { kind, target, status } : null;
    case 'follow': return ids === undefined ? null : { kind, target, userIds: ids };
    case 'unfollow': return userIds !== undefined && ids === undefined ? null : { kind, target, ...(ids !== undefined && { userIds: ids }) };
    case 'refresh':
    case 'disconnect': return { kind, target };
    default: return null;
  }
}

function isTarget(value: unknown): value is Target {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  return 'userId' in value ? isUserId(value.userId) : 'connectionId' in value && typeof value.connectionId === 'string';
}

/** Does what the command asks with the connections of this process. */
export function applyCommand(runtime: Runtime, command: Command): void {
  const { tracker, log } = runtime;
  if (command.kind === 'block') {
    for (const viewer of targets(runtime, { userId: command.blockedId })) {
      tracker.block(viewer, command.userId, command.blocked);
    }
    return;
  }
  for (const connection of targets(runtime, command.target)) {
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
        connection.sink.close();
        break;
    }
  }
}

function targets({ tracker }: Runtime, target: Target): Connection[] {
  if ('connectionId' in target) {
    const connection = tracker.connections.get(target.connectionId);
    return connection === undefined ? [] : [connection];
  }
  return [...tracker.directory.get(target.userId)?.own ?? []];
}
