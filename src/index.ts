/** Friend presence for Colyseus servers. The client helper is `colyseus-presence/client`. */
export { PresenceRoom } from './rooms/presence-room.ts';
export { PresenceLobbyRoom, type LobbyEvents } from './rooms/presence-lobby-room.ts';
export { PresencePlugin } from './rooms/presence-plugin.ts';
export { MatchPlugin } from './rooms/match-plugin.ts';
export type { MatchOptions } from './rooms/match-options.ts';
export { presence, PresenceServer } from './server/presence-server.ts';
export type {
  BlockEvent,
  ClusterCounts,
  Counts,
  GeneralEvent,
  PresenceEventMap,
  Locked,
  Reached,
  StatusEvent,
  Target,
} from './server/types.ts';
export { METRICS_TYPES, type MetricsFormat } from './server/metrics-text.ts';
export type {
  ClusterOverview,
  ProcessFacts,
  ProcessReport,
  ConnectionReport,
  ExplainedView,
  ExplainReason,
  Explanation,
  HealthState,
  PresenceHealth,
  PresenceMetrics,
  Durations,
  UserReport,
} from './server/report-types.ts';
export { withPresence, type PresenceMessages, type PresenceRoomClient } from './rooms/messages.ts';
export {
  DEFAULTS,
  type Allowed,
  type ClusterOptions,
  type Features,
  type FriendList,
  type Profile,
  type Identity,
  type Ids,
  type JoinOptions,
  type Match,
  type PresenceOptions,
  type Viewer,
} from './options.ts';
export { PresenceConnection, PresenceState, PresenceUser } from './wire/state.ts';
export * from './protocol.ts';
export type { UserIdLike } from './ids.ts';
