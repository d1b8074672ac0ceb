/** Finds a Redis for the cluster: REDIS_URL, or a redis-server of this machine. */
import { spawn, type ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { probePort } from './ports.ts';

export interface FoundRedis {
  url: string;
  /** Stops it, if it was started here. */
  stop: () => void;
}

const START_TIMEOUT_MS = 8_000;

/** Rejects with a sentence that says what to do when there is no Redis. */
export async function findRedis(): Promise<FoundRedis> {
  const url = process.env['REDIS_URL'];
  if (url !== undefined && url !== '') {
    if (!URL.canParse(url)) {
      throw new Error(`REDIS_URL must look like redis://host:6379, but is "${url}".`);
    }
    const { hostname, port } = new URL(url);
    if (!(await answers(hostname, Number(port || 6379), START_TIMEOUT_MS))) {
      throw new Error(`No Redis answers at REDIS_URL (${hostname}:${port || 6379}).`);
    }
    return { url, stop: () => undefined };
  }
  return startRedis();
}

async function startRedis(): Promise<FoundRedis> {
  const port = await probePort(0);
  // Detached: Ctrl-C reaches the whole process group, and Redis has to outlive the workers' goodbye.
  const child = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    {
      stdio: 'ignore',
      detached: true,
    },
  );
  const stop = (): void => {
    child.kill();
  };
  process.once('exit', stop);
  if (!(await Promise.race([answers('127.0.0.1', port, START_TIMEOUT_MS), ended(child)]))) {
    stop();
    throw new Error(
      'The cluster needs Redis, and there is none: install redis-server, or set REDIS_URL (redis://host:6379). ' +
        'One process works without: npm start',
    );
  }
  return { url: `redis://127.0.0.1:${port}`, stop };
}

async function ended(child: ChildProcess): Promise<false> {
  await new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  return false;
}

/** Whether something accepts connections at the address within the time. */
async function answers(host: string, port: number, timeoutMs: number): Promise<boolean> {
  const end = Date.now() + timeoutMs;
  while (Date.now() < end) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect({ host, port, timeout: 1000 });
      const settle = (result: boolean): void => {
        socket.destroy();
        resolve(result);
      };
      socket
        .once('connect', () => settle(true))
        .once('error', () => settle(false))
        .once('timeout', () => settle(false));
    });
    if (open) {
      return true;
    }
    await sleep(50);
  }
  return false;
}
