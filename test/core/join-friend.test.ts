import { describe, expect, test } from 'vitest';
import { reserveSeat, pickMatch, type Matchmaking } from '../../src/core/join-friend.ts';
import type { MatchRecord, Standing } from '../../src/core/match.ts';
import { resolveOptions, type JoinOptions, type PresenceOptions } from '../../src/options.ts';
import { HookError } from '../../src/core/hooks.ts';
import { PresenceError, type JoinReply, type Presence } from '../../src/protocol.ts';

type Shown = Parameters<typeof pickMatch>[0][number];
const shown = (connectionId: string, more: Partial<Presence> = {}, match?: MatchRecord): Shown => ({
  presence: { userId: 'bob', connectionId, status: 'x', ...more },
  match,
});
const RECORD: MatchRecord = { roomId: 'm', name: 'match', players: 1, isPrivate: true };
const SEAT: JoinReply = { name: 'match', sessionId: 's', roomId: 'm', processId: 'p' };
const MATCH = { roomId: 'm', name: 'match', clients: 1, maxClients: 2, metadata: null, locked: false };

function matchmaking(changes: Partial<Matchmaking> = {}): Matchmaking & { reserved: unknown[] } {
  const reserved: unknown[] = [];
  return {
    reserved,
    find: async () => MATCH,
    record: async () => undefined,
    recordOf: async () => undefined,
    authorize: async () => true,
    heldSeat: async () => undefined,
    reserve: async (_, auth) => {
      reserved.push(auth);
      return SEAT;
    },
    ...changes,
  };
}

async function jump(
  made: Matchmaking,
  options: PresenceOptions = {},
  joinOptions: JoinOptions = {},
  standing?: Standing,
): Promise<unknown> {
  const viewer = { userId: 'ann', username: undefined, connectionId: 'c', auth: { userId: 'ann' } };
  return reserveSeat(
    { viewer, target: { presence: shown('b').presence, roomId: 'm', standing }, joinOptions },
    resolveOptions(options),
    made,
  ).catch((error: unknown) =>
    error instanceof HookError ? HookError.name : error instanceof Error && 'code' in error ? error.code : error,
  );
}

describe('pickMatch', () => {
  test('picks the most recent presence in a match, or the one that is named', () => {
    const all = [shown('a', { matchId: 'm1' }), shown('b', { matchId: 'm2' }), shown('c')];
    expect(pickMatch(all, undefined).roomId).toBe('m2');
    expect(pickMatch(all, 'a').roomId).toBe('m1');
    expect(() => pickMatch(all, 'c')).toThrow(expect.objectContaining({ code: 'no_match' }));
    expect(() => pickMatch(all, 'nobody')).toThrow(expect.objectContaining({ code: 'not_visible' }));
  });

  test('a room that says who is in it is joined without its id being shown, unless it is shown that the viewer may not', () => {
    const match = { verified: true, name: 'match', players: 1 } as const;
    expect(pickMatch([shown('a', { match: { ...match, joinable: true } }, RECORD)], undefined).roomId).toBe('m');
    for (const reason of ['full', 'locked'] as const) {
      // The room is asked again.
      expect(pickMatch([shown('a', { match: { ...match, joinable: false, reason } }, RECORD)], undefined).roomId).toBe(
        'm',
      );
    }
    for (const reason of ['policy', 'private'] as const) {
      const one = shown('a', { match: { ...match, joinable: false, reason } }, RECORD);
      expect(() => pickMatch([one], undefined)).toThrow(expect.objectContaining({ code: 'match_denied' }));
    }
  });
});

