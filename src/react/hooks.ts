'use client';
/** What components read. Each renders again only when its own value has changed. */
import { useCallback, useSyncExternalStore } from 'react';
import type { Friend, OpenInvite, PresenceClient, Status } from '../client/index.ts';
import { useStore } from './provider.ts';
import type { PresenceConnectionState } from './shared-connection.ts';

const NOBODY: readonly Friend[] = [];
const NOTHING: readonly OpenInvite[] = [];

function useRead<T>(read: (presence: PresenceClient | undefined) => T): T {
  const { state, subscribe } = useStore();
  const get = (): T => read(state().presence);
  // On a server nobody has joined.
  return useSyncExternalStore(subscribe, get, () => read(undefined));
}

/** The followed users, in the order of following; empty until it has joined. The same array while nothing changed. */
export function useFriends(): readonly Friend[] {
  return useRead((presence) => presence?.getSnapshot() ?? NOBODY);
}

/** One followed user, `undefined` if it is not followed. Renders again only when this user changes. */
export function useFriend(userId: string | number): Friend | undefined {
  return useRead((presence) => presence?.getSnapshot().find((friend) => friend.userId === String(userId)));
}

/**
 * The status of this connection, `null` while it is invisible or has not joined,
 * and the function that sets it: always the same one. It waits for the join, and
 * fails as `PresenceClient.setStatus` does.
 *
 * @example const [status, setStatus] = useMyStatus();
 */
export function useMyStatus(): readonly [status: Status, setStatus: (status: Status | object) => Promise<void>] {
  const store = useStore();
  const status = useRead(
    (presence) =>
      presence?.me?.connections.find(({ connectionId }) => connectionId === presence.connectionId)?.status ?? null,
  );
  const setStatus = useCallback(async (status: Status | object) => (await store.joined()).setStatus(status), [store]);
  return [status, setStatus];
}

/** How the connection is, and the `PresenceClient` for calls. The same object while nothing of it changed. */
export function useConnection(): PresenceConnectionState {
  const { state, subscribe } = useStore();
  return useSyncExternalStore(subscribe, state, state);
}

/** The open invites, received (`incoming`) and sent, oldest first. The same array while nothing changed. */
export function useInvites(): readonly OpenInvite[] {
  return useRead((presence) => presence?.invites.getSnapshot() ?? NOTHING);
}
