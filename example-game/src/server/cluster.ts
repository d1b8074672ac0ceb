/**
 * `npm run start:cluster`: the example on several processes behind ports of
 * their own, joined by Redis. Every process serves the page; friends and
 * matches are found across all of them.
 *
 * Environment: PORT (of the first process; the next ones follow; 0 = any free
 * ports), PROCESSES (default 2), REDIS_URL, PUBLIC_HOST (default localhost),
 * FRIENDS_FILE (an SQLite file that all processes open).
 */
import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { endWithNpm } from './end-with-npm.ts';
import { explain, portFromEnv, probePort } from './ports.ts';
import { findRedis } from './redis.ts';

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));

endWithNpm();
try {
  await main();
} catch (error) {
  console.error(explain(error));
  process.exit(1);
}

async function main(): Promise<void> {
  const first = portFromEnv();
  const count = Math.max(2, Number(process.env['PROCESSES'] ?? 2) || 2);
  const host = process.env['PUBLIC_HOST'] ?? 'localhost';
  if (process.env['FRIENDS_FILE'] === ':memory:') {
    throw new Error('Several processes cannot share ":memory:". Set FRIENDS_FILE to a file.');
  }
  const redis = await findRedis();
  const secret = process.env['JWT_SECRET'] ?? randomBytes(32).toString('hex');
  const workers = new Map<number, ChildProcess>();
  let stopping = false;

  /** Forks a worker; resolves when it listens, rejects when it ends before. */
  const start = async (port: number): Promise<void> => {
    const worker = fork(WORKER, {
      env: {
        ...process.env,
        PORT: String(port),
        PUBLIC_ADDRESS: `${host}:${port}`,
        REDIS_URL: redis.url,
        JWT_SECRET: secret,
      },
    });
    workers.set(port, worker);
    await new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve());
      worker.once('exit', () => reject(new Error(`The process for port ${port} could not start.`)));
    });
    worker.once('exit', () => void replace(port));
  };

  /** A crashed process comes back on the same port; its players' pages reconnect by themselves. */
  const replace = async (port: number): Promise<void> => {
    if (stopping) {
      return;
    }
    console.log(`The process for port ${port} is gone; starting a new one.`);
    await start(port).catch((error: unknown) => {
      console.error(explain(error));
      void stop(1);
    });
  };

  const stop = async (code: number): Promise<void> => {
    if (stopping) {
      return;
    }
    stopping = true;
    await Promise.all(
      [...workers.values()].map(async (worker) => {
        if (worker.exitCode === null && worker.signalCode === null) {
          const gone = new Promise((resolve) => worker.once('exit', resolve));
          worker.kill('SIGTERM');
          await gone;
        }
      }),
    );
    redis.stop();
    process.exit(code);
  };
  process.once('SIGTERM', () => void stop(0));
  process.once('SIGINT', () => void stop(0));

  const ports: number[] = [];
  for (let index = 0; index < count; index++) {
    ports.push(first === 0 ? await probePort(0) : first + index);
  }
  await Promise.all(ports.map(start)).catch(async (error: unknown) => {
    console.error(explain(error));
    await stop(1);
  });
  console.log(`Orbit Rush is running: ${ports.map((port) => `http://${host}:${port}`).join('  ')}`);
}
