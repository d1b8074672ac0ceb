/** What `PresenceRoom` and `PresenceLobbyRoom` have in common: presence in a room that is nothing else. */
import type { Room } from '@colyseus/core';
import { acquireRuntime } from '../server/runtime.ts';
import { around, type Around } from './around.ts';
import { captureContext } from './auth-context.ts';
import { claimMessages } from './claim-messages.ts';
import { PresenceEngine } from './engine.ts';
import { endForGood, keepSeat } from './grace.ts';
import { guardMessages } from './guard.ts';
import { KeptSeats } from './kept-seats.ts';
import { presenceMessages } from './messages.ts';
import { reasonOf } from '../core/hooks.ts';
import { PresenceSerializer } from '../wire/presence-serializer.ts';
import { PresenceState } from '../wire/state.ts';
import type { ResolvedOptions } from '../options.ts';

/** Milliseconds between two looks for clients that do not read. */
const STALL_CHECK_MS = 1000;

/** Colyseus calls it when the room is constructed, before `onCreate`. */
interface RoomInside {
  __init(): void;
}

/** Call from the constructor of the room. `more`: wrappers around those of presence. */
export function hostPresence(room: Room, options: ResolvedOptions, more: Around = {}): void {
  room.maxClients = options.maxClients;
  room.maxMessagesPerSecond = options.floodLimit;
  const inner = room as unknown as RoomInside;
  const init = inner.__init.bind(room);
  let engine: PresenceEngine | undefined;
  const running = (): PresenceEngine => engine!;
  inner.__init = () => {
    init();
    const kept = new KeptSeats(room, (client) => running().keep(client));
    around(room, {
      onCreate(own, given) {
        engine = open(room, options);
        return own(given);
      },
      async onAuth(own, client, given, context) {
        const auth = kept.of(client)?.auth ?? (await own(client, given, context));
        if (auth) {
          running().authenticate(auth === true ? client.auth : auth);
        }
        return auth;
      },
      async onJoin(own, client, given, auth) {
        endForGood(client);
        const appear = await running().join(client, given, kept.take(client)?.presence);
        await own(client, given, auth);
        appear();
      },
      onDrop(own, client, code) {
        try {
          return own(client, code);
        } finally {
          keepSeat(room, running(), client, code, options.graceSeconds);
        }
      },
      onReconnect(own, client) {
        endForGood(client);
        running().reconnect(client);
        return own(client);
      },
      onLeave(own, client, code) {
        running().leave(client, code);
        return own(client, code);
      },
      async onDispose(own) {
        try {
          await own();
        } finally {
          await engine?.dispose();
        }
      },
    });
    around(room, more);
  };
}

function open(room: Room, options: ResolvedOptions): PresenceEngine {
  if (!(room.state instanceof PresenceState)) {
    throw anotherState(room);
  }
  const runtime = acquireRuntime(options);
  const engine = new PresenceEngine(runtime, options, true, room);
  claimMessages(
    room,
    presenceMessages((...call) => engine.replies.handle(...call)),
    (...message) => {
      engine.replies.handleUnknown(...message);
    },
  );
  captureContext(room, (client, entrance) => {
    engine.noteEntrance(client, entrance);
  });
  guardMessages(
    room,
    (client) => engine.replies.refuses(client),
    (error) => {
      runtime.log.error(`[presence:request_failed] A message failed: ${reasonOf(error)}`);
    },
  );
  room.setSerializer(new PresenceSerializer((client) => engine.fullState(client)));
  room.setSerializer = () => {
    throw anotherState(room);
  };
  room.clock.setInterval(() => {
    engine.closeStalled();
  }, STALL_CHECK_MS);
  void room.setMatchmaking({ unlisted: true });
  return engine;
}

function anotherState(room: Room): TypeError {
  return new TypeError(
    `The state of ${room.constructor.name} is that of presence: for a state of your own, use a Room with \`plugins = definePlugins([new PresencePlugin()])\`.`,
  );
}
