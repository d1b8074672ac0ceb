/** The auth context with which a client has joined: `presence:join` passes it to the match room's `onAuth`. */
import { isDevMode, type AuthContext, type Client, type Room } from '@colyseus/core';
import type { Entrance } from '../server/matchmaking.ts';

type Join = (client: Client, context: AuthContext, ...rest: unknown[]) => unknown;

/** Colyseus's private parts that are read here: a seat is `[joinOptions, auth, …]`. */
interface RoomInside {
  _onJoin: Join;
  readonly _reservedSeats: Readonly<Record<string, readonly [unknown, unknown] | undefined>>;
}

/** Colyseus's devMode keeps seats with the auth `{}`. */
function isNone(auth: unknown): boolean {
  const isEmpty = typeof auth === 'object' && auth !== null && Object.keys(auth).length === 0;
  return auth === undefined || auth === null || (isDevMode && isEmpty);
}

/**
 * Calls `note` for every client before it joins. The context is taken where the
 * transport delivers it: Colyseus passes it to the room's `onAuth` only, and does
 * not call that one (nor those of plugins) when the class has a static `onAuth`,
 * or a subclass replaces it.
 */
export function captureContext(room: Room, note: (client: Client, entrance: Entrance) => void): void {
  const inner = room as unknown as RoomInside;
  const join = inner._onJoin;
  inner._onJoin = (client, context, ...rest) => {
    const auth = inner._reservedSeats[client.sessionId]?.[1];
    const roomClass = room.constructor as typeof Room;
    note(client, { context, roomClass, isFromMatchmaking: !isNone(auth) });
    return join.call(room, client, context, ...rest);
  };
}
