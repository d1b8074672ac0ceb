import { expect, test } from 'vitest';
import { systemClock } from '../../src/cluster/clock.ts';
import { Pulse } from '../../src/cluster/pulse.ts';

function setup() {
  const time = { now: 1000 };
  return { time, pulse: new Pulse({ ...systemClock, now: () => time.now }) };
}

test('knows nothing before anything has happened', () => {
  const { pulse } = setup();
  expect(pulse.facts(true)).toMatchObject({
    answeredMs: undefined,
    heardMs: undefined,
    behindMs: 0,
    leaseRenewedMs: undefined,
    failed: 0,
    latency: { count: 0 },
  });
});

test('is behind from the first beat without an echo, and while the store is down from what was heard last', () => {
  const { pulse, time } = setup();
  pulse.sent();
  time.now += 100;
  pulse.sent();
  expect(pulse.facts(true).behindMs).toBe(100);
  pulse.heard();
  pulse.echoed();
  time.now += 50;
  expect(pulse.facts(true).behindMs).toBe(0);
  expect(pulse.facts(false).behindMs).toBe(50);
});

test('the lease is held since it was got; one that was lost counts anew', () => {
  const { pulse, time } = setup();
  pulse.renewed(true);
  time.now += 100;
  pulse.renewed(false);
  expect(pulse.facts(true)).toMatchObject({ leaseHeldMs: 100, leaseRenewedMs: 0 });
  time.now += 100;
  pulse.renewed(true);
  expect(pulse.facts(true)).toMatchObject({ leaseHeldMs: 0, leaseRenewedMs: 0 });
});

test('counts how long commands take, and those that fail', () => {
  const { pulse, time } = setup();
  pulse.answered(3);
  pulse.failed();
  time.now += 10;
  expect(pulse.facts(true)).toMatchObject({ answeredMs: 10, failed: 1, latency: { count: 1, sumMs: 3 } });
});

test('a clock that was set back makes no negative time', () => {
  const { pulse, time } = setup();
  pulse.answered(3);
  pulse.heard();
  time.now -= 500;
  expect(pulse.facts(false)).toMatchObject({ answeredMs: 0, heardMs: 0, behindMs: 0 });
});
