/** `colyseus-presence/react`: a provider and hooks for React 18 and later. */
export { PresenceProvider, type PresenceProviderProps } from './provider.ts';
export { useConnection, useFriend, useFriends, useInvites, useMyStatus } from './hooks.ts';
export type { PresenceConnectionState } from './shared-connection.ts';
