/** Friend presence for Colyseus servers. The client helper is `colyseus-presence/client`. */
export { PresenceRoom } from './presence-room.ts';
export { PresenceLobbyRoom, type LobbyEvents } from './presence-lobby-room.ts';
export { PresencePlugin } from './presence-plugin.ts';
export { presence, PresenceServer } from './presence-server.ts';
export type { ClusterCounts, Counts } from './census.ts';
export type { Target } from './commands.ts';
export type { GeneralEvent, PresenceEventMap, StatusEvent } from './server-events.ts';
export type { PresenceMessages, PresenceRoomClient } from './messages.ts';
export { DEFAULTS, type ClusterOptions, type Features, type Identity, type Match, type PresenceOptions, type Viewer } from './options.ts';
export { ConnectionState, PresenceState, UserState } from './state.ts';
export * from './protocol.ts';
