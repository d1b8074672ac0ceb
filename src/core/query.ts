/**
 * Answers what is known of users without following them: from this process
 * for those it knows, from the shared store for the others. While the store
 * cannot be asked, only who is seen on a connection of this process is known;
 * the others are `unknown`, never `offline` as a guess.
 */
import { boxOf } from './box.ts';
import { isHidden, look, shownOf, type Subject } from './view.ts';
import { bestClaim, bySetAt } from './registers.ts';
import { customStatusOf, generalOf } from '../status.ts';
import type { Connection, User } from './model.ts';
import type { GeneralStatus, Presence, UserStatus } from '../protocol.ts';
import type { RemoteUser } from './ports.ts';
import { isUnseen } from './derived.ts';
import type { Tracker } from './tracker.ts';
import type { Held } from './users.ts';

/** One answer per id, in order. Without a viewer nothing is hidden. */
export async function queryUsers(
  tracker: Tracker,
  userIds: readonly string[],
  viewer?: Connection,
): Promise<UserStatus[]> {
  const { users, cluster } = tracker;
  const ids = [...new Set(userIds)];
  // An invisible user, or one hidden from the viewer, is read like one that is not here: the time of the reply must not tell them apart.
  const present = (userId: string): User | undefined => {
    const user = users.get(userId);
    const isAbsent =
      user !== undefined &&
      viewer?.user !== user &&
      (isUnseen(user) || (viewer !== undefined && user.followers.size === 0 && isHidden(viewer, userId)));
    return isAbsent ? undefined : user;
  };
  const held = new Map<string, Held>();
  /** Resolves when it is known what the other processes say of these users. Their records are kept until the query ends, and answer it. */
  const hold = async (userIds: readonly string[]): Promise<void> => {
    const known = userIds.map(async (userId) => {
      const one = users.hold(userId, viewer?.user);
      held.set(userId, one);
      await one.user.known;
    });
    await Promise.all(known);
  };
  const isLate = (userId: string): boolean => !held.has(userId) && present(userId) !== undefined;
  try {
    const toRead = ids.filter((userId) => present(userId) === undefined);
    const here = hold(ids.filter((userId) => present(userId) !== undefined));
    const read = async (): Promise<ReadonlyMap<string, RemoteUser>> => {
      const [remote] = await Promise.all([
        toRead.length > 0 ? cluster.read(toRead, viewer?.user) : new Map<string, RemoteUser>(),
        here,
      ]);
      return remote;
    };
    const isAboutOthers = viewer !== undefined && ids.some((userId) => userId !== viewer.user.userId);
    const remote = await (isAboutOthers ? cluster.onTick(read) : read());
    // Somebody may have begun to follow one of the others meanwhile, and another one while those are waited for.
    for (let late = ids.filter(isLate); late.length > 0; late = ids.filter(isLate)) {
      await hold(late);
    }
    return ids.map((userId) => {
      const user = held.get(userId)?.user;
      const subject = user ?? remoteSubject(userId, remote.get(userId), users.remembered(userId));
      const { general, presences } = viewer === undefined ? everything(subject) : seenBy(viewer, subject);
      const isKnown = user === undefined ? remote.has(userId) : cluster.knows(userId) || user === viewer?.user;
      return isKnown || presences.some(({ connectionId }) => isHere(user, connectionId))
        ? answer(userId, general, presences)
        : answer(userId, 'unknown', []);
    });
  } finally {
    for (const { release } of held.values()) {
      release();
    }
  }
}

interface Known {
  general: GeneralStatus;
  presences: Presence[];
}

function everything({ visible, last }: Subject): Known {
  return { general: generalOf(visible.size, last), presences: [...visible.values()].map(({ box }) => box.presence) };
}

function seenBy(viewer: Connection, subject: Subject): Known {
  const seen = look(viewer, subject, false, !viewer.follows.has(subject as User));
  return { general: seen.general, presences: shownOf(seen).map(({ box }) => box.presence) };
}

function isHere(user: User | undefined, connectionId: string): boolean {
  const visible = user?.visible.get(connectionId);
  return visible !== undefined && visible.owner === undefined;
}

/** What the shared store says of a user that nobody here follows. */
function remoteSubject(userId: string, remote: RemoteUser | undefined, last: Subject['last']): Subject {
  const registers = (remote?.registers ?? []).map(({ incarnation, register }) => [incarnation, register] as const);
  const entries = registers
    .flatMap(([, { entries: said, username }]) => said.map((entry) => ({ entry, username })))
    .filter(({ entry }) => bestClaim(registers, entry.connectionId)?.entry === entry)
    .sort((a, b) => bySetAt(a.entry, b.entry));
  const all = entries.map(({ entry }) => entry);
  const visible = entries.map(({ entry, username }) => {
    return [entry.connectionId, { ref: 0, box: boxOf(userId, entry, username, all) }] as const;
  });
  return {
    userId,
    username: entries.at(-1)?.username,
    visible: new Map(visible),
    last: remote?.remembered ?? last,
  };
}

function answer(userId: string, general: GeneralStatus, presences: Presence[]): UserStatus {
  return { userId, general, customStatus: customStatusOf(presences), presences };
}
