/** A throw-away Redis for the cluster scenario, and what it was asked to do. */
import { spawn } from 'node:child_process';
import { connect, createServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

export interface TestRedis {
  port: number;
  /** Commands executed since the start, `INFO` left out. */
  commands(): Promise<number>;
  stop(): void;
}

/** Throws a full sentence when there is no redis-server on the PATH. */
export async function startRedis(): Promise<TestRedis> {
  const port = await freePort();
  const server = spawn('redis-server', ['--port', String(port), '--save', '', '--appendonly', 'no'], {
    stdio: 'ignore',
  });
  let failure: Error | null = null;
  server.on('error', () => {
    failure = new Error('The cluster scenario needs redis-server on the PATH.');
  });
  for (let attempt = 0; !(await answers(port)); attempt++) {
    if (failure ?? attempt > 200) {
      throw failure ?? new Error('redis-server did not start within 10 s.');
    }
    await sleep(50);
  }
  return {
    port,
    commands: async () => countCalls(await ask(port, 'INFO commandstats')),
    stop: () => void server.kill('SIGKILL'),
  };
}

function countCalls(stats: string): number {
  let calls = 0;
  for (const [, name, count] of stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)) {
    calls += name === 'info' ? 0 : Number(count);
  }
  return calls;
}

function answers(port: number): Promise<boolean> {
  return ask(port, 'PING').then(
    (reply) => reply.startsWith('+PONG'),
    () => false,
  );
}

/** Sends one inline command on a connection of its own. */
async function ask(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${command}\r\nQUIT\r\n`);
  return text(socket);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
