/** What the page can do, and the check of what it asks. */
import { toUserId, notAnId } from '../ids.ts';
import { BadRequest } from './body.ts';
import type { PresenceServer } from '../server/presence-server.ts';
import type { Reached } from '../server/types.ts';
import type { Action } from './types.ts';

/** Throws a `BadRequest` with one sentence. */
export function parseAction(value: unknown): Action {
  const { action, userId: user, status, blockedId: blocked } = (value ?? {}) as Record<string, unknown>;
  const userId = requireId(user);
  switch (action) {
    case 'disconnect':
    case 'unlock':
      return { action, userId };
    case 'status':
    case 'lock':
      if (status === null || typeof status === 'string') {
        return { action, userId, status };
      }
      throw new BadRequest('The status has to be a text or null.');
    case 'block':
    case 'unblock':
      return { action, userId, blockedId: requireId(blocked) };
    default:
      throw new BadRequest('No such action.');
  }
}

/** For a query as well. Throws a `BadRequest`. */
export function requireId(value: unknown): string {
  const id = toUserId(value);
  if (id === undefined) {
    throw new BadRequest(notAnId(value));
  }
  return id;
}

export function run(server: PresenceServer, action: Action): Promise<Reached> {
  switch (action.action) {
    case 'disconnect':
      return server.disconnect({ userId: action.userId });
    case 'status':
      return server.setStatus({ userId: action.userId }, action.status);
    case 'lock':
      return server.setStatus({ userId: action.userId }, action.status, { lock: true });
    case 'unlock':
      return server.unlockStatus(action.userId);
    case 'block':
      return server.block(action.userId, action.blockedId);
    case 'unblock':
      return server.unblock(action.userId, action.blockedId);
  }
}

/** As a line of what has happened. User texts are in it as JSON. */
export function describe(action: Action, { connections }: Reached): string {
  const user = JSON.stringify(action.userId);
  switch (action.action) {
    case 'disconnect':
      return `An operator has disconnected user ${user} (${connections} connections).`;
    case 'status':
      return `An operator has ${action.status === null ? 'cleared' : 'set'} the status of user ${user} (${connections} connections).`;
    case 'lock':
      return `An operator has locked the status of user ${user}${action.status === null ? ', who is invisible now' : ''} (${connections} connections).`;
    case 'unlock':
      return `An operator has ended the lock of the status of user ${user} (${connections} connections).`;
    case 'block':
      return `An operator has made user ${user} block ${JSON.stringify(action.blockedId)}.`;
    case 'unblock':
      return `An operator has ended the block of ${JSON.stringify(action.blockedId)} by user ${user}.`;
  }
}
