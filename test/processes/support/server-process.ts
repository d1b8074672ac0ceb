/**
 * Run as a process of its own by `test/support/processes.ts`: a Colyseus server
 * of a cluster, with its state in Redis, that answers questions of its parent.
 */
import type { Application } from 'express';
import { definePlugins, defineRoom, defineServer, matchMaker, Room } from '@colyseus/core';
import { RedisDriver } from '@colyseus/redis-driver';
import { RedisPresence } from '@colyseus/redis-presence';
import { WebSocketTransport } from '@colyseus/ws-transport';
import {
  MatchPlugin,
  presence,
  PresenceLobbyRoom,
  PresenceRoom,
  type JoinPolicy,
  type PresenceOptions,
} from '../../../src/index.ts';
import type { ClusterStats } from '../../../src/core/ports.ts';
import { currentRuntime } from '../../../src/server/runtime.ts';
import { deliveryOf } from './delivery.ts';
import { resources } from './resources.ts';
// Also installs the tests' way to tell users apart.
import '../../support/server.ts';
import { presenceMonitor } from '../../../src/monitor/index.ts';

/** What the parent gives as the only argument, as JSON. */
export interface ServerSetup {
  name: string;
  port: number;
  redisUrl: string;
  /** Instead of `redisUrl`: a Redis Cluster. */
  redisPorts?: number[];
  /** How wrong its clock is. */
  clockOffsetMs?: number;
  options: PresenceOptions;
  /** Whether it serves the monitor, to anybody. */
  monitor?: boolean;
}

/** The methods of the server API that a parent can call. */
export type ApiMethod =
  | 'start'
  | 'statuses'
  | 'areOnline'
  | 'count'
  | 'countAll'
  | 'setStatus'
  | 'unlockStatus'
  | 'follow'
  | 'unfollow'
  | 'block'
  | 'unblock'
  | 'disconnect'
  | 'health'
  | 'explain'
  | 'overview'
  | 'inspect'
  | 'close';
/** `null` while no presence-aware room runs. */
export type ProcessStats = (ClusterStats & { incarnation: string }) | null;
export type Question =
  | { kind: 'resources' }
  | { kind: 'delivery'; userId: string; connectionId: string }
  | { kind: 'stats' }
  | { kind: 'rooms' }
  | { kind: 'api'; method: ApiMethod; args: unknown[] };
export interface Ask {
  id: number;
  question: Question;
}
export type FromServer = { ready: true } | { id: number; answer: unknown } | { id: number; error: string };

/** A match for two, who hear each other; the server knows them by name. */
class MatchRoom extends Room {
  override maxClients = 2;

  override onCreate(): void {
    this.onMessage('say', (client, text) => {
      this.broadcast('said', { by: (client.auth as { userId: string }).userId, text: String(text) });
    });
    this.onMessage('lock', () => {
      void this.lock();
    });
  }
}

/** A match that says who is in it. */
class ArenaRoom extends Room {
  override maxClients = 4;
  // A seat that nobody takes keeps the room.
  override seatReservationTimeout = 2;
  override plugins = definePlugins([new MatchPlugin({ updateMs: 50, cluster: options.cluster ?? {} })]);

  override onCreate(): void {
    this.onMessage('policy', (_client, policy: JoinPolicy) => {
      this.plugins.match.policy = policy;
    });
    this.onMessage('private', (_client, isPrivate: boolean) => {
      void this.setPrivate(isPrivate);
    });
  }
}

const {
  name,
  port,
  redisUrl,
  redisPorts,
  clockOffsetMs = 0,
  options,
  monitor = false,
} = JSON.parse(process.argv[2] ?? '') as ServerSetup;
const tell = (message: FromServer): void => {
  process.send?.(message);
};

// Colyseus would end the process gracefully, and hide what happened.
process.on('uncaughtExceptionMonitor', (error) => {
  console.error(`FAULT ${String(error)}`);
});
process.on('unhandledRejection', (reason) => {
  console.error(
    `FAULT unhandled rejection: ${reason instanceof Error ? reason.stack?.replaceAll('\n', ' ') : String(reason)}`,
  );
});

const realNow = Date.now.bind(Date);
Date.now = () => realNow() + clockOffsetMs;
const redis = redisPorts?.map((redisPort) => ({ host: '127.0.0.1', port: redisPort })) ?? redisUrl;

const server = defineServer({
  transport: new WebSocketTransport(),
  ...(monitor && {
    express: (app: Application) => {
      app.use('/presence', presenceMonitor({ everyMs: 300 }));
    },
  }),
  presence: new RedisPresence(redis),
  driver: new RedisDriver(redis),
  publicAddress: `127.0.0.1:${port}`,
  // Whoever comes here gets a room here.
  selectProcessIdToCreateRoom: () => Promise.resolve(matchMaker.processId),
  greet: false,
  rooms: {
    presence: defineRoom(PresenceRoom.configure(options)),
    lobby: defineRoom(PresenceLobbyRoom.configure(options)),
    // For players who want to be on this very process.
    [`presence-${name}`]: defineRoom(PresenceRoom.configure(options)),
    [`lobby-${name}`]: defineRoom(PresenceLobbyRoom.configure(options)),
    match: defineRoom(MatchRoom),
    arena: defineRoom(ArenaRoom),
  },
});

async function answer(question: Question): Promise<unknown> {
  switch (question.kind) {
    case 'stats': {
      const cluster = currentRuntime('presence')?.tracker.cluster;
      return cluster === undefined
        ? null
        : ({ ...cluster.stats, incarnation: cluster.incarnation } satisfies ProcessStats);
    }
    case 'delivery':
      return deliveryOf(question.userId, question.connectionId);
    case 'resources':
      return resources();
    case 'rooms':
      return (await matchMaker.query({ processId: matchMaker.processId })).map(({ roomId }) => roomId);
    case 'api': {
      const { method, args } = question;
      const call = presence[method].bind(presence) as (...args: unknown[]) => unknown;
      return call(...args);
    }
  }
}

// The test is gone: nobody else would end this process.
process.on('disconnect', () => {
  process.exit(1);
});
process.on('message', (message: Ask) => {
  answer(message.question).then(
    (value) => {
      tell({ id: message.id, answer: value });
    },
    (error: unknown) => {
      tell({ id: message.id, error: String(error) });
    },
  );
});

await server.listen(port);
tell({ ready: true });
