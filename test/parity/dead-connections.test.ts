/**
 * A connection that dies without a word (no FIN) is noticed by the transport's
 * pings: after `pingMaxRetries` unanswered ones, so within
 * `pingMaxRetries` to `pingMaxRetries + 1` intervals. Then the grace begins.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client } from '@colyseus/sdk';
import { WebSocketTransport } from '@colyseus/ws-transport';
import { afterEach, describe, expect, test } from 'vitest';
import { serverRoom } from '../support/drop.ts';
import { person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import { startProxy } from './support/tcp-proxy.ts';

const PING_MS = 100;
const RETRIES = 2;
/** The documented promise, with room for a busy machine. Far below a TCP time-out. */
const NOTICED_MS = (RETRIES + 1) * PING_MS + 3000;

const releases: Array<() => void | Promise<void>> = [];
afterEach(async () => {
  for (const release of releases.splice(0).reverse()) {
    await release();
  }
});

async function serve(graceSeconds: number): Promise<TestServer> {
  const server = await startServer({ graceSeconds }, {}, PING_MS);
  releases.push(() => server.stop());
  return server;
}

/** A player behind a proxy of its own. */
async function behindProxy(server: TestServer, token: string) {
  const proxy = await startProxy(server.port);
  releases.push(() => proxy.stop());
  const client = new Client(`http://127.0.0.1:${proxy.port}`);
  client.auth.token = token;
  const room = await client.joinOrCreate('presence', { status: 'here' });
  room.reconnection.enabled = false;
  room.onMessage('*', () => {});
  return { proxy, room };
}

async function forkClient(server: TestServer, token: string): Promise<{ child: ChildProcess; said: string[] }> {
  const child = fork(fileURLToPath(new URL('./support/frozen-client.ts', import.meta.url)), [server.url, token], {
    silent: true,
  });
  const said: string[] = [];
  child.on('message', (message) => {
    said.push(message as string);
  });
  releases.push(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) {
      await once(child, 'exit');
    }
  });
  await until(() => said.includes('joined'), 'the client process to join', 10_000);
  return { child, said };
}

describe('a connection that breaks silently', () => {
  test('a cut socket (no FIN) is noticed by the pings, and a quiet but living one is kept', async () => {
    const server = await serve(0);
    const ann = await person(server, 'ann');
    const cut = await behindProxy(server, 'cut');
    await behindProxy(server, 'quiet');
    await ann.follow(['cut', 'quiet']);
    cut.proxy.freeze();
    const gone = await until(() => ann.deltas[0], 'the cut socket to be noticed', NOTICED_MS);
    expect(gone).toMatchObject({
      joins: [],
      leaves: [{ userId: 'cut', status: 'here' }],
      users: [{ userId: 'cut', general: 'offline' }],
    });
    expect(ann.statusesOf('quiet')).toEqual(['here']);
    expect(ann.deltas).toHaveLength(1);
  });

  test('a client process frozen by SIGSTOP is noticed within the same time', async () => {
    const server = await serve(0);
    const ann = await person(server, 'ann');
    const { child } = await forkClient(server, 'bob');
    await ann.follow(['bob']);
    expect(ann.statusesOf('bob')).toEqual(['here']);
    child.kill('SIGSTOP');
    const gone = await until(() => ann.deltas[0], 'the frozen client to be noticed', NOTICED_MS);
    expect(gone).toMatchObject({
      joins: [],
      leaves: [{ userId: 'bob' }],
      users: [{ userId: 'bob', general: 'offline' }],
    });
  });

  test('a client that thaws within its grace is back, and its followers have heard nothing', async () => {
    const server = await serve(20);
    const ann = await person(server, 'ann');
    const { child, said } = await forkClient(server, 'bob');
    await ann.follow(['bob']);
    child.kill('SIGSTOP');
    await until(() => serverRoom(ann).clients.length === 1, 'the frozen client to be dropped', NOTICED_MS);
    child.kill('SIGCONT');
    await until(() => said.includes('back'), 'the return', 10_000);
    await ann.settle();
    expect(ann.deltas).toEqual([]);
    expect(ann.statusesOf('bob')).toEqual(['here']);
  });

  test('by default the transport looks every 3 s and gives up after 2 unanswered pings: 6 to 9 s, and then the grace', () => {
    const { pingIntervalMS, pingMaxRetries } = new WebSocketTransport() as unknown as {
      pingIntervalMS: number;
      pingMaxRetries: number;
    };
    expect({ pingIntervalMS, pingMaxRetries }).toEqual({ pingIntervalMS: 3000, pingMaxRetries: 2 });
  });
});
