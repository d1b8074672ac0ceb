/** An option that does not exist is refused, wherever it stands: it would be ignored otherwise. */
import { expect, test } from 'vitest';
import { PresenceRoom, type PresenceOptions } from '../src/index.ts';

test.each([
  ['"graceSecond"', { graceSecond: 1 }],
  ['"toString"', { toString: 1 }],
  ['"features.folow"', { features: { folow: false } }],
  ['"cluster.leaseMS"', { cluster: { leaseMS: 1 } }],
])('%s', (name, options) => {
  expect(() => PresenceRoom.configure(options as unknown as PresenceOptions)).toThrow(`${name} is not an option`);
});

test('what exists is accepted, also as undefined', () => {
  const redact: NonNullable<PresenceOptions['redact']> = (_, presence) => presence;
  expect(() => PresenceRoom.configure({ redact, features: { join: false }, cluster: { prefix: 'x' } })).not.toThrow();
  expect(() =>
    PresenceRoom.configure({
      redact: undefined,
      features: undefined,
      cluster: undefined,
    } as unknown as PresenceOptions),
  ).not.toThrow();
});
