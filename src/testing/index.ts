/** `colyseus-presence/testing`: a game with presence under test, for `@colyseus/testing` and any test runner. */
export { bootPresence, type BootOptions, type PlayerOptions, type PresenceGame } from './boot-presence.ts';
export type { TestPlayer } from './test-player.ts';
export { until } from './until.ts';
