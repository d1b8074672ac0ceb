/** What `PresenceRoom` and `PresenceLobbyRoom` have in common when they are created. */
import type { Room } from '@colyseus/core';
import { acquireRuntime } from '../server/runtime.ts';
import { captureContext } from './auth-context.ts';
import { guardMessages } from './guard.ts';
import { reasonOf } from '../core/hooks.ts';
import { PresenceEngine } from './engine.ts';
import { PresenceSerializer } from '../wire/presence-serializer.ts';
import type { ResolvedOptions } from '../options.ts';

/** Milliseconds between two looks for clients that do not read. */
const STALL_CHECK_MS = 1000;

/** An engine for a room whose state is the presence state; call from `onCreate`. */
export function openEngine(room: Room, options: ResolvedOptions): PresenceEngine {
  const runtime = acquireRuntime(options);
  const engine = new PresenceEngine(runtime, options, true, room);
  captureContext(room, (client, entrance) => {
    engine.noteEntrance(client, entrance);
  });
  guardMessages(
    room,
    (client) => engine.replies.refuses(client),
    (error) => {
      runtime.log.error(`presence: a message failed: ${reasonOf(error)}`);
    },
  );
  room.setSerializer(new PresenceSerializer((client) => engine.fullState(client)));
  room.onMessage('*', (client, type, payload) => {
    engine.replies.handleUnknown(client, type, payload);
  });
  room.clock.setInterval(() => {
    engine.closeStalled();
  }, STALL_CHECK_MS);
  return engine;
}
