/** What a game developer can set of a match. */
import type { Room } from '@colyseus/core';
import { isJoinPolicy } from '../core/match.ts';
import type { UserIdLike } from '../ids.ts';
import { requireKnown, resolveOptions, type PresenceOptions, type ResolvedOptions } from '../options.ts';
import type { JoinPolicy } from '../protocol.ts';
import { given } from '../wording.ts';

export interface MatchOptions extends Pick<PresenceOptions, 'identify' | 'cluster'> {
  /**
   * Who may join the match through one of its players (`presence:join`); others
   * are not shown its id. `'everyone'`: everyone who may see the player.
   * `'followers'`: the player's followers. `'mutual'`: followers whom the player
   * follows as well. `'invite'`: only users whom a player invites. `'nobody'`.
   * Default: everyone, and nobody while the room is private. With a policy, a
   * private room can be joined, and its id does not leave the server.
   */
  policy?: JoinPolicy;
  /**
   * What friends are told of the match besides its name, players and places. Any
   * JSON of at most 1024 characters; longer metadata is left out, with a log line.
   * Default: the room's metadata, unless it is private.
   */
  metadata?: (room: Room) => unknown;
  /**
   * The user id of the player who answers requests to join (`presence:ask`),
   * whichever player of the match they name; `undefined`: the named player
   * answers. Called at each update of the match; call
   * `room.plugins.match.update()` when the host has changed. Default: no host.
   */
  host?: (room: Room) => UserIdLike | undefined;
  /** Minimum of milliseconds between two updates of what friends are told of the match. Default 1000. */
  updateMs?: number;
}

export interface ResolvedMatchOptions {
  readonly policy: JoinPolicy | undefined;
  readonly metadata: (room: Room) => unknown;
  readonly host: ((room: Room) => UserIdLike | undefined) | undefined;
  readonly updateMs: number;
  /** For the identity and the cluster. */
  readonly presence: ResolvedOptions;
}

const KNOWN: readonly string[] = [
  'identify',
  'cluster',
  'policy',
  'metadata',
  'host',
  'updateMs',
] satisfies (keyof MatchOptions)[];

/** Throws a `TypeError` with a full sentence for a value that makes no sense. */
export function resolveMatchOptions(options: MatchOptions): ResolvedMatchOptions {
  requireKnown('MatchPlugin', options, KNOWN);
  const { identify, cluster, policy, metadata = listedMetadata, host, updateMs = 1000 } = options;
  if (policy !== undefined) {
    requirePolicy(policy);
  }
  if (typeof metadata !== 'function') {
    throw new TypeError(`The option "metadata" must be a function, but is ${given(metadata)}.`);
  }
  if (host !== undefined && typeof host !== 'function') {
    throw new TypeError(`The option "host" must be a function, but is ${given(host)}.`);
  }
  if (typeof updateMs !== 'number' || !(updateMs >= 0)) {
    throw new TypeError(`The option "updateMs" must be a number of at least 0, but is ${given(updateMs)}.`);
  }
  const presence = resolveOptions({ ...(identify && { identify }), ...(cluster && { cluster }) });
  return { policy, metadata, host, updateMs, presence };
}

export function requirePolicy(policy: unknown): void {
  if (!isJoinPolicy(policy)) {
    throw new TypeError(
      `The join policy must be "everyone", "followers", "mutual", "invite" or "nobody", but is ${given(policy)}.`,
    );
  }
}

/** Of a private room, nobody is told anything by default. */
function listedMetadata(room: Room): unknown {
  return isPrivate(room) ? undefined : (room.metadata as unknown);
}

/** Colyseus has no public getter for it. */
export function isPrivate(room: Room): boolean {
  const { _listing } = room as unknown as { _listing?: { private?: boolean } };
  return _listing?.private === true;
}
