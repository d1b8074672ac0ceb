/** What a client brings along when it joins, and the connection that is made of it. */
import { newView } from './view.ts';
import type { Sync } from '../protocol.ts';
import type { Named, ResolvedOptions } from '../options.ts';
import type { Connection, Look, Place, Sink, User } from './model.ts';

export interface Joining {
  identity: Named;
  auth: unknown;
  options: ResolvedOptions;
  sync: Sync;
  sink: Sink;
  place?: Place | undefined;
  /** A connection id to take over, if it waits for that. */
  resume?: string | undefined;
  /** Called before the connection is made, when what other processes say of the user is known, if that is waited for. Throws to refuse it. */
  admit?: () => void;
  /** Called in the very step in which the connection is made: what can be seen then and its first delta leave no gap and do not overlap. */
  onConnect?: (connection: Connection) => void;
}

/** Invisible, following nobody. `blockers`: who has blocked its user, and how each looks to it. */
export function newConnection(
  { identity, auth, options, sync, sink, place }: Joining,
  user: User,
  connectionId: string,
  blockers: ReadonlyMap<string, Look>,
  since: number,
): Connection {
  const connection: Connection = {
    connectionId,
    chosen: { status: null, byServer: false },
    wasShown: false,
    user,
    viewer: {
      userId: user.userId,
      username: identity.username,
      get connectionId() {
        return connection.connectionId;
      },
      auth,
    },
    options,
    sync,
    sink,
    since,
    place,
    follows: new Map(),
    view: options.redact === undefined && blockers.size === 0 ? undefined : newView(blockers),
    names: undefined,
    pending: undefined,
    delivery: 'live',
    replying: false,
    batch: undefined,
  };
  return connection;
}