describe('reserveSeat', () => {
  test('"true" of the match leaves the authentication to it; an auth is handed on, without a session id', async () => {
    const made = matchmaking();
    expect(await jump(made)).toBe(SEAT);
    const other = matchmaking({ authorize: async () => ({ member: true, sessionId: 'stolen' }) });
    expect(await jump(other)).toBe(SEAT);
    expect([made.reserved, other.reserved]).toEqual([[undefined], [{ member: true }]]);
  });

  test('a match that cannot be checked is denied, with a message of this package', async () => {
    const made = matchmaking({ authorize: () => Promise.reject(new Error('secret')) });
    expect(await jump(made)).toBe('match_denied');
    expect(await jump(made, { canJoin: () => false })).toBe('match_denied');
    expect(await jump(made, { authorizeJoin: () => ({ member: true }) })).toBe(SEAT);
    expect(made.reserved).toEqual([{ member: true }]);
  });

  test.each([
    [null, 'match_gone'],
    [{ ...MATCH, clients: 2 }, 'match_full'],
    [{ ...MATCH, locked: true }, 'match_locked'],
  ])('%j → %s', async (match, code) => {
    expect(await jump(matchmaking({ find: async () => match }))).toBe(code);
  });

  test('a reserved seat is returned again, even in a full match, but not to a user that is denied now', async () => {
    const held = { find: async () => ({ ...MATCH, clients: 2, locked: true }), heldSeat: async () => SEAT };
    const made = matchmaking(held);
    expect(await jump(made)).toBe(SEAT);
    expect(made.reserved).toEqual([]);
    expect(await jump(matchmaking({ ...held, authorize: () => Promise.reject(new Error('banned')) }))).toBe(
      'match_denied',
    );
  });

  test('the join options reach the match, as the hook changes them; it may veto', async () => {
    const seen: unknown[] = [];
    const made = matchmaking({
      authorize: async (_match, _viewer, _identify, options) => seen.push(['onAuth', options]),
      reserve: async (_match, _auth, _viewer, options) => {
        seen.push(['seat', options]);
        return SEAT;
      },
    });
    await jump(made, {}, { team: 'red' });
    await jump(
      made,
      { joinOptions: (viewer, match, { team }) => ({ team, by: viewer.userId, to: match.roomId }) },
      { team: 'red' },
    );
    expect(seen).toEqual([
      ['onAuth', { team: 'red' }],
      ['seat', { team: 'red' }],
      ['onAuth', { team: 'red', by: 'ann', to: 'm' }],
      ['seat', { team: 'red', by: 'ann', to: 'm' }],
    ]);
    for (const veto of [false, null, undefined, [], 'no']) {
      expect(await jump(made, { joinOptions: () => veto as false })).toBe('match_denied');
    }
    expect(await jump(made, { joinOptions: () => Promise.reject(new PresenceError('match_full')) })).toBe('match_full');
    expect(await jump(made, { joinOptions: () => Promise.reject(new Error('db')) })).toBe(HookError.name);
    expect(seen).toHaveLength(4);
  });

  test.each(['find', 'heldSeat', 'record', 'authorize', 'reserve'] as const)(
    'a %s that never answers is no hanging promise',
    async (what) => {
      const silent = matchmaking({ [what]: () => new Promise(() => {}) });
      expect(await jump(silent, { hookTimeoutMs: 20 })).toBe(what === 'authorize' ? 'match_denied' : 'unavailable');
    },
  );

  test.each<[said: Partial<MatchRecord> | undefined, standing: Standing | undefined, outcome: unknown]>([
    [undefined, undefined, SEAT],
    [undefined, 'follower', 'no_match'],
    [{}, undefined, 'no_match'],
    [{}, 'follower', SEAT],
    [{ policy: 'followers' }, 'follower', SEAT],
    [{ policy: 'mutual' }, 'friend', SEAT],
    [{ policy: 'mutual' }, 'follower', 'match_denied'],
    [{ policy: 'nobody' }, 'friend', 'match_denied'],
    [{ isPrivate: true }, 'friend', 'match_denied'],
    [{ isPrivate: true, policy: 'followers' }, 'follower', SEAT],
  ])('the room that says %j has the last word on a %s: %j', async (said, standing, outcome) => {
    const record = said && { ...RECORD, isPrivate: false, ...said };
    const made = matchmaking({ record: async () => record });
    expect(await jump(made, {}, {}, standing)).toBe(outcome);
    expect(made.reserved).toHaveLength(outcome === SEAT ? 1 : 0);
  });

  test('a reservation that fails says why, or unavailable', async () => {
    const fails = { reserve: () => Promise.reject(new Error('full')) };
    expect(await jump(matchmaking(fails))).toBe('unavailable');
    let asked = 0;
    const find: Matchmaking['find'] = async () => (asked++ === 0 ? MATCH : null);
    expect(await jump(matchmaking({ ...fails, find }))).toBe('match_gone');
  });
});
