/** Options: defaults are filled in; unknown options and invalid values are refused at every level. */
import { describe, expect, test } from 'vitest';
import { PresenceRoom, type PresenceOptions } from '../src/index.ts';
import { DEFAULTS, resolveOptions } from '../src/options.ts';

const resolve = (options: object): unknown => resolveOptions(options);

describe('an option that does not exist', () => {
  test.each([
    ['"graceSecond"', { graceSecond: 1 }],
    ['"toString"', { toString: 1 }],
    ['"folow"', { features: { folow: false } }],
    ['"leaseMS"', { cluster: { leaseMS: 1 } }],
  ])('is refused: %s', (name, options) => {
    expect(() => PresenceRoom.configure(options as unknown as PresenceOptions)).toThrow(`${name} is not an option`);
  });
});

test('what exists is accepted, also as undefined', () => {
  const redact: NonNullable<PresenceOptions['redact']> = (_, presence) => presence;
  expect(() => PresenceRoom.configure({ redact, features: { join: false }, cluster: { prefix: 'x' } })).not.toThrow();
  expect(() => resolve({ redact: undefined, features: undefined, cluster: undefined })).not.toThrow();
});

test('without options the defaults hold; with one, only that changes, in groups as well', () => {
  expect(resolveOptions()).toEqual(DEFAULTS);
  expect(resolve({ graceSeconds: undefined, maxFollows: 500 })).toEqual({ ...DEFAULTS, maxFollows: 500 });
  expect(resolve({ features: { join: false }, cluster: { heartbeatMs: 100 } })).toEqual({
    ...DEFAULTS,
    features: { ...DEFAULTS.features, join: false },
    cluster: { ...DEFAULTS.cluster, heartbeatMs: 100 },
  });
});

describe('a value that makes no sense', () => {
  test.each<[string, object]>([
    ['"maxFollows" must be a number of at least 1, but is the number 0', { maxFollows: 0 }],
    ['"maxFollows" must be a number of at least 1, but is the number NaN', { maxFollows: Number.NaN }],
    ['"maxFollows" must be a number of at least 1, but is "7"', { maxFollows: '7' }],
    ['"graceSeconds" must be a number of at least 0', { graceSeconds: -1 }],
    ['"cluster.leaseMs" must be a number of at least 4000', { cluster: { leaseMs: 3000 } }],
    ['"cluster.prefix" must not be empty', { cluster: { prefix: '' } }],
    ['"evict" must be "reject" or "oldest"', { evict: 'newest' }],
    ['"canFollow" must be a function', { canFollow: true }],
    ['"identify" must be a function', { identify: 'userId' }],
  ])('is refused: %s', (message, options) => {
    expect(() => resolve(options)).toThrow(TypeError);
    expect(() => resolve(options)).toThrow(`The option ${message}`);
  });
});

test.each(['', 'a:u', ':'])('the prefix %j is refused: its keys could be those of another', (prefix) => {
  expect(() => PresenceRoom.configure({ cluster: { prefix } })).toThrow('cluster.prefix');
});
