/** Every scenario with its sizes: the ones of the targets, and smaller ones for a quick look. */
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterScenario } from './cluster.ts';
import { noErrors } from './load/checker.ts';
import type { Graph } from './load/graph.ts';
import { type Case, deliveryMetrics, type Outcome, ready, type Scenario, underLoad } from './scenarios.ts';
import { type Session, withSession } from './session.ts';
import type { SystemName } from './systems.ts';

/** Everybody follows this many in all scenarios but fan-out and follow. */
const FOLLOWS = 20;
/** A multiple of Colyseus's ping interval, so that every window holds as many pings. */
const PING_MS = 3000;

const PLUGIN: readonly SystemName[] = ['plugin-deltas', 'plugin-state', 'plugin-both'];

const MESSAGES_AND_OURS: readonly SystemName[] = ['colyseus-raw', 'plugin-both'];

export function catalog(quick: boolean): Scenario[] {
  return [
    fanOut(quick, 'fanout', 4),
    fanOut(quick, 'fanout-1', 1),
    fanOut(quick, 'fanout-16', 16),
    storms('storm-100ms', quick ? 400 : 1000, { changes: 1, overMs: 100, repeats: quick ? 5 : 10 }),
    storms('storm-1s', quick ? 400 : 1000, { changes: 10, overMs: 1000, repeats: quick ? 1 : 3 }),
    celebrity(quick),
    spread(quick),
    flat(quick),
    memory(quick),
    joins(quick),
    followCalls(quick),
    idle(quick),
    clusterScenario(quick),
  ];
}

/** With one update in flight there is nothing to merge: what remains is the cost of one delivery. */
function fanOut(quick: boolean, name: string, inFlight: number): Scenario {
  const shape = { publishers: 10, followers: 100, inFlight };
  const press = (ms: number) => (session: Session) => session.load.closedLoop({ ...shape, ms });
  return {
    name,
    title: `Fan-out: closed loop, 10 publishers × 100 followers, ${inFlight === 1 ? 'one update' : `${inFlight} updates`} of each in flight`,
    reference: 'ws',
    quickly: inFlight !== 4 ? ['ws', 'plugin-deltas'] : ['ws', 'colyseus-raw', 'plugin-deltas', 'plugin-both'],
    cases: (['ws', 'socketio', 'colyseus-raw', ...PLUGIN] as const).map((system) => ({
      system,
      run: () =>
        underLoad(
          { system, graph: { kind: 'stars', ...shape } },
          press(quick ? 700 : 2000),
          press(quick ? 1500 : 5000),
        ),
    })),
  };
}

/** One user with the followers that one of four processes has of 50,000. */
function celebrity(quick: boolean): Scenario {
  const followers = quick ? 800 : 12_500;
  const press =
    (ms: number) =>
    ({ load }: Session) =>
      load.openLoop({ rate: 20, ms, from: 0, to: 1 });
  const run = (system: SystemName) =>
    withSession({ system, graph: { kind: 'stars', publishers: 1, followers } }, async (session) => {
      await ready(session);
      await press(1000)(session);
      const server = session.servers[0]!;
      await server.blockedMs();
      const measured = await session.measure(() => press(quick ? 1000 : 5000)(session));
      return {
        metrics: { ...deliveryMetrics(measured), blockedMs: await server.blockedMs() },
        errors: measured.errors,
      };
    });
  return {
    name: 'celebrity',
    title: `Celebrity: one user with ${followers} followers, 20 updates/s`,
    reference: 'colyseus-raw',
    quickly: MESSAGES_AND_OURS,
    cases: (['colyseus-raw', 'plugin-deltas', 'plugin-both'] as const).map((system) => ({
      system,
      run: () => run(system),
    })),
  };
}

function storms(
  name: string,
  users: number,
  { changes, overMs, repeats }: { changes: number; overMs: number; repeats: number },
): Scenario {
  const press =
    (times: number) =>
    async ({ load }: Session) => {
      for (let i = 0; i < times; i++) {
        await load.storm({ users, changes, overMs });
      }
    };
  return {
    name,
    title: `Storm: ${users} connections, everyone follows ${FOLLOWS}, everyone changes ${changes === 1 ? 'once' : `${changes} times`} within ${overMs} ms`,
    reference: 'colyseus-raw',
    quickly: MESSAGES_AND_OURS,
    cases: (['socketio', 'colyseus-raw', ...PLUGIN] as const).map((system) => ({
      system,
      run: () =>
        underLoad(
          { system, graph: { kind: 'ring', users, follows: FOLLOWS } },
          press(Math.ceil(repeats / 2)),
          press(repeats),
        ),
    })),
  };
}

/** 100 updates per second in a crowd, and what the same crowd costs when nothing happens. */
async function spreadOver(system: SystemName, users: number, quick: boolean): Promise<Outcome> {
  const windowMs = quick ? PING_MS : 4 * PING_MS;
  const press =
    (ms: number) =>
    ({ load }: Session) =>
      load.openLoop({ rate: 100, ms, from: 0, to: users });
  return withSession({ system, graph: { kind: 'ring', users, follows: FOLLOWS } }, async (session) => {
    await ready(session);
    await press(quick ? 500 : 4000)(session);
    const quiet = await session.measure(() => sleep(quick ? PING_MS : 2 * PING_MS));
    const measured = await session.measure(() => press(windowMs)(session));
    const metrics = deliveryMetrics(measured);
    const idleCpu = (quiet.serverCpu / quiet.seconds) * measured.seconds;
    metrics.cpuPerDeliveryNet = (measured.serverCpu - idleCpu) / Math.max(1, measured.deliveries);
    return { metrics, errors: measured.errors };
  });
}

