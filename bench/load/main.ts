/** The load generator: holds all clients of a session, sends the updates, and checks what arrives. */
import { Agent } from 'node:http';
import { serve } from '../rpc.ts';
import { SYSTEMS, type SystemName, userIdOf } from '../systems.ts';
import { Checker, type Errors, type Tally } from './checker.ts';
import { connectColyseus } from './colyseus.ts';
import type { Connect, Connection, Context, Endpoint } from './connection.ts';
import { closedLoop, type Crowd, drain, openLoop, storm } from './drivers.ts';
import { followsOf, type Graph, usersOf } from './graph.ts';
import { connectPlain } from './plain.ts';
import { connectSocketIo } from './socketio.ts';

export interface LoadPlan {
  system: SystemName;
  graph: Graph;
  /** User `i` connects to endpoint `i < split ? 0 : 1`; one endpoint serves all. */
  endpoints: Endpoint[];
  split?: number;
  /** Joins and follows that may be under way at once. */
  concurrency: number;
}

export interface Range {
  from: number;
  to: number;
}

export interface Report extends Tally {
  errors: Errors;
  /** Microseconds from sending to seeing, over the channel that is slower at p99. */
  p50: number;
  p99: number;
  /** Microseconds of CPU of the load generator since the last `clear`. */
  cpu: number;
}

export type LoadOps = {
  connect: (range: Range) => Promise<void>;
  follow: (range: Range) => Promise<void>;
  disconnect: (range: Range) => void;
  clear: () => void;
  closedLoop: (load: { publishers: number; followers: number; inFlight: number; ms: number }) => Promise<void>;
  openLoop: (load: { rate: number; ms: number; from: number; to: number }) => Promise<void>;
  storm: (load: { users: number; changes: number; overMs: number }) => Promise<void>;
  report: () => Report;
};

const DIALECTS: Record<string, Connect> = { plain: connectPlain, socketio: connectSocketIo, colyseus: connectColyseus };

const plan = JSON.parse(process.argv[2] ?? '{}') as LoadPlan;
const system = SYSTEMS[plan.system];
const users = usersOf(plan.graph);
const follows = Array.from({ length: users }, (_, user) => followsOf(plan.graph, user));
const checker = new Checker(system, follows);
const agent = new Agent({ keepAlive: true, maxSockets: plan.concurrency });
const context: Context = { system, checker, agent };
const connections: Array<Connection | undefined> = Array.from({ length: users });
const crowd: Crowd = { checker, publish: (user) => connections[user]?.publish() };
let cpuBefore = process.cpuUsage();

serve({
  connect: (range) =>
    each(range, async (user) => {
      const endpoint = plan.endpoints[user < (plan.split ?? users) ? 0 : 1]!;
      const connection = await DIALECTS[system.dialect]!(context, endpoint, user);
      connection.socket.onClose = () => checker.errors.closed++;
      connections[user] = connection;
    }),
  follow: async (range) => {
    await each(range, async (user) => {
      const ids = follows[user]!.map(userIdOf);
      if (ids.length > 0 && system.channels.length > 0) {
        await connections[user]?.follow(ids);
      }
    });
    await settled(range);
  },
  disconnect: ({ from, to }) => {
    for (let user = from; user < to; user++) {
      const connection = connections[user];
      if (connection) {
        connection.socket.onClose = () => {};
        connection.leave();
      }
      connections[user] = undefined;
    }
    checker.forget(from, to);
  },
  clear: () => {
    checker.clear();
    cpuBefore = process.cpuUsage();
  },
  closedLoop: (load) => closedLoop(crowd, load).then(() => settled()),
  openLoop: (load) => openLoop(crowd, load).then(() => settled()),
  storm: (load) => storm(crowd, load).then(() => settled()),
  report: () => {
    const slower = checker.channels
      .map((channel) => checker.latency[channel])
      .sort((a, b) => b.percentile(99) - a.percentile(99))[0];
    const cpu = process.cpuUsage(cpuBefore);
    return {
      ...checker.tally,
      errors: checker.errors,
      p50: slower?.percentile(50) ?? 0,
      p99: slower?.percentile(99) ?? 0,
      cpu: cpu.user + cpu.system,
    };
  },
} satisfies LoadOps);

/** Waits until every follower has the last value; a value that never arrives is an error. */
async function settled(range?: Range): Promise<void> {
  checker.errors.wrongLast = await drain(() => checker.behind(range));
}

async function each({ from, to }: Range, work: (user: number) => Promise<void>): Promise<void> {
  let next = from;
  const worker = async () => {
    while (next < to) {
      await work(next++);
    }
  };
  await Promise.all(Array.from({ length: plan.concurrency }, worker));
}
