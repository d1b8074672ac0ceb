/** Colyseus's devMode and hot reload: rooms are recreated, and their clients have presence again at once. */
import { fork, type ChildProcess } from 'node:child_process';
import { on, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePlugins, logger, matchMaker, Room, setDevMode } from '@colyseus/core';
import { Client } from '@colyseus/sdk';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MatchPlugin, PresencePlugin, PresenceRoom } from '../../src/index.ts';
import { PresenceClient } from '../../src/client/index.ts';
import { freePort, startServer, type TestServer } from '../support/server.ts';
import { person } from '../support/person.ts';
import { until } from '../support/until.ts';

class Match extends Room {
  override plugins = definePlugins([new PresencePlugin(), new MatchPlugin()]);
  restored: unknown;
  override onCacheRoom(): unknown {
    return { round: 7 };
  }
  override onRestoreRoom(cached: unknown): void {
    this.restored = cached;
  }
}
class Static extends PresenceRoom {
  static override async onAuth(token: string): Promise<unknown> {
    return { userId: token };
  }
}

beforeEach(() => {
  vi.spyOn(console, 'info').mockImplementation(() => {});
  vi.spyOn(logger, 'debug').mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('a hot reload keeps users, statuses and follows', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startServer({ unverifiedMatches: 'hide' }, { match: Match, static: Static });
    setDevMode(true);
  });
  afterEach(async () => {
    setDevMode(false);
    await server.stop();
  });

  test.each(['presence', 'lobby', 'match', 'static'])('in a %s room, without the helper', async (name) => {
    const ann = await person(server, 'ann', name, { status: 'before' });
    const bob = await person(server, 'bob', 'presence');
    await bob.follow(['ann']);
    await ann.ask('presence:follow', { userIds: ['bob'] });
    for (const one of [ann, bob]) {
      one.reconnectFast();
      one.clear();
    }
    await matchMaker.hotReload();
    for (const one of [ann, bob]) {
      await until(() => one.welcomes.length > 0, 'the welcome');
    }
    await until(() => bob.statusesOf('ann')[0] === 'before', 'the status that was set before');
    await bob.setStatus('after');
    await until(() => ann.statusesOf('bob')[0] === 'after', 'what happens after');
    if (name === 'match') {
      await until(() => bob.sees('ann').some(({ matchId }) => matchId === ann.room.roomId), 'the match');
      const { restored } = matchMaker.getLocalRoomById(ann.room.roomId) as Match;
      expect(restored).toEqual({ round: 7 });
    }
  });

  test('with the helper: no rejoin, and the list is right', async () => {
    const bob = await person(server, 'bob', 'presence', { status: 'here' });
    bob.reconnectFast();
    const friends = await PresenceClient.join(server.client('ann'), 'presence', { status: 'before' });
    await friends.follow(['bob']);
    const { sessionId, reconnection } = friends.room;
    Object.assign(reconnection, { minUptime: 0, minDelay: 1, maxDelay: 20 });
    const phases: string[] = [];
    friends.onConnectionChange((phase) => phases.push(phase));
    await matchMaker.hotReload();
    await until(() => phases.includes('online') && friends.getSnapshot()[0]?.online, 'the list');
    expect(phases).toEqual(['reconnecting', 'online']);
    expect(friends.room.sessionId).toBe(sessionId);
    expect(friends.me?.customStatus).toBe('before');
    await friends.leave();
  });
});

describe('a process in devMode', () => {
  let cwd: string;
  let child: ChildProcess | undefined;
  beforeEach(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'presence-dev-'));
  });
  afterEach(async () => {
    child?.kill('SIGKILL');
    await rm(cwd, { recursive: true });
  });

  async function start(port: number): Promise<void> {
    child = fork(join(import.meta.dirname, 'dev-server.ts'), [String(port)], { cwd, silent: true });
    // Other modules may send messages of their own before: pm2's does, if it is installed.
    for await (const [message] of on(child, 'message')) {
      if (message === 'ready') {
        return;
      }
    }
  }

  test.each<[NodeJS.Signals, string[]]>([
    ['SIGTERM', ['reconnecting', 'online']],
    ['SIGKILL', ['reconnecting', 'rejoining', 'online']],
  ])('that is ended by %s and started again has its players back', async (signal, expected) => {
    const port = await freePort();
    await start(port);
    const joined = await Promise.all(
      ['ann', 'bob'].map(async (name) => {
        const sdk = new Client(`http://127.0.0.1:${port}`);
        sdk.auth.token = name;
        // Longer than this test may take: nobody is to wait for it.
        const friends = await PresenceClient.join(sdk, 'presence', { status: name, reconnectMs: 60_000 });
        Object.assign(friends.room.reconnection, { minUptime: 0, minDelay: 50, maxDelay: 50, maxRetries: 1000 });
        return friends;
      }),
    );
    const [ann, bob] = joined as [PresenceClient, PresenceClient];
    await ann.follow(['bob']);
    const phases: string[] = [];
    ann.onConnectionChange((phase) => phases.push(phase));
    const ended = once(child!, 'exit');
    child!.kill(signal);
    await ended;
    await start(port);
    await until(() => ann.connection === 'online' && bob.connection === 'online', 'the connections');
    await until(() => ann.getSnapshot()[0]?.customStatus === 'bob', 'the friend');
    expect(phases).toEqual(expected);
    await Promise.all(joined.map(async (friends) => friends.leave()));
  });
});
