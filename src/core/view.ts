/**
 * What a viewer sees. `look` is the whole policy: blocks, refusals of
 * `canFollow`, `redact`. A viewer with a view of its own also remembers what it
 * was told of each user, and hears the difference between that and `look`.
 * Viewers without a view see everything as it is, at no cost.
 */
import { generalOf, samePresence } from '../status.ts';
import { variantOf, type Box } from './box.ts';
import type { EndedStatus, GeneralChange, GeneralStatus, Presence } from '../protocol.ts';
import type { Change, Connection, Look, Seen, Update, User, View } from './model.ts';

/** The real state of a user, on this process or read from the shared store. */
export interface Subject {
  readonly userId: string;
  readonly username: string | undefined;
  /** Most recently set last. */
  readonly visible: ReadonlyMap<string, { readonly ref: number; readonly box: Box }>;
  readonly last: EndedStatus;
}

/** Why nothing of `userId` reaches `viewer`; `undefined`: something may. */
export function hiddenBy({ view }: Connection, userId: string): 'blocked' | 'refused' | undefined {
  if (view?.blocked.has(userId) === true) {
    return 'blocked';
  }
  return view?.refused.has(userId) === true ? 'refused' : undefined;
}

/** Whether nothing at all of `userId` reaches `viewer`. */
export function isHidden(viewer: Connection, userId: string): boolean {
  return hiddenBy(viewer, userId) !== undefined;
}

/** What the viewer sees of a user that it may not see; by default the same as of an unknown id. */
function unseen(general: EndedStatus = 'unlogined'): Look {
  return { general, username: undefined, connections: new Map() };
}

/**
 * What `viewer` sees of `subject` now. `redact` is asked about presences it was not asked about before; with `again`,
 * about all. `isStranger`: it does not follow the subject.
 */
export function look(viewer: Connection, subject: Subject, again = false, isStranger = false): Look {
  const { view, options } = viewer;
  const { userId, visible, last } = subject;
  // A user that has gone has no name, as for viewers without a view.
  const username = visible.size === 0 ? undefined : subject.username;
  const general = generalOf(visible.size, last);
  if (viewer.user.userId === userId) {
    return { general, username: viewer.viewer.username ?? username, connections: asTheyAre(subject) };
  }
  // Whatever the reason why nothing is seen of the subject: while it is not known, all look the same.
  const isUnread = view?.unread.has(userId) === true;
  if (isHidden(viewer, userId)) {
    const hidden = view?.blocked.get(userId) ?? unseen();
    return isUnread ? { ...hidden, general: 'unknown' } : hidden;
  }
  if (options.redact === undefined) {
    const connections = asTheyAre(subject, viewer, isStranger);
    return { general: isUnread && visible.size === 0 ? 'unknown' : general, username, connections };
  }
  const told = view?.told.get(userId);
  const connections = new Map<string, Seen>();
  let newest: Box | undefined;
  for (const [connectionId, { ref, box: whole }] of visible) {
    const source = standingBox(viewer, whole, isStranger);
    const known = told?.connections.get(connectionId);
    const box = known?.source === source && !again ? known.box : redacted(viewer, source);
    connections.set(connectionId, { ref, source, box });
    newest = box ?? newest;
  }
  return {
    general: newest !== undefined ? 'online' : isUnread ? 'unknown' : unseenGeneral(told, general),
    username: newest?.presence.username ?? told?.username,
    connections,
  };
}

function asTheyAre({ visible }: Subject, viewer?: Connection, isStranger = false): ReadonlyMap<string, Seen> {
  return new Map(
    [...visible].map(([connectionId, { ref, box: whole }]) => {
      const box = viewer === undefined ? whole : standingBox(viewer, whole, isStranger);
      return [connectionId, { ref, source: box, box }];
    }),
  );
}

/** What the join policy of a match lets `viewer` see. */
function standingBox({ viewer }: Connection, box: Box, isStranger: boolean): Box {
  const { other } = box;
  if (other === undefined) {
    return box;
  }
  const isOther = other.standing === 'stranger' ? isStranger : !isStranger && other.friends.has(viewer.userId);
  return isOther ? other.box : box;
}

