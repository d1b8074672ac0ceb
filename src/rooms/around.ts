/**
 * Wraps the methods that Colyseus calls on a room. It wraps those of the instance,
 * so it works whatever the class overrides, with or without `super`, as methods
 * or as properties, and beside any plugin and any `onUncaughtException`.
 */
import type { AuthContext, Client, Room } from '@colyseus/core';

interface Lifecycle {
  onCreate(options: unknown): unknown;
  onAuth(client: Client, options: unknown, context: AuthContext): unknown;
  onJoin(client: Client, options: unknown, auth: unknown): unknown;
  onDrop(client: Client, code: number | undefined): unknown;
  onReconnect(client: Client): unknown;
  onLeave(client: Client, code: number | undefined): unknown;
  onDispose(): unknown;
  onCacheRoom(): unknown;
  onRestoreRoom(cached: unknown): unknown;
}

/** Runs instead of a method of the room. `own` is that method; it does nothing when the room has none. */
export type Around = {
  [K in keyof Lifecycle]?: (own: Lifecycle[K], ...args: Parameters<Lifecycle[K]>) => unknown;
};

type Method = (...args: unknown[]) => unknown;

/** Call it when the room is complete: Colyseus replaces methods until the end of its `__init`. */
export function around(room: Room, wrappers: Around): void {
  const methods = room as unknown as Record<string, Method | undefined>;
  for (const [name, wrapper] of Object.entries(wrappers)) {
    const own = methods[name]?.bind(room) ?? ((): void => {});
    methods[name] = (...args) => (wrapper as Method)(own, ...args);
  }
}

/** Makes the creation of a room fail. Colyseus logs the reason, and the client that asked for the room gets it, too. */
export function refuseToCreate(room: Room, reason: string): void {
  const methods = room as unknown as Record<string, () => void>;
  methods['onCreate'] = () => {
    throw new TypeError(reason);
  };
  methods['onDispose'] = () => {};
}
