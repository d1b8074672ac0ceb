/**
 * What a viewer may see: the one place where `redact`, refusals and blocks are
 * applied. Viewers without any of them see every box as it is, at no cost.
 */
import { generalOf, samePresence } from '../status.ts';
import type { GeneralStatus, Presence } from '../protocol.ts';
import type { Box, Change, Connection, Disguise, Update, User } from './model.ts';

export function makeBox(presence: Presence): Box {
  return { presence, bytes: undefined, variants: undefined };
}

/** Whether nothing at all of `userId` reaches `viewer`. */
export function isHidden(viewer: Connection, userId: string): boolean {
  return viewer.blocked?.has(userId) === true || viewer.refused?.has(userId) === true;
}

/** What `viewer` sees of `box`; `null` = nothing. A hook that throws or returns nonsense hides it. */
export function show(viewer: Connection, box: Box): Box | null {
  const { userId } = box.presence;
  if (isHidden(viewer, userId)) {
    return null;
  }
  const { redact } = viewer.options;
  if (redact === undefined || viewer.user.userId === userId) {
    return box;
  }
  let seen: Presence | null;
  try {
    // Frozen: what one viewer's hook writes into it would reach all the others.
    seen = redact(viewer.viewer, Object.freeze(box.presence));
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
    const shown = viewer.shown === undefined ? box : show(viewer, box);
    if (shown !== null) {
      boxes.push(shown);
    }
  }
  return boxes;
}

/** The general status of `user` as `viewer` sees it. */
export function generalTo(viewer: Connection, user: User): GeneralStatus {
  const real = generalOf(user.visible.size, user.last);
  if (viewer.shown === undefined) {
    return real;
  }
  return disguised(viewer, user.userId, redactedGeneral(viewer, user, real), user.username);
}

/** Who is not shown stays as the viewer knew it: coming and going unseen is no news, not even of `unlogined` that became `offline`. */
function redactedGeneral(viewer: Connection, user: User, real: GeneralStatus): GeneralStatus {
  if (viewer.options.redact === undefined || viewer.user === user) {
    return real;
  }
  if (visibleTo(viewer, user).length > 0) {
    return 'online';
  }
  const told = viewer.generals?.get(user.userId);
  return told !== undefined && told !== 'online' ? told : real === 'online' ? 'offline' : real;
}

/** Notes what `viewer` is told now. */
function noteGeneral(viewer: Connection, user: User): GeneralStatus {
  const general = generalTo(viewer, user);
  if (viewer.options.redact !== undefined) {
    viewer.generals ??= new Map();
    viewer.generals.set(user.userId, general);
  }
  return general;
}

/** `general`, or what stands for it when nothing of the user reaches `viewer`. */
export function disguised(
  viewer: Connection,
  userId: string,
  general: GeneralStatus,
  username: string | undefined,
): GeneralStatus {
  return viewer.blocked?.has(userId) === true
    ? disguiseOf(viewer, userId, general, username).general
    : viewer.refused?.has(userId) === true
      ? 'unlogined'
      : general;
}

/** How a user that blocked `viewer` looks: settled by the first look, so that nothing it does afterwards shows. */
function disguiseOf(
  viewer: Connection,
  userId: string,
  general: GeneralStatus,
  username: string | undefined,
): Disguise {
  const known = viewer.blocked?.get(userId);
  if (known !== undefined && known !== null) {
    return known;
  }
  const disguise: Disguise = { general: general === 'online' ? 'offline' : general, username };
  viewer.blocked?.set(userId, disguise);
  return disguise;
}

/** From now on `userId` looks to `viewer` as if it had gone offline. */
export function disguise(viewer: Connection, userId: string, user: User | undefined): void {
  if (viewer.blocked?.has(userId) === true) {
    return;
  }
  startShowing(viewer);
  const look: Disguise | null =
    user === undefined
      ? null
      : {
          general: generalTo(viewer, user) === 'unlogined' ? 'unlogined' : 'offline',
          username: nameTo(viewer, user),
        };
  viewer.blocked ??= new Map();
  viewer.blocked.set(userId, look);
}

/** The username `viewer` sees of `user` in the state. */
export function nameTo(viewer: Connection, user: User): string | undefined {
  if (viewer.user === user) {
    return viewer.viewer.username ?? user.username;
  }
  if (viewer.blocked?.has(user.userId) === true) {
    return disguiseOf(viewer, user.userId, generalOf(user.visible.size, user.last), user.username).username;
  }
  if (viewer.refused?.has(user.userId) === true) {
    return undefined;
  }
  return viewer.options.redact === undefined
    ? user.username
    : (shownName(viewer, user) ?? viewer.names?.get(user.userId));
}

/** With `redact`, the name is what the presences say that are shown. */
function shownName(viewer: Connection, user: User): string | undefined {
  return visibleTo(viewer, user).at(-1)?.presence.username;
}

/** Notes that `viewer` has just been given a snapshot of `user`. */
export function noteShown(viewer: Connection, user: User): void {
  if (viewer.shown === undefined) {
    return;
  }
  for (const { connectionId, box } of user.visible.values()) {
    const shown = show(viewer, box);
    if (shown === null) {
      viewer.shown.delete(connectionId);
    } else {
      viewer.shown.set(connectionId, shown);
    }
  }
  noteGeneral(viewer, user);
  noteName(viewer, user);
}

/** Returns the new name when it is another than before. */
function noteName(viewer: Connection, user: User): string | undefined {
  if (viewer.options.redact === undefined || viewer.user === user || isHidden(viewer, user.userId)) {
    return undefined;
  }
  const name = shownName(viewer, user);
  if (name === undefined || viewer.names?.get(user.userId) === name) {
    return undefined;
  }
  viewer.names ??= new Map();
  viewer.names.set(user.userId, name);
  return name;
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
  viewer.names?.delete(user.userId);
  viewer.generals?.delete(user.userId);
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
    const seen = after === null ? null : show(viewer, after);
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
  const general = wasOnline === isOnline ? unseenGeneral(viewer, update, isOnline) : noteGeneral(viewer, user);
  const username = renamed(viewer, update);
  return changes.length === 0 && general === undefined && username === undefined
    ? null
    : { user, changes, general, username, stateBytes: undefined };
}

/** A change from `offline` to `unlogined` or back, which no connection of the user shows. */
function unseenGeneral(viewer: Connection, { user, general }: Update, isOnline: boolean): GeneralStatus | undefined {
  const isRedacted = viewer.options.redact !== undefined && viewer.user !== user;
  return isOnline || isRedacted || isHidden(viewer, user.userId) ? undefined : general;
}

function renamed(viewer: Connection, { user, username }: Update): string | undefined {
  if (isHidden(viewer, user.userId)) {
    return undefined;
  }
  return viewer.options.redact === undefined || viewer.user === user ? username : noteName(viewer, user);
}
