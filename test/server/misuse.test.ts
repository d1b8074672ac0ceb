/** Misuse of the server API and of every option, from JavaScript without types: one sentence each, and nothing done. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as api from '../../src/index.ts';
import {
  DEFAULTS,
  MatchPlugin,
  presence,
  PresenceError,
  PresencePlugin,
  PresenceRoom,
  PresenceServer,
} from '../../src/index.ts';
import { resolveOptions } from '../../src/options.ts';
import { startServer, type TestServer } from '../support/server.ts';

type Loose = Record<string, (...args: unknown[]) => unknown>;

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

/** The words with which a call is refused, in the call or in its promise. */
async function refusal(run: () => unknown, kind: typeof PresenceError | typeof TypeError): Promise<string> {
  let error: unknown;
  try {
    await run();
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(kind);
  const { message } = error as Error;
  expect(message).toMatch(/^[A-Z"w].*[.?]$/);
  expect(message).not.toMatch(/is not a function|Cannot|not iterable|undefined \(/);
  return message;
}

const target: Array<[value: unknown, says: string]> = [
  [undefined, 'undefined'],
  [null, 'null'],
  ['ann', '"ann"'],
  [{ user: 'ann' }, 'an object with the fields user'],
  [{ userId: 1.5 }, 'an object with the fields userId'],
];
const ids: Array<[value: unknown, says: string]> = [
  [undefined, 'undefined'],
  [null, 'null'],
  ['ann', '"ann"'],
  [[null], 'null'],
  [[{ userId: 'ann' }], 'an object with the fields userId'],
];
const id: Array<[value: unknown, says: string]> = [
  [undefined, 'undefined'],
  [null, 'null'],
  ['', '""'],
  [['ann'], 'a list'],
];
const first = (values: typeof ids, ...rest: unknown[]): Array<[unknown[], string]> =>
  values.map(([value, says]) => [[value, ...rest], says]);
const second = (values: typeof ids, one: unknown): Array<[unknown[], string]> =>
  values.map(([value, says]) => [[one, value], says]);
const ann = { userId: 'ann' };

const calls: Record<string, Array<[args: unknown[], says: string]>> = {
  statuses: first(ids),
  areOnline: first(ids),
  countAll: [
    [['1'], '"1"'],
    [[Number.NaN], 'the number NaN'],
    [[-1], 'the number -1'],
  ],
  setStatus: [
    ...first(target, 'x'),
    [[ann], 'undefined'],
    [[ann, 7], 'the number 7'],
    [[ann, { text: 'x' }], 'an object with the fields text'],
    [[ann, 'x', { locked: true }], 'an object with the fields locked'],
  ],
  unlockStatus: [...first(id)],
  follow: [...first(target, ['bob']), ...second(ids, ann)],
  unfollow: [...first(target, ['bob']), ...second(ids, ann)],
  unfollowAll: first(target),
  block: [...first(id, 'bob'), ...second(id, 'ann')],
  unblock: [...first(id, 'bob'), ...second(id, 'ann')],
  refresh: first(target),
  disconnect: first(target),
  on: [
    [['offlin', () => undefined], 'Did you mean "offline"?'],
    [['toString', () => undefined], '"toString"'],
    [[undefined, () => undefined], 'undefined'],
    [['online'], 'undefined'],
    [['online', 'listener'], '"listener"'],
  ],
  metrics: [
    [['json'], '"json"'],
    [[null], 'null'],
    [['toString'], '"toString"'],
  ],
  explain: [
    ...first(
      id.filter(([value]) => !Array.isArray(value)),
      'bob',
    ),
    ...second(id, 'ann'),
    [[{}, 'bob'], 'an empty object'],
  ],
  inspect: first(id),
};

describe('the server API', () => {
  test.each(Object.entries(calls))('%s', async (name, cases) => {
    for (const [args, says] of cases) {
      const call = (): unknown => (presence as unknown as Loose)[name]!(...args);
      expect(await refusal(call, PresenceError), JSON.stringify(args)).toContain(says);
    }
  });

  test('has no other calls', () => {
    const methods = Object.getOwnPropertyNames(PresenceServer.prototype);
    const withoutArguments = ['constructor', 'count', 'health', 'start', 'close', 'overview'];
    expect(new Set(methods)).toEqual(new Set([...Object.keys(calls), ...withoutArguments]));
  });
});

const bad: Array<[options: unknown, says: string]> = [
  [null, 'must be an object, but are null'],
  ['x', 'must be an object, but are "x"'],
  [7, 'must be an object, but are the number 7'],
  [[], 'must be an object, but are a list'],
  [{ graceSecond: 1 }, 'Did you mean "graceSeconds"?'],
  [{ features: true }, 'must be an object, but are true'],
  [{ features: null }, 'must be an object, but are null'],
  [{ features: { folow: true } }, 'Did you mean "follow"?'],
  [{ cluster: 'redis' }, 'must be an object, but are "redis"'],
  [{ cluster: { prefx: 'a' } }, 'Did you mean "prefix"?'],
];

/** For each option that is no hook, what it must not be. */
const values: Record<string, unknown[]> = {
  identify: ['userId', null],
  evict: ['newest', null, true],
  unverifiedMatches: [true, 'never'],
  countResolvedFollows: ['yes', 1, null],
  ...Object.fromEntries(
    Object.entries(DEFAULTS)
      .filter(([, value]) => typeof value === 'number')
      .map(([name]) => [name, ['10', null, Number.NaN, -1, {}, true]]),
  ),
};
const inner: Record<string, unknown[]> = {
  ...Object.fromEntries(Object.keys(DEFAULTS.features).map((name) => [`features.${name}`, ['no', 0, null]])),
  'cluster.enabled': ['yes', 1, null],
  'cluster.prefix': ['', 'a:b', 7, null],
  'cluster.heartbeatMs': ['10', null, 0, Number.NaN, Infinity],
  'cluster.leaseMs': ['10', null, 100, Infinity],
  'cluster.handoffMs': ['10', null, -1, Infinity],
  'cluster.antiEntropyBatch': ['10', null, -1],
};
const hooks = [
  'resolveFollows',
  'profilesOf',
  'canFollow',
  'blockedBy',
  'redact',
  'canInvite',
  'canJoin',
  'joinOptions',
  'authorizeJoin',
];

describe('options', () => {
  test.each(bad)('%j', async (options, says) => {
    for (const use of [
      (): unknown => resolveOptions(options as never),
      (): unknown => PresenceRoom.configure(options as never),
      (): unknown => api.PresenceLobbyRoom.configure(options as never),
      (): unknown => new PresencePlugin(options as never),
    ]) {
      expect(await refusal(use, TypeError)).toContain(says);
    }
  });

  test.each([...Object.entries(values), ...hooks.map((name) => [name, [true, null, 'x', {}]] as const)])(
    '%s',
    async (name, wrong) => {
      for (const value of wrong) {
        const words = await refusal(() => PresenceRoom.configure({ [name]: value }), TypeError);
        expect(words, String(value)).toContain(`"${name}"`);
      }
    },
  );

  test.each(Object.entries(inner))('%s', async (name, wrong) => {
    const [group, option] = name.split('.') as [string, string];
    for (const value of wrong) {
      const words = await refusal(() => PresenceRoom.configure({ [group]: { [option]: value } }), TypeError);
      expect(words, String(value)).toContain(`"${name}"`);
    }
  });

  test('are all in this table', () => {
    const named = [...Object.keys(values), ...Object.keys(inner).map((name) => name.split('.')[0])];
    expect(new Set(named)).toEqual(new Set(Object.keys(DEFAULTS)));
  });

  test('of PresenceServer', async () => {
    for (const [cluster, says] of [
      ['redis', '"redis"'],
      [null, 'null'],
      [{ prefix: 7 }, 'the number 7'],
      [{ prefx: 'a' }, 'Did you mean "prefix"?'],
    ] as const) {
      expect(await refusal(() => new PresenceServer(cluster as never), TypeError)).toContain(says);
    }
  });

  test('of MatchPlugin', async () => {
    for (const [options, says] of [
      [null, 'null'],
      ['everyone', '"everyone"'],
      [{ polcy: 'everyone' }, 'Did you mean "policy"?'],
      [{ policy: 'friends' }, '"friends"'],
      [{ metadata: {} }, 'an empty object'],
      [{ host: 'ann' }, '"ann"'],
      [{ updateMs: '10' }, '"10"'],
      [{ identify: 'id' }, '"identify"'],
      [{ cluster: 7 }, 'the number 7'],
    ] as const) {
      expect(await refusal(() => new MatchPlugin(options as never), TypeError)).toContain(says);
    }
  });
});

test('messages and errors', async () => {
  for (const value of [undefined, null, 'hello', () => undefined]) {
    expect(await refusal(() => api.withPresence(value as never), TypeError)).toContain('withPresence takes');
  }
  expect(await refusal(() => new PresenceError('nope' as never), TypeError)).toContain('"nope"');
});
