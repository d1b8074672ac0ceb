/** Two releases with different formats beside each other, as during a deploy: nobody is seen as gone. */
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { FORMATS } from '../../src/cluster/formats.ts';
import { until } from '../support/until.ts';
import { startStores } from './support/backends.ts';
import { NEXT } from './support/next-format.ts';
import { Processes, type Process } from './support/processes.ts';

const OLD = {};
const NEW = { formats: [...FORMATS, NEXT] as const };
const USERS = Array.from({ length: 20 }, (_, i) => i);
const stores = await startStores();

describe.each(stores)('two releases over %s', (_, store) => {
  let processes: Processes;
  let load: NodeJS.Timeout;
  /** Processes with players who change their status all the time. */
  let busy: Process[];
  let round = 0;

  afterEach(async () => {
    clearInterval(load);
    await processes.stop();
  });
  afterAll(async () => {
    await store.stop();
  });

  const idsOf = ({ cluster }: Process): string[] => USERS.map((i) => `${cluster.incarnation}-${i}`);
  const join = async (name: string, release: object): Promise<Process> => {
    const process = await processes.start(name, { antiEntropyBatch: 10 }, release);
    busy.push(process);
    for (const other of busy) {
      await Promise.all(idsOf(process).map((userId) => other.cluster.watch(userId)));
      await Promise.all(idsOf(other).map((userId) => process.cluster.watch(userId)));
    }
    return process;
  };
  const begin = (): void => {
    processes = new Processes(store);
    busy = [];
    round = 0;
    load = setInterval(() => {
      round++;
      for (const process of busy) {
        for (const userId of idsOf(process)) {
          process.show(userId, `round ${round}`);
        }
      }
    }, 10);
  };
  /** Every process hears of every user of every other, again and again. */
  const allHear = async (): Promise<void> => {
    const since = round;
    await until(
      () =>
        busy.every((one) =>
          busy
            .filter((other) => other !== one)
            .flatMap(idsOf)
            .every((userId) => Number(one.host.statuses(userId)[0]?.slice(6) ?? -1) > since),
        ),
      'all to hear of all',
      10_000,
    );
  };
  const leave = async (process: Process): Promise<void> => {
    busy = busy.filter((one) => one !== process);
    for (const userId of idsOf(process)) {
      process.hide(userId, 'offline');
    }
    await process.cluster.stop();
  };
  const versionOf = async (process: Process): Promise<unknown> => {
    const fields = await process.store.hgetall(`${processes.prefix}:u:${idsOf(process)[0]}`);
    const text = fields?.[process.cluster.incarnation];
    return text === undefined ? undefined : (JSON.parse(text) as { v: unknown }).v;
  };
  const expectNobodyGone = (): void => {
    for (const { host, cluster } of busy) {
      const others = new Set(busy.map((other) => other.cluster.incarnation));
      const gone = host.applied.filter(
        ({ incarnation, register }) => others.has(incarnation) && register.entries.length === 0,
      );
      expect([cluster.incarnation, gone, host.dropped.filter((name) => others.has(name))]).toEqual([
        cluster.incarnation,
        [],
        [],
      ]);
    }
  };
  const lines = ({ log }: Process): string[] => log.map(([, line]) => line);

  test('a deploy under load, and its return', async () => {
    begin();
    const a = await join('A', OLD);
    const b = await join('B', OLD);
    await allHear();

    // The new release comes, one process at a time.
    const c = await join('C', NEW);
    await allHear();
    await leave(a);
    const d = await join('D', NEW);
    await allHear();
    // For longer than the new ones need to be sure of the others.
    const since = round;
    await until(() => round > since + 120, 'some time to pass');
    expect([c, d].map(({ cluster }) => cluster.stats.format)).toEqual([1, 1]);

    await allHear();
    expect(await versionOf(c)).toBe(1);
    expectNobodyGone();

    // The last of the old release goes: from now on the new format is written.
    await leave(b);
    await until(() => c.cluster.stats.format === 2 && d.cluster.stats.format === 2, 'the new format to be written');
    await allHear();
    await until(async () => (await versionOf(c)) === 2, 'it to be stored');
    expectNobodyGone();
    expect([a, b, c, d].flatMap(lines)).toEqual([]);
    expect([a, b, c, d].map(({ cluster }) => cluster.stats.dropped)).toEqual([0, 0, 0, 0]);

    // And back: a process of the old release comes. With its first beat all write so that it can read it.
    const e = await join('E', OLD);
    await allHear();
    expect(await versionOf(c)).toBe(1);
    expectNobodyGone();
    const said = lines(e).map((line) => /Process "(.)" writes version 2 /.exec(line)?.[1]);
    expect(said.filter((one) => one !== 'C' && one !== 'D')).toEqual([]);
    expect(new Set(said).size).toBe(said.length);
    expect([c, d].flatMap(lines)).toEqual([]);
  }, 40_000);

  test('a release that this one cannot read is named once, and nobody of it is offline as a guess', async () => {
    begin();
    const a = await join('A', OLD);
    const b = await join('B', { formats: [NEXT] });
    await until(() => a.cluster.stats.dropped > 100, 'messages to be dropped');
    expect(lines(a)).toHaveLength(1);
    expect(lines(a)[0]).toContain('Process "B" writes version 2 of the format between processes');
    expect((await a.cluster.read(idsOf(b))).size).toBe(0);
    // The other way round: what the older release writes is not in the list either.
    expect(lines(b)).toHaveLength(1);
    expect(lines(b)[0]).toContain('Process "A" writes version 1');
  });
});
