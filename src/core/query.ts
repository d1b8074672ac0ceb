/**
 * Answers what is known of users without following them: from this process
 * for those it knows, from the shared store for the others.
 */
import { isHidden, disguised, generalTo, makeBox, show, visibleTo } from './view.ts';
import { bestClaim } from './registers.ts';
import { makePresence } from '../status.ts';
import type { Box, Connection, User } from './model.ts';
import type { GeneralStatus, Presence, UserStatus } from '../protocol.ts';
import type { RemoteUser } from './ports.ts';
import { isUnseen, type Tracker } from './tracker.ts';

/** One answer per id, in order. Without a viewer nothing is hidden. */
export async function queryUsers(
  tracker: Tracker,
  userIds: readonly string[],
  viewer?: Connection,
): Promise<UserStatus[]> {
  const { users, cluster } = tracker;
  const ids = [...new Set(userIds)];
  const known = ids.map((userId) => users.get(userId)).filter((user) => user !== undefined);
  // One who is here unseen, or hidden from the viewer, is read as one who is not here: the same work, in the same command.
  const isAbsentTo = (user: User): boolean =>
    viewer !== undefined && viewer.user !== user && (isUnseen(user) || isHidden(viewer, user.userId));
  const toRead = ids.filter((userId) => {
    const user = users.get(userId);
    return user === undefined || isAbsentTo(user);
  });
  for (const user of known) {
    user.pins++;
  }
  try {
    const [remote] = await Promise.all([
      toRead.length > 0 ? cluster.read(toRead) : new Map<string, RemoteUser>(),
      ...known.map((user) => user.known),
    ]);
    // Somebody may have begun to follow one of the others meanwhile.
    await Promise.all(toRead.map(async (userId) => users.get(userId)?.known));
    return ids.map((userId) => {
      const user = users.get(userId);
      return user === undefined
        ? fromRemote(tracker, userId, remote.get(userId), viewer)
        : fromLocal(tracker, user, viewer);
    });
  } finally {
    for (const user of known) {
      user.pins--;
      users.release(user);
    }
  }
}

function fromLocal(tracker: Tracker, user: User, viewer: Connection | undefined): UserStatus {
  if (viewer === undefined) {
    return answer(
      user.userId,
      tracker.users.general(user),
      [...user.visible.values()].map(({ box }) => box.presence),
    );
  }
  return answer(
    user.userId,
    generalTo(viewer, user),
    visibleTo(viewer, user).map(({ presence }) => presence),
  );
}

function fromRemote(
  tracker: Tracker,
  userId: string,
  remote: RemoteUser | undefined,
  viewer: Connection | undefined,
): UserStatus {
  const registers = (remote?.registers ?? []).map(({ incarnation, register }) => [incarnation, register] as const);
  const entries = registers
    .flatMap(([, { entries: said, username }]) => said.map((entry) => ({ entry, username })))
    .filter(({ entry }) => bestClaim(registers, entry.connectionId)?.entry === entry)
    .sort((a, b) => a.entry.setAt - b.entry.setAt);
  const boxes: Box[] = entries.map(({ entry, username }) =>
    makeBox(makePresence(userId, entry.connectionId, entry.status, username)),
  );
  const shown = viewer === undefined ? boxes : boxes.map((box) => show(viewer, box)).filter((box) => box !== null);
  const last = remote?.remembered ?? tracker.users.remembered(userId);
  const general: GeneralStatus = shown.length > 0 ? 'online' : boxes.length > 0 ? 'offline' : last;
  const seen = viewer === undefined ? general : disguised(viewer, userId, general, entries.at(-1)?.username);
  return answer(
    userId,
    seen,
    shown.map(({ presence }) => presence),
  );
}

function answer(userId: string, general: GeneralStatus, presences: Presence[]): UserStatus {
  return { userId, general, customStatus: presences.at(-1)?.status ?? '', presences };
}
