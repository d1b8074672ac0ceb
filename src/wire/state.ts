/**
 * The schema state a client sees: its own user and the users it follows. The
 * classes describe the shape (for the SDKs' reflection and for types); the
 * bytes are written by `state-codec.ts`.
 */
import { Encoder, Reflection, schema, t, type SchemaType } from '@colyseus/schema';

export const PresenceConnection = schema(
  {
    connectionId: t.string(),
    status: t.string(),
    /** Empty: not in a match. */
    matchId: t.string(),
    /** The match of the presence, as JSON. Empty: not in a match. */
    match: t.string(),
  },
  'PresenceConnection',
);
export type PresenceConnection = SchemaType<typeof PresenceConnection>;

export const PresenceUser = schema(
  {
    userId: t.string(),
    username: t.string(),
    /** 'online', 'offline' or 'unlogined'. */
    general: t.string(),
    connections: t.map(PresenceConnection),
  },
  'PresenceUser',
);
export type PresenceUser = SchemaType<typeof PresenceUser>;

export const PresenceState = schema(
  {
    /** The own user. */
    me: t.ref(PresenceUser),
    /** Exactly the followed users, offline ones included. */
    users: t.map(PresenceUser),
  },
  'PresenceState',
);
export type PresenceState = SchemaType<typeof PresenceState>;

const handshake: Uint8Array = Uint8Array.from(Reflection.encode(new Encoder(new PresenceState())));

/** The reflection of the state, which a client gets when it joins. */
export function stateHandshake(): Uint8Array {
  return handshake;
}
