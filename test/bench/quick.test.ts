/**
 * The benchmark harness itself, on a tiny crowd: it runs end to end, and its
 * checker notices a server that breaks its promise. No timing is asserted.
 */
import { describe, expect, test } from 'vitest';
import { Checker } from '../../bench/load/checker.ts';
import { statusText } from '../../bench/load/marker.ts';
import { renderSvg } from '../../bench/report/svg.ts';
import { renderMarkdown } from '../../bench/report/table.ts';
import { runAll } from '../../bench/runner.ts';
import { type Outcome, underLoad } from '../../bench/scenarios.ts';
import type { Fault } from '../../bench/server/running.ts';
import { SYSTEMS, type SystemName } from '../../bench/systems.ts';

const USERS = 20;
const FOLLOWS = 4;

function tinySpread(system: SystemName, fault?: Fault): Promise<Outcome> {
  return underLoad(
    { system, graph: { kind: 'ring', users: USERS, follows: FOLLOWS }, ...(fault && { fault }) },
    () => Promise.resolve(),
    ({ load }) => load.openLoop({ rate: 400, ms: 300, from: 0, to: USERS }),
  );
}

describe('a whole run', { timeout: 60_000 }, () => {
  test('measures, checks and reports the bare loop and the plugin', async () => {
    const results = await runAll(
      [
        {
          name: 'fanout',
          title: 'tiny fan-out',
          reference: 'ws',
          quickly: [],
          cases: (['ws', 'plugin-both', 'plugin-deltas'] as const).map((system) => ({
            system,
            run: () =>
              underLoad(
                { system, graph: { kind: 'stars', publishers: 2, followers: 9 } },
                () => Promise.resolve(),
                ({ load }) => load.closedLoop({ publishers: 2, followers: 9, inFlight: 2, ms: 300 }),
              ),
          })),
        },
      ],
      { quick: true, rounds: 1 },
      () => {},
    );

    const [scenario] = results.scenarios;
    expect(scenario?.cases.flatMap(({ problems }) => problems)).toEqual([]);
    expect(scenario?.cases.map(({ rounds }) => (rounds[0]?.deliveriesPerSecond ?? 0) > 0)).toEqual([true, true, true]);
    expect(results.targets.map(({ id, value }) => [id, value !== null])).toEqual([
      ['P1', true], // CPU
      ['P1', true], // latency
    ]);
    expect(renderMarkdown(results)).toContain('| plugin, deltas + state |');
    expect(renderSvg(results)).toContain('plugin, deltas + state</text>');
  });

  test.for<SystemName>(['ws', 'socketio', 'colyseus-raw', 'stateview', 'plugin-deltas', 'plugin-state', 'plugin-both'])(
    '%s delivers every update to every follower and to nobody else',
    async (system) => {
      const { metrics, errors, tally } = await tinySpread(system);
      expect(errors).toEqual({
        lost: 0,
        foreign: 0,
        reordered: 0,
        repeated: 0,
        unexpected: 0,
        wrongLast: 0,
        closed: 0,
      });
      expect(tally).toMatchObject({ updates: 120, deliveries: 120 * FOLLOWS });
      // The StateView room sends what changed within a patch interval once: fewer bytes, the busier the machine.
      expect(metrics.bytesPerDelivery).toBeGreaterThan(10);
    },
  );
});

describe('the checker notices', { timeout: 60_000 }, () => {
  test('a delivery that was dropped', async () => {
    const { errors } = await tinySpread('ws', { kind: 'drop', every: 50 });
    expect(errors.lost + errors.wrongLast).toBeGreaterThan(0);
  });

  test('a status sent to someone who does not follow', async () => {
    const { errors } = await tinySpread('ws', { kind: 'foreign', every: 50 });
    expect(errors.foreign).toBeGreaterThan(0);
  });

  test('an old value after a newer one', async () => {
    const { errors } = await tinySpread('ws', { kind: 'stale', every: 50 });
    expect(errors.reordered).toBeGreaterThan(0);
    expect(errors.foreign).toBe(0);
  });

  test('a delivery that came twice', async () => {
    const { errors } = await tinySpread('ws', { kind: 'repeat', every: 50 });
    expect(errors.repeated).toBeGreaterThan(0);
  });
});

describe('merged updates', () => {
  function afterDelta(delta: { joins: string[]; leaves: string[] }): Checker {
    const checker = new Checker(SYSTEMS['plugin-deltas'], [[], [0]]);
    const receive = (text: string, as: 'snapshot' | 'frame') => {
      const bytes = Buffer.from(text);
      if (as === 'snapshot') {
        checker.snapshot(1, bytes, 0, bytes.length);
      } else {
        checker.frame('deltas', 1, bytes, 0, bytes.length, bytes.length);
      }
    };
    receive(statusText(0, 0), 'snapshot');
    for (let i = 0; i < 3; i++) {
      checker.next(0);
    }
    receive(JSON.stringify(delta), 'frame');
    return checker;
  }

  test('count as delivered when the delta takes away what the follower saw last', () => {
    const { tally, errors } = afterDelta({ joins: [statusText(0, 3)], leaves: [statusText(0, 0)] });
    expect(tally).toMatchObject({ deliveries: 3, merged: 2 });
    expect(errors).toMatchObject({ lost: 0, reordered: 0 });
  });

  test('count as lost when the delta takes away something the follower never saw', () => {
    expect(afterDelta({ joins: [statusText(0, 3)], leaves: [statusText(0, 2)] }).errors.lost).toBe(2);
  });

  test('count as lost when the delta takes nothing away', () => {
    expect(afterDelta({ joins: [statusText(0, 3)], leaves: [] }).errors.lost).toBe(2);
  });

  test('leave a follow behind when the last value is missing', () => {
    expect(afterDelta({ joins: [statusText(0, 2)], leaves: [statusText(0, 0)] }).behind()).toBe(1);
  });
});
