/** A redis-server of the chaos runs: with a directory of its own, so that it can come back older; as a replica; or in a Redis Cluster. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../support/server.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);

export class RedisNode {
  readonly port: number;
  readonly #directory = mkdtempSync(join(tmpdir(), 'presence-redis-'));
  readonly #extra: readonly string[];
  #server: ChildProcess | undefined;

  private constructor(port: number, extra: readonly string[]) {
    this.port = port;
    this.#extra = extra;
    process.once('exit', () => this.#server?.kill('SIGKILL'));
  }

  static async start(...extra: string[]): Promise<RedisNode> {
    const node = new RedisNode(await freePort(), extra);
    await node.start();
    return node;
  }

  /** With what it last saved. */
  async start(): Promise<void> {
    const options = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    this.#server = spawn('redis-server', [...options, '--dir', this.#directory, ...this.#extra], { stdio: 'ignore' });
    await until(async () => (await this.cli('PING').catch(() => '')) === 'PONG', 'redis-server to answer');
  }

  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined && server.exitCode === null) {
      const exited = once(server, 'exit');
      server.kill('SIGKILL');
      await exited;
    }
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async cli(...command: string[]): Promise<string> {
    return (await run('redis-cli', ['-p', String(this.port), '--raw', ...command])).stdout.trim();
  }
}

/** A Redis Cluster of three masters, each with a replica. */
export async function startRedisCluster(): Promise<RedisNode[]> {
  const nodes = await Promise.all(
    Array.from({ length: 6 }, () =>
      RedisNode.start('--cluster-enabled', 'yes', '--cluster-node-timeout', '1500', '--cluster-port', '0'),
    ),
  );
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  await run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes']);
  await until(
    async () =>
      (await Promise.all(nodes.map(async (node) => node.cli('CLUSTER', 'INFO')))).every((info) =>
        info.includes('cluster_state:ok'),
      ),
    'the Redis Cluster to be complete',
    30_000,
  );
  return nodes;
}
