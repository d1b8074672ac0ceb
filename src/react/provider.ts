'use client';
/** The provider, and the store that the hooks below it read. */
import type { Client } from '@colyseus/sdk';
import {
  createContext,
  createElement,
  useContext,
  useEffect,
  useState,
  type ReactElement,
  type ReactNode,
} from 'react';
import type { PresenceClient, PresenceClientOptions } from '../client/index.ts';
import { connectionOf, JOINING, type PresenceConnectionState, type SharedConnection } from './shared-connection.ts';

/** One per provider. Rendering makes it, and only an effect connects it: a render that React throws away leaves nothing. */
export class ConnectionStore {
  #connection: SharedConnection | undefined;
  readonly #listeners = new Set<() => void>();

  readonly state = (): PresenceConnectionState => this.#connection?.state ?? JOINING;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The helper, when it has joined. Rejects when the connection is closed. */
  joined(): Promise<PresenceClient> {
    const { phase, error, presence } = this.state();
    if (presence !== undefined) {
      return Promise.resolve(presence);
    }
    return new Promise((resolve, reject) => {
      if (phase === 'closed') {
        reject(error);
      } else {
        const end = this.subscribe(() => {
          end();
          resolve(this.joined());
        });
      }
    });
  }

  connect(connection: SharedConnection): () => void {
    const tell = (): void => [...this.#listeners].forEach((listener) => listener());
    this.#connection = connection;
    const letGo = connection.hold(tell);
    tell();
    return letGo;
  }
}

const Context = createContext<ConnectionStore | undefined>(undefined);

export interface PresenceProviderProps {
  /** The SDK's client, signed in. Keep it outside of components: another client is another connection. */
  client: Client;
  /** The presence-aware room. Default `'presence'`. */
  room?: string;
  /** Options of `PresenceClient.join`, as they are when it joins; later changes have no effect. */
  options?: PresenceClientOptions;
  /**
   * Where `sessionStorage` keeps the id of the connection, so that a reload of the
   * page takes it over, and friends see nothing of it. Default: a reload is a new
   * connection.
   */
  resumeKey?: string;
  children?: ReactNode;
}

/**
 * Joins presence when it is mounted, and leaves when it is unmounted. Providers
 * of the same client and room share one connection.
 *
 * @example
 * <PresenceProvider client={client} options={{ status: 'In the lobby' }} resumeKey="presence">
 *   <FriendList />
 * </PresenceProvider>
 */
export function PresenceProvider(props: PresenceProviderProps): ReactElement {
  const { client, room = 'presence', options = {}, resumeKey, children } = props;
  const [store] = useState(() => new ConnectionStore());
  // `options` is an object of the render that has joined.
  useEffect(() => store.connect(connectionOf(client, room, options, resumeKey)), [store, client, room]);
  return createElement(Context.Provider, { value: store }, children);
}

export function useStore(): ConnectionStore {
  const store = useContext(Context);
  if (store === undefined) {
    throw new Error('Hooks of presence need a <PresenceProvider> above them.');
  }
  return store;
}
