/**
 * What a viewer may see: the one place where `redact` and blocks are applied.
 * Viewers without either see every box as it is, at no cost.
 */
import { generalOf, samePresence } from './status.ts';
import type { GeneralStatus, Presence } from './protocol.ts';
import type { Box, Change, Connection, Update, User } from './model.ts';

export function makeBox(presence: Presence): Box {
  return { presence, bytes: undefined, variants: undefined };
}

/** What `viewer` sees of `box`; `null` = nothing. A hook that throws or returns nonsense hides it. `user` is undefined when nobody here knows it. */
export function show(viewer: Connection, user: User | undefined, box: Box): Box | null {
  if (user !== undefined && viewer.muted?.has(user) === true) {
    return null;
  }
  const { redact } = viewer.options;
  if (redact === undefined || viewer.user === user) {
    return box;
  }
  let seen: Presence | null;
  try {
    seen = redact(viewer.viewer, box.presence);
  } catch {
    return null;
  }
  if (seen === box.presence) {
    return box;
  }
  if (typeof seen !== 'object' || seen === null || typeof seen.status !== 'string') {
    return null;
  }
  return variant(box, seen);
}

function variant(box: Box, seen: Presence): Box {
  const { userId, connectionId } = box.presence;
  const presence: Presence = {
    userId,
    connectionId,
    status: seen.status.toWellFormed(),
    ...(typeof seen.matchId === 'string' && { matchId: seen.matchId.toWellFormed() }),
    ...(typeof seen.username === 'string' && { username: seen.username.toWellFormed() }),
  };
  if (samePresence(presence, box.presence)) {
    return box;
  }
  const key = JSON.stringify([presence.status, presence.matchId ?? null, presence.username ?? null]);
  box.variants ??= new Map();
  let made = box.variants.get(key);
  if (made === undefined) {
    made = makeBox(presence);
    box.variants.set(key, made);
  }
  return made;
}

/** The visible connections of `user` as `viewer` sees them, the most recently set last. */
export function visibleTo(viewer: Connection, user: User): Box[] {
  const boxes: Box[] = [];
  for (const { box } of user.visible.values()) {
    const shown = viewer.shown === undefined ? box : show(viewer, user, box);
    if (shown !== null) {
      boxes.push(shown);
    }
  }
  return boxes;
}

/** The general status of `user` as `viewer` sees it. */
export function generalTo(viewer: Connection, user: User): GeneralStatus {
  if (viewer.shown === undefined) {
    return generalOf(user.visible.size, user.last);
  }
  const muted = viewer.muted?.get(user);
  if (muted !== undefined) {
    return muted;
  }
  if (visibleTo(viewer, user).length > 0) {
    return 'online';
  }
  return user.visible.size > 0 ? 'offline' : user.last;
}

/** Notes that `viewer` has just been given a snapshot of `user`. */
export function noteShown(viewer: Connection, user: User): void {
  if (viewer.shown === undefined) {
    return;
  }
  for (const { connectionId, box } of user.visible.values()) {
    const shown = show(viewer, user, box);
    if (shown === null) {
      viewer.shown.delete(connectionId);
    } else {
      viewer.shown.set(connectionId, shown);
    }
  }
}

/** From now on `viewer` sees things its own way: remembers what it has been shown so far. */
export function startShowing(viewer: Connection): void {
  if (viewer.shown === undefined) {
    viewer.shown = new Map();
    for (const user of [...viewer.follows.keys(), viewer.user]) {
      noteShown(viewer, user);
    }
  }
}

/** Forgets what `viewer` was shown of `user`. */
export function forgetShown(viewer: Connection, user: User): void {
  if (viewer.shown === undefined) {
    return;
  }
  for (const connectionId of user.visible.keys()) {
    viewer.shown.delete(connectionId);
  }
}

/** `update` as `viewer` sees it, `null` when it sees no difference. Remembers what was shown, so that every `leave` names what had joined. */
export function personalise(viewer: Connection, update: Update): Update | null {
  const shown = viewer.shown!;
  const { user } = update;
  const ids = new Set(user.visible.keys());
  for (const { connectionId } of update.changes) {
    ids.add(connectionId);
  }
  const wasOnline = [...ids].some((id) => shown.has(id));
  const changes: Change[] = [];
  for (const { connectionId, ref, after } of update.changes) {
    const before = shown.get(connectionId) ?? null;
    const seen = after === null ? null : show(viewer, user, after);
    if (seen === null) {
      shown.delete(connectionId);
    } else {
      shown.set(connectionId, seen);
    }
    if (before !== seen && !samePresence(before?.presence ?? null, seen?.presence ?? null)) {
      changes.push({ connectionId, ref, before, after: seen, stateBytes: undefined });
    }
  }
  const isOnline = [...ids].some((id) => shown.has(id));
  const general = wasOnline === isOnline ? undefined : generalTo(viewer, user);
  return changes.length === 0 && general === undefined && update.username === undefined
    ? null
    : { user, changes, general, username: update.username, stateBytes: undefined };
}