function spread(quick: boolean): Scenario {
  const users = quick ? 1000 : 4000;
  return {
    name: 'spread',
    title: `Spread: ${users} connections, ${FOLLOWS} follows each, 100 updates/s`,
    reference: 'colyseus-raw',
    quickly: ['colyseus-raw', 'stateview', 'plugin-both'],
    cases: (['socketio', 'colyseus-raw', 'stateview', ...PLUGIN] as const).map((system) => ({
      system,
      run: () => spreadOver(system, users, quick),
    })),
  };
}

function flat(quick: boolean): Scenario {
  const sizes = quick ? [500, 1500] : [1000, 8000];
  return {
    name: 'flat',
    title: `Flatness: the same 100 updates/s and ${FOLLOWS} follows, with ${sizes.join(' and ')} connections`,
    reference: `plugin-both ${sizes[0]}`,
    quickly: ['plugin-both'],
    cases: sizes.flatMap((users) =>
      (['colyseus-raw', 'plugin-both'] as const).map((system): Case => ({
        system,
        variant: String(users),
        run: () => spreadOver(system, users, quick),
      })),
    ),
  };
}

function memory(quick: boolean): Scenario {
  const users = quick ? 1000 : 4000;
  const warm = 200;
  const run = (system: SystemName) =>
    withSession({ system, graph: { kind: 'ring', users, follows: FOLLOWS } }, async ({ servers, load }) => {
      const server = servers[0]!;
      await load.connect({ from: 0, to: warm });
      await load.follow({ from: 0, to: warm });
      await load.disconnect({ from: 0, to: warm });
      await sleep(1000);
      const before = await server.memory();
      await load.connect({ from: 0, to: users });
      await load.follow({ from: 0, to: users });
      const after = await server.memory();
      return {
        metrics: {
          rssKbPerConnection: (after.rss - before.rss) / users / 1024,
          heapKbPerConnection: (after.used - before.used) / users / 1024,
        },
        errors: (await load.report()).errors,
      };
    });
  return {
    name: 'memory',
    title: `Memory: ${users} connections with ${FOLLOWS} follows each`,
    reference: 'colyseus-raw',
    quickly: MESSAGES_AND_OURS,
    cases: (['socketio', 'colyseus-raw', 'stateview', ...PLUGIN] as const).map((system) => ({
      system,
      run: () => run(system),
    })),
  };
}

function joins(quick: boolean): Scenario {
  const warm = quick ? 200 : 500;
  const users = quick ? 500 : 2000;
  const graph: Graph = { kind: 'ring', users, follows: FOLLOWS };
  const run = (system: SystemName) =>
    withSession({ system, graph }, async (session) => {
      await session.load.connect({ from: 0, to: warm });
      const measured = await session.measure(() => session.load.connect({ from: warm, to: users }));
      return {
        metrics: { cpuMsPerJoin: measured.serverCpu / 1000 / (users - warm), othersCores: measured.othersCores },
        errors: measured.errors,
      };
    });
  return {
    name: 'join',
    title: `Join: ${users - warm} connections that set a status as they join`,
    reference: 'colyseus-raw',
    quickly: MESSAGES_AND_OURS,
    cases: (['socketio', 'colyseus-empty', 'colyseus-raw', ...PLUGIN] as const).map((system) => ({
      system,
      run: () => run(system),
    })),
  };
}

function followCalls(quick: boolean): Scenario {
  const targets = 200;
  const warm = targets + (quick ? 60 : 100);
  const users = warm + (quick ? 100 : 300);
  const graph: Graph = { kind: 'audience', targets, users, follows: 100 };
  const run = (system: SystemName) =>
    withSession({ system, graph }, async (session) => {
      await session.load.connect({ from: 0, to: users });
      await session.load.follow({ from: targets, to: warm });
      const measured = await session.measure(() => session.load.follow({ from: warm, to: users }));
      return {
        metrics: { cpuMsPerFollow: measured.serverCpu / 1000 / (users - warm), othersCores: measured.othersCores },
        errors: measured.errors,
      };
    });
  return {
    name: 'follow',
    title: 'Follow: one call with 100 ids, all visible, answered with a snapshot',
    reference: 'colyseus-raw',
    quickly: MESSAGES_AND_OURS,
    cases: (['socketio', 'colyseus-raw', 'stateview', ...PLUGIN] as const).map((system) => ({
      system,
      run: () => run(system),
    })),
  };
}

function idle(quick: boolean): Scenario {
  const users = quick ? 1000 : 5000;
  const graph: Graph = { kind: 'ring', users, follows: FOLLOWS };
  const run = (system: SystemName) =>
    withSession({ system, graph }, async (session) => {
      await ready(session);
      await sleep(quick ? 500 : PING_MS);
      const measured = await session.measure(() => sleep(quick ? PING_MS : 8 * PING_MS));
      const { serverCpu, seconds, othersCores, errors } = measured;
      return {
        metrics: { idlePercent: serverCpu / 1e4 / seconds, othersCores },
        errors: { ...noErrors(), closed: errors.closed },
      };
    });
  return {
    name: 'idle',
    title: `Idle: ${users} connections, nothing happens`,
    reference: 'colyseus-empty',
    quickly: ['colyseus-empty', 'plugin-both'],
    cases: (['colyseus-empty', 'colyseus-raw', 'plugin-both'] as const).map((system) => ({
      system,
      run: () => run(system),
    })),
  };
}
