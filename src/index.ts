/** Friend presence for Colyseus servers. The client helper is `colyseus-presence/client`. */
export { PresenceRoom } from './rooms/presence-room.ts';
export { PresenceLobbyRoom, type LobbyEvents } from './rooms/presence-lobby-room.ts';
export { PresencePlugin } from './rooms/presence-plugin.ts';
export { presence, PresenceServer } from './server/presence-server.ts';
export type { ClusterCounts, Counts } from './server/census.ts';
export type { Target } from './server/commands.ts';
export type { GeneralEvent, PresenceEventMap, StatusEvent } from './server/events.ts';
export type { PresenceMessages, PresenceRoomClient } from './rooms/messages.ts';
export {
  DEFAULTS,
  type ClusterOptions,
  type Features,
  type Identity,
  type Match,
  type PresenceOptions,
  type Viewer,
} from './options.ts';
export { ConnectionState, PresenceState, UserState } from './wire/state.ts';
export * from './protocol.ts';
