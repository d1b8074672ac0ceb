/**
 * The messages of `PresenceRoom` inside any game room, for games whose players
 * have only the match's connection. Deltas only: the room's state is its own.
 *
 * Usage:
 *   class MatchRoom extends Room {
 *     plugins = definePlugins([new PresencePlugin({ graceSeconds: 20 })]);
 *   }
 *
 * Ordering: in the room's own `onJoin` the player is connected, and invisible
 * until it has ended, so that a join the room rejects is never seen. Works with
 * any lifecycle method of the room.
 *
 * Race window: Colyseus tells plugins neither of drops nor of returns. The
 * plugin looks once a second, so a dropped player keeps its status up to a
 * second longer, and a returned one gets its snapshot within a second (at
 * once when it calls).
 *
 * A player without an identity, or with too many connections, plays on without
 * presence; its calls answer why (`unauthenticated`, `too_many_connections`).
 */
import { RoomPlugin, type Room } from '@colyseus/core';
import { acquireRuntime } from '../server/runtime.ts';
import { around } from './around.ts';
import { captureContext } from './auth-context.ts';
import { claimMessages } from './claim-messages.ts';
import { PresenceEngine } from './engine.ts';
import { KeptSeats } from './kept-seats.ts';
import { onRoom } from './on-room.ts';
import { presenceMessages, type PresenceMessages } from './messages.ts';
import { resolveOptions, type PresenceOptions, type ResolvedOptions } from '../options.ts';

const RECONCILE_MS = 1000;

export class PresencePlugin extends RoomPlugin {
  override readonly pluginName = 'presence' as const;
  declare messages: PresenceMessages;

  constructor(options: PresenceOptions = {}) {
    super();
    const resolved = resolveOptions(options);
    onRoom(this, (room) => {
      joinRoom(room, resolved);
    });
  }
}

function joinRoom(room: Room, options: ResolvedOptions): void {
  let engine: PresenceEngine | undefined;
  const running = (): PresenceEngine => engine!;
  const kept = new KeptSeats(room, (client) => running().keep(client));
  around(room, {
    onCreate(own, given) {
      engine = new PresenceEngine(acquireRuntime(options), options, false, room);
      claimMessages(
        room,
        presenceMessages((...call) => running().replies.handle(...call)),
      );
      captureContext(room, (client, entrance) => {
        running().noteEntrance(client, entrance);
      });
      room.clock.setInterval(() => {
        running().reconcile((id) => room.clients.get(id));
        running().closeStalled();
      }, RECONCILE_MS);
      return own(given);
    },
    async onJoin(own, client, given, auth) {
      const appear = await running().tryToJoin(client, given, kept.take(client)?.presence);
      await own(client, given, auth);
      appear();
    },
    async onLeave(own, client, code) {
      try {
        await own(client, code);
      } finally {
        // With `await allowReconnection()` in the room's onLeave this is also reached after a successful return.
        const present = room.clients.get(client.sessionId);
        if (present === undefined) {
          running().leave(client, code);
        } else {
          running().refresh(present);
        }
      }
    },
    async onDispose(own) {
      try {
        await own();
      } finally {
        await engine?.dispose();
      }
    },
  });
}
