/** The command line of `npm run bench`. */
import { parseArgs } from 'node:util';
import { isSystemName, SYSTEM_NAMES, type SystemName } from './systems.ts';

export interface Arguments {
  /** Smaller and shorter, two minutes in all; the same code. */
  quick: boolean;
  /** Whether to run the scenarios that need a redis-server. */
  cluster: boolean;
  /** Scenario names; null = all. */
  only: string[] | null;
  systems: SystemName[] | null;
  rounds: number;
}

export const USAGE = `npm run bench -- [options]
  --quick             two minutes: smaller crowds, shorter windows, one round
  --only a,b          these scenarios (fanout, fanout-1, fanout-16, storm-100ms, storm-1s, celebrity, spread, flat, memory, join, follow, idle, cluster)
  --systems a,b       these systems (${SYSTEM_NAMES.join(', ')})
  --rounds n          how often every case runs, interleaved (default 3; 1 with --quick)
  --cluster           also two processes over Redis (needs redis-server)`;

/** Throws an Error with a full sentence for anything it does not know. */
export function parseArguments(argv: readonly string[], scenarioNames: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: 'boolean', default: false },
      cluster: { type: 'boolean', default: false },
      only: { type: 'string' },
      systems: { type: 'string' },
      rounds: { type: 'string' },
    },
  });
  const only = values.only?.split(',') ?? null;
  const systems = values.systems?.split(',') ?? null;
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));

  const strange = only?.find((name) => !scenarioNames.includes(name));
  if (strange !== undefined) {
    throw new Error(`"${strange}" is not a scenario; there are ${scenarioNames.join(', ')}.`);
  }
  const unknown = systems?.find((name) => !isSystemName(name));
  if (unknown !== undefined) {
    throw new Error(`"${unknown}" is not a system; there are ${SYSTEM_NAMES.join(', ')}.`);
  }
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error(`"--rounds" takes a whole number of at least 1, not "${values.rounds}".`);
  }
  return {
    quick: values.quick,
    cluster: values.cluster || (only?.includes('cluster') ?? false),
    only,
    systems: systems?.filter(isSystemName) ?? null,
    rounds,
  };
}
