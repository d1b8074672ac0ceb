/** With what a client has joined: its token, which `presence:join` shows to the match room's `onAuth`. */
import type { AuthContext, Client, Room } from '@colyseus/core';

type Join = (client: Client, context: AuthContext, ...rest: unknown[]) => unknown;

/**
 * Calls `note` for every client before it joins. Colyseus hands the context to
 * the room's `onAuth` only, and skips that (and the plugins') when the class
 * has a static one of its own, or a subclass replaces it: so it is taken where
 * the transport delivers it.
 */
export function captureContext(room: Room, note: (client: Client, context: AuthContext) => void): void {
  const inner = room as unknown as { _onJoin: Join };
  const join = inner._onJoin;
  inner._onJoin = (client, context, ...rest) => {
    note(client, context);
    return join.call(room, client, context, ...rest);
  };
}
