/** A Redis server for tests: REDIS_URL when one server for all will do, otherwise one of the test's own. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { until } from './until.ts';

const run = promisify(execFile);

export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** Ends it, if the test started it. */
  stop(): Promise<void>;
  /** SIGKILL: what it held is lost. Only with `own`. */
  kill(): Promise<void>;
  /** Starts it again after `kill()`, empty, on the same port. Only with `own`. */
  restart(): Promise<void>;
  /** One command; the answer as `redis-cli` prints it, trimmed. */
  cli(...command: string[]): Promise<string>;
}

let warned = false;

/**
 * Starts a redis-server on a free port, without persistence. `null`, after one
 * line on the console, when there is none on the PATH.
 * @param options.own Never use REDIS_URL: the test kills, restarts or configures the server.
 */
export async function startRedis({ own = false } = {}): Promise<TestRedis | null> {
  const given = process.env['REDIS_URL'];
  if (!own && given !== undefined && given !== '') {
    return givenRedis(given);
  }
  if (!(await isInstalled())) {
    if (!warned) {
      warned = true;
      console.warn('No redis-server on the PATH: the tests that need one are skipped.');
    }
    return null;
  }
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const cli = cliFor(url);
  let server: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    server = spawn(
      'redis-server',
      ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
      { stdio: 'ignore' },
    );
    await until(async () => (await cli('PING').catch(() => '')) === 'PONG', 'redis-server to answer');
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = server;
    server = undefined;
    if (ending !== undefined && ending.exitCode === null) {
      const exited = once(ending, 'exit');
      ending.kill(signal);
      await exited;
    }
  };
  // Nobody is left to stop it when a test run is cut short in the middle.
  const onExit = (): void => {
    server?.kill('SIGKILL');
  };
  process.once('exit', onExit);

  await start();
  return {
    url,
    port,
    cli,
    kill: () => end('SIGKILL'),
    restart: start,
    stop: async () => {
      process.off('exit', onExit);
      // RedisPresence says QUIT at its shutdown without waiting for the answer: a server killed before it answers
      // leaves a rejected promise that nobody holds.
      await until(
        async () => (await cli('CLIENT', 'LIST')).split('\n').length === 1,
        'the clients to have left',
        1000,
      ).catch(() => undefined);
      await end('SIGKILL');
    },
  };
}

function givenRedis(url: string): TestRedis {
  const refuse = (): Promise<never> => Promise.reject(new Error('The server of REDIS_URL is not ours to stop.'));
  return {
    url,
    port: Number(new URL(url).port || 6379),
    cli: cliFor(url),
    stop: () => Promise.resolve(),
    kill: refuse,
    restart: refuse,
  };
}

function cliFor(url: string): (...command: string[]) => Promise<string> {
  return async (...command) => (await run('redis-cli', ['-u', url, '--raw', ...command])).stdout.trim();
}

async function isInstalled(): Promise<boolean> {
  try {
    await run('redis-server', ['--version']);
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
