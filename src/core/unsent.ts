/**
 * What has changed since the last flush: per connection the value before its
 * first change, however often it changed and whoever follows it. Pure.
 */
import { generalOf, samePresence } from '../status.ts';
import type { GeneralStatus } from '../protocol.ts';
import type { Box } from './box.ts';
import type { Change, Update, User } from './model.ts';

/** A user as it was at the last flush, as far as it has changed. */
export interface Before {
  /** Changes since. */
  count: number;
  general: GeneralStatus;
  username: string | undefined;
  connections: Map<string, { ref: number; box: Box | null; owner: string | undefined }>;
}

export class Unsent {
  /** Since the start; grows while a burst goes on. */
  changes = 0;
  #users = new Map<User, Before>();

  get empty(): boolean {
    return this.#users.size === 0;
  }

  /** Call before `connectionId` of `user` changes. */
  touch(user: User, connectionId: string, ref: number): void {
    const { connections } = this.touchUser(user);
    if (!connections.has(connectionId)) {
      const known = user.visible.get(connectionId);
      connections.set(connectionId, { ref, box: known?.box ?? null, owner: known?.owner });
    }
  }

  /** Call before anything of `user` changes. */
  touchUser(user: User): Before {
    user.stateBytes = undefined;
    let before = this.#users.get(user);
    if (before === undefined) {
      const general = generalOf(user.visible.size, user.last);
      before = { count: 0, general, username: user.username, connections: new Map() };
      this.#users.set(user, before);
    }
    before.count++;
    this.changes++;
    return before;
  }

  has(user: User): boolean {
    return this.#users.has(user);
  }

  /** Whether that connection is among what has changed. */
  waits(user: User, connectionId: string): boolean {
    return this.#users.get(user)?.connections.has(connectionId) === true;
  }

  /** Returns all of it, in the order of the first changes, and starts empty again. */
  take(): ReadonlyMap<User, Before> {
    const users = this.#users;
    this.#users = new Map();
    return users;
  }
}

/** What `user`'s followers must hear, `null` when everything cancelled out. */
export function makeUpdate(user: User, before: Before): Update | null {
  const changes: Change[] = [];
  for (const [connectionId, { ref, box, owner }] of before.connections) {
    const visible = user.visible.get(connectionId);
    const after = visible?.box ?? null;
    if (!samePresence(box?.presence ?? null, after?.presence ?? null)) {
      const local = (visible === undefined ? owner : visible.owner) === undefined;
      changes.push({ connectionId, ref, before: box, after, local, stateBytes: undefined });
    }
  }
  const now = generalOf(user.visible.size, user.last);
  const general = now === before.general ? undefined : now;
  const username = user.username === before.username ? undefined : user.username;
  return changes.length === 0 && general === undefined && username === undefined
    ? null
    : { user, changes, general, username, stateBytes: undefined };
}
