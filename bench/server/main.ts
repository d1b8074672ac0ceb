/** The measured process: starts one system and reports its cost. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { serve } from '../rpc.ts';
import type { Running, ServerPlan } from './running.ts';

export interface Memory {
  /** Bytes of the process. */
  rss: number;
  /** Bytes of live objects and of buffers outside the heap. */
  used: number;
}

/** A type, not an interface: it must fit the index signature of `Ops`. */
export type ServerOps = {
  port: () => number;
  /** Microseconds of CPU, user and system, since the process started. */
  cpu: () => number;
  /** After a full collection. */
  memory: () => Promise<Memory>;
  /** The longest time for which the event loop was blocked since the last call, in milliseconds. */
  blockedMs: () => number;
  createRoom: () => Promise<string>;
};

/** The "last resort" collection also returns free pages to the system; otherwise RSS depends on when V8 last returned some. */
const collect = globalThis.gc as
  ((options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void) | undefined;

/** Runs from the first question on: its timer is a cost that no other scenario should bear. */
const delay = monitorEventLoopDelay({ resolution: 1 });

const plan = JSON.parse(process.argv[2] ?? '{}') as ServerPlan;
const running = await start(plan);

serve({
  port: () => running.port,
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  memory: async () => {
    for (let i = 0; i < 3; i++) {
      collect?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { rss, heapUsed, external } = process.memoryUsage();
    return { rss, used: heapUsed + external };
  },
  blockedMs: () => {
    const max = delay.max / 1e6;
    delay.enable();
    delay.reset();
    return max;
  },
  createRoom: () => running.createRoom?.() ?? Promise.reject(new Error(`${plan.system} has no rooms.`)),
} satisfies ServerOps);

/** Imports only what the system needs, so that its memory is its own. */
async function start({ system, redisPort, fault }: ServerPlan): Promise<Running> {
  if (system === 'ws') {
    return (await import('./ws.ts')).startWs(fault);
  }
  if (system === 'socketio') {
    return (await import('./socketio.ts')).startSocketIo();
  }
  const { EmptyRoom, startColyseus } = await import('./colyseus.ts');
  if (system === 'colyseus-empty') {
    return startColyseus(EmptyRoom, redisPort);
  }
  if (system === 'colyseus-raw') {
    return startColyseus((await import('./raw-room.ts')).RawRoom, redisPort);
  }
  if (system === 'stateview') {
    return startColyseus((await import('./view-room.ts')).ViewRoom, redisPort);
  }
  const { MeasuredPresenceRoom, oneRoomFitsAll } = await import('./plugin-room.ts');
  if (redisPort !== undefined) {
    MeasuredPresenceRoom.options = oneRoomFitsAll;
  }
  return startColyseus(MeasuredPresenceRoom, redisPort);
}
