/**
 * The schema state a client sees: its own user and the users it follows. The
 * classes describe the shape (for the SDKs' reflection and for types); the
 * bytes are written by `state-codec.ts`.
 */
import { Encoder, Reflection, schema, t, type SchemaType } from '@colyseus/schema';

export const ConnectionState = schema(
  {
    connectionId: t.string(),
    status: t.string(),
    /** Empty: not in a match. */
    matchId: t.string(),
  },
  'PresenceConnection',
);
export type ConnectionState = SchemaType<typeof ConnectionState>;

export const UserState = schema(
  {
    userId: t.string(),
    username: t.string(),
    /** 'online', 'offline' or 'unlogined'. */
    general: t.string(),
    connections: t.map(ConnectionState),
  },
  'PresenceUser',
);
export type UserState = SchemaType<typeof UserState>;

export const PresenceState = schema(
  {
    /** The own user. */
    self: t.ref(UserState),
    /** Exactly the followed users, offline ones included. */
    users: t.map(UserState),
  },
  'PresenceState',
);
export type PresenceState = SchemaType<typeof PresenceState>;

const handshake: Uint8Array = Uint8Array.from(Reflection.encode(new Encoder(new PresenceState())));

/** The reflection of the state, which a client gets when it joins. */
export function stateHandshake(): Uint8Array {
  return handshake;
}
