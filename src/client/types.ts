/** The data and the options of {@link PresenceClient}. */
import type { Client, Room } from '@colyseus/sdk';
import type { GeneralStatus, MatchInfo, Presence, PresenceJoinOptions, Status, Sync } from '../protocol.ts';

/**
 * One followed user (or the own one), ready for a friends list. Immutable: a
 * change makes a new object, so `===` shows whether anything changed.
 */
export interface Friend {
  readonly userId: string;
  /** The last known name; `undefined` until the user has been seen online. */
  readonly username: string | undefined;
  readonly general: GeneralStatus;
  /** `general === 'online'`. */
  readonly online: boolean;
  /** The status that was set most recently on any of the user's connections; `''` when there is none. */
  readonly customStatus: string;
  /** `customStatus` read as JSON object; `undefined` when it is anything else. Shared: do not change it. */
  readonly details: Readonly<Record<string, unknown>> | undefined;
  /** The room id of `match`, unless this client may not join it or its room is private. */
  readonly matchId?: string;
  /** The match this friend is in. If several connections are in a match: that of the one with the newest status. */
  readonly match?: MatchInfo;
  /** Whether there is a match that this client may join now. For an unverified match, `"joinable": false` in the JSON of the status turns it off. */
  readonly joinable: boolean;
  /** Visible connections, the one with the oldest status first. */
  readonly connections: readonly Presence[];
  /** The connection to the server is lost: this is the state from before. */
  readonly stale: boolean;
}

/** One entry of `onUserStatusChanged`. */
export interface UserStatusChange {
  readonly userId: string;
  readonly general: GeneralStatus;
  /** `''` while the user is not online, or has nothing to say. */
  readonly customStatus: string;
  /** Whether this is the own user (on whichever device). */
  readonly me: boolean;
}

/**
 *   - `online`: joined; requests go through.
 *   - `reconnecting`: the socket dropped and the SDK tries to get the same seat back.
 *   - `rejoining`: the seat is lost (server shut down, grace over); the client requests a new one.
 *   - `closed`: left, or given up. Final.
 */
export type ConnectionPhase = 'online' | 'reconnecting' | 'rejoining' | 'closed';

/** How the client rejoins after a lost seat. Delays are random, so that the clients of a restarted server do not all come at once. */
export interface RejoinOptions {
  /** Minimum of milliseconds before an attempt. Default 300. */
  minMs?: number;
  /** Maximum of milliseconds before an attempt. Each attempt may wait up to three times as long as the one before. Default 15000. */
  maxMs?: number;
  /** Attempts in a row before giving up (`closed`). 0 = never rejoin. Default Infinity. */
  attempts?: number;
}

/** The matchmaking call that takes the first seat and every seat after a lost one. */
export type RoomMethod = 'joinOrCreate' | 'join' | 'create';

interface CommonOptions {
  /** Further options for the room, beside `status`, `sync` and `resume`; sent again on every rejoin. */
  joinOptions?: Record<string, unknown>;
  /**
   * How often the first join is tried before it fails: a server that restarts, or
   * one that is not there yet. Only a failure that is `retryable` is tried again,
   * with the pauses of `rejoin`. Not for `attach`. Default 1.
   */
  joinAttempts?: number;
  /** Default `'joinOrCreate'`. */
  roomMethod?: RoomMethod;
  rejoin?: RejoinOptions;
  /**
   * Milliseconds that the SDK may take to reconnect before the client requests a
   * new seat. Best equal to the server's `graceSeconds`: with less, the player
   * may be online twice for a while; with more, the client waits for a seat that
   * no longer exists. Default 15000.
   */
  reconnectMs?: number;
  /** Milliseconds to wait for an answer, for a join, and for the connection to come back before a call fails. Default 10000. */
  timeoutMs?: number;
  /**
   * Maximum of bytes in one request; longer id lists are split. It has to stay
   * below the server's `maxPayload` (default 4096): a longer message closes the
   * socket. Default 3500.
   */
  maxFrameBytes?: number;
  /**
   * Called with the room after every join and rejoin (not after a mere
   * reconnection, which keeps the room object), before its first message:
   * the place for `room.onMessage` handlers of your own.
   */
  onRoom?: (room: Room) => void;
}

/** Options of `PresenceClient.join`. */
export interface PresenceClientOptions extends Omit<PresenceJoinOptions, 'status' | 'sync'>, CommonOptions {
  /** Objects travel as JSON. Default `null`: invisible. */
  status?: Status | object;
  /**
   * What the server sends. Default `'deltas'`: the messages that the helper
   * reads. `'both'` fills `room.state` as well. With `'state'` the list of the
   * helper shows only the answers of `follow`: read `room.state` instead.
   */
  sync?: Sync;
}

/** Options of `PresenceClient.attach`. */
export interface AttachOptions extends PresenceClientOptions {
  /** The SDK client that has joined the room. It is used to rejoin and to join the matches of friends. */
  client: Client;
  /** Matchmaking name to rejoin under. Default `room.name`. */
  roomName?: string;
}
