/** What is measured: one entry per way to tell followers about a status. */

export type SystemName =
  | 'ws'
  | 'socketio'
  | 'colyseus-empty'
  | 'colyseus-raw'
  | 'stateview'
  | 'plugin-deltas'
  | 'plugin-state'
  | 'plugin-both';

/** Carrier of an update: a message with the change, or a schema patch. */
export type Channel = 'deltas' | 'state';

export interface System {
  label: string;
  /** How the load generator talks to it. */
  dialect: 'plain' | 'socketio' | 'colyseus';
  /** What every follower must receive; the first one is what counts as a delivery. */
  channels: readonly Channel[];
  /** Whether several updates may arrive as one. For the others a skipped value is a loss. */
  merges: boolean;
}

export const SYSTEMS: Readonly<Record<SystemName, System>> = {
  ws: { label: 'bare ws loop', dialect: 'plain', channels: ['deltas'], merges: false },
  socketio: { label: 'socket.io rooms', dialect: 'socketio', channels: ['deltas'], merges: false },
  'colyseus-empty': { label: 'empty Colyseus room', dialect: 'colyseus', channels: [], merges: false },
  'colyseus-raw': { label: 'bare Colyseus, enqueueRaw', dialect: 'colyseus', channels: ['deltas'], merges: false },
  stateview: { label: 'stock StateView room', dialect: 'colyseus', channels: ['state'], merges: true },
  'plugin-deltas': { label: 'plugin, deltas only', dialect: 'colyseus', channels: ['deltas'], merges: true },
  'plugin-state': { label: 'plugin, state only', dialect: 'colyseus', channels: ['state'], merges: true },
  'plugin-both': { label: 'plugin, deltas + state', dialect: 'colyseus', channels: ['deltas', 'state'], merges: true },
};

export const SYSTEM_NAMES = Object.keys(SYSTEMS) as SystemName[];

export function isSystemName(name: string): name is SystemName {
  return Object.hasOwn(SYSTEMS, name);
}

/** Id and token of the user with this index; the same in every process of the bench. */
export function userIdOf(index: number): string {
  return `u${String(index).padStart(5, '0')}`;
}
