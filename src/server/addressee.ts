/** The target of a call of the server API: a connection, or all connections of a user. */
import { isUserId } from '../status.ts';
import type { Connection } from '../core/model.ts';
import type { Tracker } from '../core/tracker.ts';

/** A target with the id as presence holds it. */
export type Addressee = { connectionId: string } | { userId: string };

/** Maximum of characters in the name of a question or a process. */
const MAX_TEXT_LENGTH = 256;

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_TEXT_LENGTH;
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

/** The addressed connections of this process. */
export function targetsOf(tracker: Pick<Tracker, 'connections' | 'users'>, target: Addressee): Connection[] {
  if ('connectionId' in target) {
    const connection = tracker.connections.get(target.connectionId);
    return connection === undefined ? [] : [connection];
  }
  return [...(tracker.users.get(target.userId)?.own ?? [])];
}