/** A user that came and went invisibly stays as the viewer knew it: `unlogined` does not become `offline`. */
function unseenGeneral(told: Look | undefined, real: GeneralStatus): GeneralStatus {
  if (told !== undefined && told.general !== 'online' && told.general !== 'unknown') {
    return told.general;
  }
  return real === 'online' ? 'offline' : real;
}

/** A hook that throws or returns nonsense hides the presence. */
function redacted({ options, viewer }: Connection, box: Box): Box | null {
  let seen: Presence | null | undefined;
  try {
    // Frozen: what one viewer's hook writes into it would reach all the others.
    seen = options.redact?.(viewer, Object.freeze(box.presence));
  } catch {
    return null;
  }
  if (seen === box.presence) {
    return box;
  }
  return typeof seen !== 'object' || seen === null || typeof seen.status !== 'string' ? null : variantOf(box, seen);
}

/** The connections of a look that are shown, the most recently set last. */
export function shownOf({ connections }: Look): Array<{ ref: number; box: Box }> {
  return [...connections.values()].filter((seen): seen is Seen & { box: Box } => seen.box !== null);
}

/** All visible presences of `users`, as `viewer` sees them. */
export function presencesTo(viewer: Connection, users: readonly User[]): Presence[] {
  const presences: Presence[] = [];
  for (const user of users) {
    for (const { box } of viewer.view === undefined ? user.visible.values() : shownOf(look(viewer, user))) {
      presences.push(box.presence);
    }
  }
  return presences;
}

/** The users that `viewer` does not see online. */
export function generalsTo(viewer: Connection, users: readonly User[]): GeneralChange[] {
  const generals: GeneralChange[] = [];
  for (const user of users) {
    const general = viewer.view === undefined ? generalOf(user.visible.size, user.last) : look(viewer, user).general;
    if (general !== 'online') {
      generals.push({ userId: user.userId, general });
    }
  }
  return generals;
}

export function newView(blocked?: ReadonlyMap<string, Look>): View {
  return { refused: new Set(), blocked: new Map(blocked), unread: new Set(), told: new Map() };
}

/** `viewer` is given a snapshot of `user`. */
export function note(viewer: Connection, user: User): void {
  if (user !== viewer.user) {
    viewer.view?.told.set(user.userId, look(viewer, user));
  }
}

/**
 * Notes in all views of one player how `userId`, who blocks that player, looks from now on: like what each view was
 * told, gone. Returns how it looks to those that were told nothing, later ones too: as to the others, so that no two
 * disagree, or like nobody when none was told anything.
 */
export function noteBlock(views: readonly View[], userId: string): Look {
  const toldOf = ({ told }: View): boolean =>
    !['unlogined', 'unknown'].includes(told.get(userId)?.general ?? 'unlogined');
  const settled = unseen(views.some(toldOf) ? 'offline' : 'unlogined');
  for (const view of views) {
    view.blocked.set(userId, view.told.has(userId) && !toldOf(view) ? unseen() : settled);
  }
  return settled;
}

/**
 * What `viewer` hears of `user`: the difference between what it was told and
 * what it sees now, `null` when there is none. It counts as told. `changed`:
 * connections in the order in which others hear of them, so that the bytes do
 * not tell who has a view of its own.
 */
export function personalise(
  viewer: Connection,
  { told }: View,
  user: User,
  changed: readonly Change[],
  again = false,
): Update | null {
  const before = told.get(user.userId) ?? unseen();
  const now = look(viewer, user, again);
  told.set(user.userId, now);
  const changes: Change[] = [];
  const inOrder = changed.map(({ connectionId }) => connectionId);
  for (const connectionId of new Set([...inOrder, ...before.connections.keys(), ...now.connections.keys()])) {
    const left = before.connections.get(connectionId);
    const joined = now.connections.get(connectionId);
    if (!samePresence(left?.box?.presence ?? null, joined?.box?.presence ?? null)) {
      const { ref } = (joined ?? left)!;
      changes.push({ connectionId, ref, before: left?.box ?? null, after: joined?.box ?? null, stateBytes: undefined });
    }
  }
  const general = now.general === before.general ? undefined : now.general;
  const username = now.username === before.username ? undefined : now.username;
  return changes.length === 0 && general === undefined && username === undefined
    ? null
    : { user, changes, general, username, stateBytes: undefined };
}
