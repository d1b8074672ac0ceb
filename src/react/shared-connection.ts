'use client';
/**
 * The presence connection that all providers of one SDK client and room share.
 * React may mount twice (StrictMode) and remounts when code is replaced (HMR): a
 * connection that is let go and taken again in the same turn is the same one, so
 * friends see nothing of it.
 */
import type { Client } from '@colyseus/sdk';
import { PresenceClient, type ConnectionPhase, type PresenceClientOptions } from '../client/index.ts';

/** What `useConnection` returns; another object when anything of it has changed. */
export interface PresenceConnectionState {
  /** `joining` until the first join has succeeded or failed. */
  readonly phase: 'joining' | ConnectionPhase;
  /** Why it is `closed`: a `PresenceError`, mostly. */
  readonly error: unknown;
  /** The helper, once it has joined: for `follow`, `joinFriend` and everything else. */
  readonly presence: PresenceClient | undefined;
}

export const JOINING: PresenceConnectionState = { phase: 'joining', error: undefined, presence: undefined };

const connections = new WeakMap<Client, Map<string, SharedConnection>>();

/** The connection of this client and room, joined if there is none that lives. `hold` it before the turn ends. */
export function connectionOf(
  client: Client,
  room: string,
  options: PresenceClientOptions,
  resumeKey: string | undefined,
): SharedConnection {
  const rooms = connections.get(client) ?? new Map<string, SharedConnection>();
  connections.set(client, rooms);
  let connection = rooms.get(room);
  if (connection === undefined || connection.state.phase === 'closed') {
    connection = new SharedConnection(client, room, options, resumeKey);
    rooms.set(room, connection);
  }
  return connection;
}

export class SharedConnection {
  state = JOINING;
  #holders = 0;
  #listeners = new Set<() => void>();
  #leave: () => Promise<void>;

  constructor(client: Client, room: string, options: PresenceClientOptions, resumeKey: string | undefined) {
    const resume = stored(resumeKey);
    const joining = PresenceClient.join(client, room, { ...(resume !== undefined && { resume }), ...options }).then(
      (presence) => {
        const tell = (): void => {
          if (this.#holders > 0) {
            store(resumeKey, presence.connectionId);
          }
          this.#tell();
        };
        this.state = { phase: presence.connection, error: undefined, presence };
        presence.onConnectionChange((phase, error) => {
          this.state = { phase, error, presence };
        });
        presence.subscribe(tell);
        presence.invites.subscribe(tell);
        tell();
        return presence;
      },
      (error: unknown) => {
        this.state = { phase: 'closed', error, presence: undefined };
        this.#tell();
      },
    );
    this.#leave = async () => {
      store(resumeKey, undefined);
      await (await joining)?.leave();
    };
  }

  /** Returns the function that lets it go. Whoever lets it go last leaves the room, unless it is held again in the same turn. */
  hold(listener: () => void): () => void {
    this.#holders++;
    this.#listeners.add(listener);
    return () => {
      this.#holders--;
      this.#listeners.delete(listener);
      setTimeout(() => {
        if (this.#holders === 0) {
          // Whoever mounts from now on gets a new one.
          this.state = { ...this.state, phase: 'closed' };
          void this.#leave();
        }
      });
    };
  }

  #tell(): void {
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

// A browser may forbid the storage: then a reload is a new connection.
function stored(key: string | undefined): string | undefined {
  try {
    return key === undefined ? undefined : (sessionStorage.getItem(key) ?? undefined);
  } catch {
    return undefined;
  }
}

function store(key: string | undefined, id: string | undefined): void {
  try {
    if (key !== undefined) {
      sessionStorage[id === undefined ? 'removeItem' : 'setItem'](key, id ?? '');
    }
  } catch {
    // As above.
  }
}
