/**
 * What one process holds: users, their visible connections, and the local
 * connections that look at them. Plain data with no behaviour of its own; the
 * tracker is the only writer.
 */
import type { EndedStatus, GeneralStatus, Invite, PartyBadge, PartyEvent, Status, Sync } from '../protocol.ts';
import type { ResolvedOptions, Viewer } from '../options.ts';
import type { Batch } from './batch.ts';
import type { RegisterEntry, Registers } from './registers.ts';
import type { Box } from './box.ts';

/** One visible connection of a user, here or on another process. */
export interface Visible {
  readonly connectionId: string;
  /** Number that stands for this connection in the schema state (see `refs.ts`). */
  readonly ref: number;
  box: Box;
  /** See `RegisterEntry`. */
  setAt: number;
  /** The incarnation it lives on; `undefined` = here. */
  owner: string | undefined;
  /** What that process says of it; of this, followers are shown the `box`. */
  readonly entry: RegisterEntry;
}

export interface User {
  readonly userId: string;
  /** Number that stands for this user in the schema state; `ref + 1` is its map of connections. */
  readonly ref: number;
  username: string | undefined;
  /** Most recently set last. */
  visible: Map<string, Visible>;
  /** Local connections that follow this user. */
  readonly followers: Set<Connection>;
  /** Local connections of this user, visible or not. */
  readonly own: Set<Connection>;
  /** How the last visible connection ended. */
  last: EndedStatus;
  /** The registers of all processes about the user. `visible` is derived from them. */
  readonly registers: Registers;
  /** While the server has set the status of all its connections, whatever their clients say. */
  lock: Lock | undefined;
  /** The party of the user, as its connections here show it. */
  party: PartyBadge | undefined;
  /** Matches of this process that the user is in, visible or not. */
  stays: number;
  /** Operations under way that need this record to stay. */
  pins: number;
  /** Resolves when the other processes' view is known. */
  known: Promise<void> | undefined;
  /** Slot of the codec: the user's full schema bytes, dropped on change. */
  stateBytes: Uint8Array | undefined;
}

/** `null`: invisible. */
export interface Lock {
  readonly status: Status;
}

/** Where a connection's updates go. Implemented by the edge. */
export interface Sink {
  /** Tells the client who it is: after a join, a return, and when its id is another. */
  welcome(): void;
  /** Whether a frame sent now would leave soon. `false`: updates are dropped and a fresh snapshot is owed. */
  ready(): boolean;
  /** Everything that changed for this connection in this flush. */
  deliver(batch: Batch<Update>): void;
  /** The present state of these users, which replaces what the client holds. */
  snapshot(users: readonly User[], scope: SnapshotScope): void;
  /** Invites that are new or have changed. Returns false when the client cannot take them now: the next snapshot brings them. */
  invites(invites: readonly Invite[]): boolean;
  /** The party of the user, or a seat with it. Returns false when the client cannot take it now: the next snapshot brings it. */
  party(event: PartyEvent): boolean;
  /** The server ended these follows. */
  unfollowed(users: readonly User[]): void;
  /** Follows began or ended by the client's own request: only the schema state needs to hear. */
  followsChanged(added: readonly User[], removed: readonly User[]): void;
  /** Closes the connection. `rejoins`: the player is welcome to take a new seat. */
  close(rejoins?: boolean): void;
}

/**
 * `some`: users the server followed on the client's behalf. `messages`: all it
 * follows; the schema state reaches it another way. `everything`: all it
 * follows, by every channel it uses.
 */
export type SnapshotScope = 'some' | 'messages' | 'everything';

/** A room. */
export interface Place {
  readonly roomId: string;
  readonly roomName: string;
}

/** One local client in a presence-aware room. */
export interface Connection {
  /** Public. Another one whenever it is shown again after it was hidden: one that came back would tell that its user was there all the time. */
  connectionId: string;
  /** The status that it has while its user's is not locked. `byServer`: a match that it names is shown, whoever is in it. */
  chosen: { readonly status: Status; readonly byServer: boolean };
  /** Whether its present id has been seen. */
  wasShown: boolean;
  readonly user: User;
  readonly viewer: Viewer;
  readonly options: ResolvedOptions;
  readonly sync: Sync;
  readonly sink: Sink;
  /** When it was made, in milliseconds since the epoch. */
  readonly since: number;
  /** The room its client is in. */
  readonly place: Place | undefined;
  /** Whom this connection follows, oldest first; the value tells who asked for it. */
  readonly follows: Map<User, FollowOrigin>;
  /** What this viewer sees its own way; `undefined` while it sees everything as it is. */
  view: View | undefined;
  /** Names of those it follows, by the word of the game; `undefined` without any. */
  names: Names | undefined;
  /** Follows under way, so that an unfollow also ends those. */
  pending: Set<{ unfollow(userIds: Iterable<string> | undefined): void }> | undefined;
  delivery: Delivery;
  /** The reply to a follow is on its way: what changes meanwhile must not overtake it. */
  replying: boolean;
  /** What the current flush will send it. */
  batch: Batch<Update> | undefined;
}

/** A name by user id; `undefined`: the game has none. */
export type Names = Map<string, string | undefined>;

export type FollowOrigin = 'client' | 'server';

/**
 * - `live`: hears every flush.
 * - `behind`: missed updates because it could not take them; owed a snapshot.
 * - `away`: in its reconnection grace; hears nothing, is brought up to date on return.
 * - `moved`: as far as is known, its player is here as another connection.
 * - `gone`: it has ended. Nothing follows `moved` and `gone`.
 */
export type Delivery = 'live' | 'behind' | 'away' | 'moved' | 'gone';

/** What one viewer sees of one user. */
export interface Look {
  readonly general: GeneralStatus;
  readonly username: string | undefined;
  readonly connections: ReadonlyMap<string, Seen>;
}

/** One connection of a user as a viewer sees it. */
export interface Seen {
  readonly ref: number;
  /** What there was to see. */
  readonly source: Box;
  /** The result of `redact`; `null` = not shown. */
  readonly box: Box | null;
}

/** The own view of a viewer for whom `redact`, a refusal or a block applies, or that follows users of whom the store cannot tell now whether they are online. */
export interface View {
  /** Followed users that `canFollow` refused: they look like ids nobody has. */
  readonly refused: Set<string>;
  /** Users that blocked this viewer, followed or not, and how each looks from then on. */
  readonly blocked: Map<string, Look>;
  /** Followed users of whom the state on other processes has not been known since the follow began. */
  readonly unread: Set<string>;
  /** What the viewer was last told, by user. */
  readonly told: Map<string, Look>;
}

/** A change of one connection, from the first value not yet sent to the last. */
export interface Change {
  readonly connectionId: string;
  readonly ref: number;
  readonly before: Box | null;
  readonly after: Box | null;
  /** Whether the connection lives on this process. */
  readonly local?: boolean;
  /** Slot of the codec. */
  stateBytes: Uint8Array | undefined;
}

/** All changes of one user in one flush. */
export interface Update {
  readonly user: User;
  readonly changes: readonly Change[];
  /** Set when the general status changed. */
  readonly general: GeneralStatus | undefined;
  /** Set when the username changed. */
  readonly username: string | undefined;
  /** Slot of the codec. */
  stateBytes: Uint8Array | undefined;
}
