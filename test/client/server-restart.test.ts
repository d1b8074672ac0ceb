/** Players survive the end of their server process and find each other on the next one. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Client } from '@colyseus/sdk';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { PresenceClient, type PresenceClientOptions } from '../../src/client/index.ts';
import { freePort } from '../support/server.ts';
import { until } from '../support/until.ts';
import { EAGER, friendOf, recordDeltas } from './support.ts';

let port: number;
let server: ChildProcess;
const players: PresenceClient[] = [];

async function start(): Promise<void> {
  server = fork(new URL('./restarting-server.ts', import.meta.url), [String(port)], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  let ready = false;
  server.on('message', (message) => {
    ready ||= message === 'ready';
  });
  await until(() => ready, 'the server to be ready', 20_000);
}

async function stop(signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode === null && server.signalCode === null) {
    const exit = once(server, 'exit');
    server.kill(signal);
    await exit;
  }
}

async function join(token: string, options: PresenceClientOptions = {}): Promise<PresenceClient> {
  const client = new Client(`http://127.0.0.1:${port}`);
  client.auth.token = token;
  const player = await PresenceClient.join(client, 'presence', {
    ...EAGER,
    rejoin: { minMs: 10, maxMs: 100 },
    reconnectMs: 300,
    ...options,
  });
  players.push(player);
  return player;
}

beforeEach(async () => {
  vi.spyOn(console, 'info').mockImplementation(() => undefined);
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  port = await freePort();
  await start();
});
afterEach(async () => {
  await Promise.all(players.splice(0).map((player) => player.leave()));
  await stop('SIGKILL');
  vi.restoreAllMocks();
});

describe('a server that ends', () => {
  test.each(['SIGTERM', 'SIGKILL'] as const)('by %s and comes back costs no friend and no status', async (signal) => {
    const alice = await join('alice', { status: { text: 'here' } });
    const bob = await join('bob', { status: 'b1' });
    await alice.follow(['bob', 'nobody', ...Array.from({ length: 120 }, (_, i) => `user-${i}`)]);
    await bob.follow(['alice']);
    const states: string[] = [];
    alice.onConnectionChange((state) => states.push(state));
    const seen = recordDeltas(bob);

    await stop(signal);
    await until(
      () => alice.connection === 'rejoining' && bob.connection === 'rejoining',
      'the seats to be lost',
      20_000,
    );
    expect(friendOf(alice, 'bob')).toMatchObject({ online: true, stale: true, customStatus: 'b1' });
    const told = bob.setStatus('b2');
    await start();
    await told;
    await until(
      () => [alice, bob].every(({ getSnapshot }) => getSnapshot().every(({ stale }) => !stale)),
      'the lists to be fresh',
      20_000,
    );
    await until(
      () => friendOf(alice, 'bob')?.customStatus === 'b2' && friendOf(bob, 'alice')?.customStatus === '{"text":"here"}',
      'the statuses to be back',
      20_000,
    );

    expect(alice.getSnapshot()).toHaveLength(122);
    expect(states.at(-1)).toBe('online');
    // Gone and come again, or never missed: in any case balanced, and nobody else.
    expect(seen.filter((line) => line.startsWith('-alice'))).toHaveLength(
      seen.filter((line) => line.startsWith('+alice')).length,
    );
  });
});
