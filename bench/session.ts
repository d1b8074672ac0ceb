/** One measurement: fresh server process(es), a fresh load generator, torn down afterwards. */
import { cpus } from 'node:os';
import type { LoadOps, LoadPlan, Report } from './load/main.ts';
import type { Errors } from './load/checker.ts';
import { type Graph, usersOf } from './load/graph.ts';
import { Child, type Remote } from './rpc.ts';
import type { ServerOps } from './server/main.ts';
import type { Fault } from './server/running.ts';
import { SYSTEMS, type SystemName } from './systems.ts';

export interface SessionPlan {
  system: SystemName;
  graph: Graph;
  /** Two server processes over this Redis; users from `split` on connect to the second. */
  cluster?: { redisPort: number; split: number };
  fault?: Fault;
}

export interface Session {
  servers: ReadonlyArray<Remote<ServerOps>>;
  load: Remote<LoadOps>;
  users: number;
  /** Runs `work` and tells what it cost the servers and what the load generator measured meanwhile. */
  measure(work: () => Promise<unknown>): Promise<Measured>;
}

export interface Measured extends Report {
  seconds: number;
  /** Microseconds of CPU of all server processes together. */
  serverCpu: number;
  /** Cores that other processes of the machine used meanwhile: how far the figures can be trusted. */
  othersCores: number;
}

/** Joins and follows under way at once: few enough to stay far below the 15 s of a seat reservation. */
const CONCURRENCY = 16;

export async function withSession<T>(plan: SessionPlan, work: (session: Session) => Promise<T>): Promise<T> {
  const { system, graph, cluster, fault } = plan;
  const children: Array<Child<ServerOps> | Child<LoadOps>> = [];
  try {
    const servers: Array<Child<ServerOps>> = [];
    for (let i = 0; i < (cluster ? 2 : 1); i++) {
      const server = await Child.start<ServerOps>(
        new URL('./server/main.ts', import.meta.url),
        {
          system,
          ...(fault && { fault }),
          ...(cluster && { redisPort: cluster.redisPort }),
        },
        ['--expose-gc'],
      );
      servers.push(server);
      children.push(server);
    }
    const load = await Child.start<LoadOps>(new URL('./load/main.ts', import.meta.url), {
      system,
      graph,
      concurrency: CONCURRENCY,
      ...(cluster && { split: cluster.split }),
      endpoints: await Promise.all(
        servers.map(async ({ ops }) => ({
          port: await ops.port(),
          ...(cluster && { roomId: await ops.createRoom() }),
          ...(system.startsWith('plugin') && { join: { sync: syncOf(system) } }),
        })),
      ),
    } satisfies LoadPlan);
    children.push(load);
    return await work(
      sessionOf(
        servers.map(({ ops }) => ops),
        load.ops,
        usersOf(graph),
      ),
    );
  } finally {
    await Promise.all(children.map((child) => child.stop()));
  }
}

function sessionOf(servers: ReadonlyArray<Remote<ServerOps>>, load: Remote<LoadOps>, users: number): Session {
  const cpu = async () => (await Promise.all(servers.map((server) => server.cpu()))).reduce((sum, one) => sum + one, 0);
  return {
    servers,
    load,
    users,
    measure: async (work) => {
      await load.clear();
      const before = await cpu();
      const busyBefore = machineBusyMs();
      const start = performance.now();
      await work();
      const seconds = (performance.now() - start) / 1000;
      const busy = (machineBusyMs() - busyBefore) / 1000 / seconds;
      const serverCpu = (await cpu()) - before;
      const report = await load.report();
      return {
        ...report,
        seconds,
        serverCpu,
        othersCores: Math.max(0, busy - (serverCpu + report.cpu) / 1e6 / seconds),
      };
    },
  };
}

/** Milliseconds that all cores together were busy since the machine started. */
function machineBusyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}

/** The join option by which a client chooses its channels. */
function syncOf(system: SystemName): string {
  const { channels } = SYSTEMS[system];
  return channels.length === 2 ? 'both' : channels[0]!;
}

/** One line that names every kind of error; empty when there is none. */
export function describeErrors(errors: Errors): string {
  return Object.entries(errors)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}
