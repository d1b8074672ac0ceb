/**
 * `npm run chaos -- [part of a fault's name] [--processes N] [--players N]`: every fault under load, on real
 * processes with a real Redis behind proxies; then a Redis Cluster whose master
 * is killed, and processes whose clocks differ by minutes. Prints a table.
 */
import { parseArgs } from 'node:util';
import { Arena, pause } from './arena.ts';
import { FAULTS, type ChaosFault } from './faults.ts';
import { startRedisCluster } from './redis-node.ts';
import { trial, type Outcome } from './trial.ts';

const BEAT_MS = 1000;
const BOUND_MS = 10_000;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { processes: { type: 'string', default: '3' }, players: { type: 'string', default: '12' } },
});
const processes = Number(values.processes);
/** Per process. */
const playersPerProcess = Number(values.players);
const filter = positionals[0] ?? '';
const OPTIONS = { cluster: { heartbeatMs: BEAT_MS, leaseMs: 3 * BEAT_MS } };

const print = console.log;
console.log = console.info = console.warn = () => undefined;

const outcomes: Array<Outcome & { keys?: number }> = [];
const report = (outcome: Outcome): void => {
  outcomes.push(outcome);
  print(`${outcome.name}: ${JSON.stringify({ ...outcome, name: undefined })}`);
};
const wants = ({ name }: { name: string }): boolean => name.includes(filter);

const wanted = FAULTS.filter(wants);
if (wanted.length > 0) {
  let arena = await Arena.open({ processes, playersPerProcess, options: OPTIONS });
  for (const fault of wanted) {
    try {
      report(await trial(arena, fault, BEAT_MS, BOUND_MS));
    } catch (error) {
      print(`${fault.name}: ${String(error)}`);
    }
    if (fault.isLasting === true || outcomes.at(-1)?.name !== fault.name || outcomes.at(-1)!.wrong > 0) {
      // What stays wrong would spoil the next trial.
      await arena.close();
      arena = await Arena.open({ processes, playersPerProcess, options: OPTIONS });
    }
  }
  print(`keys of users left after everybody has left: ${(await arena.keysLeft()).length}`);
  await arena.close();
}

const skew: ChaosFault = {
  name: 'clocks apart by up to 10 minutes',
  run: async (_, beatMs) => pause(4 * beatMs),
};
if (wants(skew)) {
  const arena = await Arena.open({
    processes: 3,
    playersPerProcess,
    options: OPTIONS,
    clockOffsetsMs: [-300_000, 0, 300_000],
  });
  report(await trial(arena, skew, BEAT_MS, BOUND_MS));
  const { complete, users } = await arena.processes[0]!.api('countAll');
  print(`countAll with these clocks: ${users} of ${arena.players.length} users, complete: ${complete}`);
  await arena.close();
}

const failover: ChaosFault = {
  name: 'Redis Cluster: a master killed, its replica promoted',
  async run({ redis }, beatMs) {
    await redis.kill();
    await pause(8 * beatMs);
  },
};
if (wants(failover)) {
  const nodes = await startRedisCluster();
  const arena = await Arena.open({ processes, playersPerProcess, options: OPTIONS, nodes });
  report(await trial(arena, failover, BEAT_MS, BOUND_MS));
  await arena.close();
}

print('\n| fault | wrong at its end | right again after | still wrong | ghosts | blinks | log lines |');
print('| --- | ---: | ---: | ---: | ---: | ---: | ---: |');
for (const { name, wrongAtEnd, healMs, wrong, ghosts, blinks, logLines } of outcomes) {
  print(
    `| ${name} | ${wrongAtEnd} | ${wrong > 0 ? 'never' : `${(healMs / 1000).toFixed(1)} s`} | ${wrong} | ${ghosts} | ${blinks} | ${logLines} |`,
  );
}
process.exit(outcomes.some(({ wrong, ghosts, blinks }) => wrong + ghosts + blinks > 0) ? 1 : 0);
