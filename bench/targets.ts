/** The numbers to reach, each as a rule over the results. */
import { compare, metricOf, type CaseResult, type ScenarioResult, type Spread, type TargetResult } from './results.ts';

interface Target {
  id: string;
  what: string;
  scenario: string;
  limit: number;
  unit: string;
  value: (at: (name: string) => CaseResult | undefined, cases: CaseResult[]) => Spread | null;
}

const TARGETS: readonly Target[] = [
  {
    id: 'P1u',
    what: 'fan-out, one update in flight, deltas only: CPU per delivery against the bare ws loop',
    scenario: 'fanout-1',
    limit: 1,
    unit: '×',
    value: (at) => compare(at('plugin-deltas'), at('ws'), 'cpuPerDelivery'),
  },
  {
    id: 'P1u',
    what: 'the same, deltas and state',
    scenario: 'fanout-1',
    limit: 1.15,
    unit: '×',
    value: (at) => compare(at('plugin-both'), at('ws'), 'cpuPerDelivery'),
  },
  {
    id: 'P1u',
    what: 'the same: median latency against the bare ws loop',
    scenario: 'fanout-1',
    limit: 1.5,
    unit: '×',
    value: (at) => compare(at('plugin-both'), at('ws'), 'p50Ms'),
  },
  {
    id: 'P1',
    what: 'fan-out, 4 updates in flight, deltas only: CPU per delivery against the bare ws loop',
    scenario: 'fanout',
    limit: 0.4,
    unit: '×',
    value: (at) => compare(at('plugin-deltas'), at('ws'), 'cpuPerDelivery'),
  },
  {
    id: 'P1',
    what: 'the same: median latency against the bare ws loop',
    scenario: 'fanout',
    limit: 1,
    unit: '×',
    value: (at) => compare(at('plugin-both'), at('ws'), 'p50Ms'),
  },
  {
    id: 'P1',
    what: 'fan-out, 16 updates in flight, deltas only: CPU per delivery against the bare ws loop',
    scenario: 'fanout-16',
    limit: 0.12,
    unit: '×',
    value: (at) => compare(at('plugin-deltas'), at('ws'), 'cpuPerDelivery'),
  },
  {
    id: 'P2',
    what: 'storm, all change within 100 ms: CPU per delivery against each delta on its own',
    scenario: 'storm-100ms',
    limit: 0.3,
    unit: '×',
    value: (at) => compare(at('plugin-both'), at('colyseus-raw'), 'cpuPerDelivery'),
  },
  {
    id: 'P2',
    what: 'storm, 10 changes each in 1 s: CPU per delivery against each delta on its own',
    scenario: 'storm-1s',
    limit: 0.3,
    unit: '×',
    value: (at) => compare(at('plugin-both'), at('colyseus-raw'), 'cpuPerDelivery'),
  },
  {
    id: 'P3',
    what: 'spread: CPU per delivery against the bare Colyseus room that sends messages only',
    scenario: 'spread',
    limit: 1,
    unit: '×',
    value: (at) => compare(at('plugin-both'), at('colyseus-raw'), 'cpuPerDelivery'),
  },
  {
    id: 'P3',
    what: 'spread: CPU per delivery against the stock StateView room',
    scenario: 'spread',
    limit: 0.1,
    unit: '×',
    value: (at) => compare(at('plugin-both'), at('stateview'), 'cpuPerDelivery'),
  },
  {
    id: 'P4',
    what: 'flat: CPU per delivery in the large crowd against the small one',
    scenario: 'flat',
    limit: 1.3,
    unit: '×',
    value: (_at, cases) => grown(cases, 'cpuPerDelivery'),
  },
  {
    id: 'P4 net',
    what: 'the same without what the idle sockets cost (pings)',
    scenario: 'flat',
    limit: 1.1,
    unit: '×',
    value: (_at, cases) => grown(cases, 'cpuPerDeliveryNet'),
  },
  {
    id: 'P5',
    what: 'memory per connection with 20 follows (RSS)',
    scenario: 'memory',
    limit: 16,
    unit: 'KB',
    value: (at) => metricOf(at('plugin-both'), 'rssKbPerConnection'),
  },
  {
    id: 'P6',
    what: 'CPU per join against a bare Colyseus room',
    scenario: 'join',
    limit: 1.15,
    unit: '×',
    value: (at) => compare(at('plugin-both'), at('colyseus-raw'), 'cpuMsPerJoin'),
  },
  {
    id: 'P6',
    what: 'CPU of a follow of 100 ids',
    scenario: 'follow',
    limit: 0.4,
    unit: 'ms',
    value: (at) => metricOf(at('plugin-both'), 'cpuMsPerFollow'),
  },
  {
    id: 'P7',
    what: 'follower on the other process: CPU per delivery against a local one',
    scenario: 'cluster',
    limit: 1.3,
    unit: '×',
    value: (at) => compare(at('plugin-both remote 20'), at('plugin-both local 20'), 'cpuPerDelivery'),
  },
  {
    id: 'P7',
    what: 'p99 latency over Redis at 1,000 updates/s',
    scenario: 'cluster',
    limit: 10,
    unit: 'ms',
    value: (at) => metricOf(at('plugin-both remote 20'), 'p99Ms'),
  },
  {
    id: 'P7',
    what: 'Redis commands per status update',
    scenario: 'cluster',
    limit: 2,
    unit: '',
    value: (at) => metricOf(at('plugin-both remote 20'), 'redisCommandsPerUpdate'),
  },
  {
    id: 'P7',
    what: 'Redis commands per local delivery (20 followers against 5)',
    scenario: 'cluster',
    limit: 0.01,
    unit: '',
    value: (at) =>
      compare(
        at('plugin-both local 20'),
        at('plugin-both local 5'),
        'redisCommandsPerUpdate',
        (many, few) => (many - few) / 15,
      ),
  },
  {
    id: 'P8',
    what: 'idle connections, beyond an empty Colyseus room with as many',
    scenario: 'idle',
    limit: 0.5,
    unit: '% of a core',
    value: (at) => compare(at('plugin-both'), at('colyseus-empty'), 'idlePercent', (ours, empty) => ours - empty),
  },
  {
    id: 'P9',
    what: 'one user with 12,500 followers here (50,000 on four processes), 20 updates/s: the event loop is blocked for',
    scenario: 'celebrity',
    limit: 50,
    unit: 'ms',
    value: (at) => metricOf(at('plugin-both'), 'blockedMs'),
  },
];

/** Verdicts on the scenarios that ran. */
export function judge(scenarios: readonly ScenarioResult[]): TargetResult[] {
  return TARGETS.flatMap(({ id, what, scenario, limit, unit, value }) => {
    const ran = scenarios.find(({ name }) => name === scenario);
    if (!ran) {
      return [];
    }
    const spread = value((name) => ran.cases.find((one) => one.name === name), ran.cases);
    return [{ id, what, limit, unit, value: spread, met: spread && spread.median <= limit }];
  });
}

/** The plugin in the last, largest crowd against the first one. */
function grown(cases: CaseResult[], metric: 'cpuPerDelivery' | 'cpuPerDeliveryNet'): Spread | null {
  const ours = cases.filter(({ system }) => system === 'plugin-both');
  return ours.length < 2 ? null : compare(ours.at(-1), ours[0], metric);
}
