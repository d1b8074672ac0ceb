/** The client helper against a scripted server: what needs a precise moment, or a server that misbehaves. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PresenceClient, type PresenceClientOptions } from '../../src/client/index.ts';
import type { Delta } from '../../src/protocol.ts';
import { FakeServer, presence, refusal } from './fakes.ts';

let server: FakeServer;
const clients: PresenceClient[] = [];

async function join(options?: PresenceClientOptions): Promise<PresenceClient> {
  const client = await PresenceClient.join(server.client, 'presence', options);
  clients.push(client);
  return client;
}

/** Lets everything that is ready run: promises, and messages of the fake server. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
};
const sent = (type: string): Array<Record<string, unknown>> =>
  server.rooms
    .flatMap((room) => room.sent)
    .filter((each) => each.type === type)
    .map(({ payload }) => payload);
const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'fine',
    (error: unknown) => (error as { code?: unknown }).code,
  );

beforeEach(() => {
  server = new FakeServer();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.leave()));
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('joining', () => {
  it('asks for deltas only, and passes on what the game wants besides', async () => {
    await join({ status: { text: 'hi' }, joinOptions: { region: 'eu' }, resume: 'older' });
    expect(server.methods).toEqual(['joinOrCreate']);
    expect(server.room.options).toEqual({ region: 'eu', sync: 'deltas', status: '{"text":"hi"}', resume: 'older' });
  });

  it('sends no option that was not given, but a null', async () => {
    await join({ sync: 'both', roomMethod: 'join' });
    expect(server.methods).toEqual(['join']);
    expect(server.room.options).toEqual({ sync: 'both' });
    await join({ status: null });
    expect(server.room.options).toEqual({ sync: 'deltas', status: null });
  });

  it('knows who it is when it is done', async () => {
    const friends = await join();
    expect(friends).toMatchObject({
      userId: 'me',
      connectionId: 'own-1',
      connection: 'online',
      me: { userId: 'me' },
    });
    expect(friends.room).toBe(server.room);
  });

  it('hands the room over before its first message', async () => {
    const seen: unknown[] = [];
    server.welcome = null;
    const joining = join({
      onRoom: (room) => {
        seen.push(room);
        room.onMessage('rooms', (list: unknown) => seen.push(list));
      },
    });
    await settle();
    server.room.say('rooms', ['one']);
    server.room.say('presence:welcome', { protocol: 1, userId: 'me', connectionId: 'c', presences: [] });
    await joining;
    expect(seen).toEqual([server.room, ['one']]);
  });

  it('fails in a room that is not presence-aware, and does not stay there', async () => {
    server.welcome = null;
    const joining = code(join({ timeoutMs: 500 }));
    await settle();
    await vi.advanceTimersByTimeAsync(500);
    expect(await joining).toBe('unavailable');
    expect(server.room.left).toEqual([true]);
    await settle();
  });

  it("names the reason when the server's presence refuses", async () => {
    server.onJoin = () => {
      throw new Error('Presence needs a user: client.auth carries no user id. (code: unauthenticated)');
    };
    expect(await code(join())).toBe('unauthenticated');
  });

  it('passes other refusals on as they are', async () => {
    const refused = new Error('no more rooms');
    server.onJoin = () => {
      throw refused;
    };
    await expect(join()).rejects.toBe(refused);
  });

  it('gives a seat back that comes too late', async () => {
    let admit = (): void => undefined;
    server.onJoin = () =>
      new Promise<void>((resolve) => {
        admit = resolve;
      });
    const joining = code(join({ timeoutMs: 500 }));
    await settle();
    await vi.advanceTimersByTimeAsync(500);
    expect(await joining).toBe('unavailable');
    admit();
    await settle();
    expect(server.room.left).toEqual([true]);
  });

  it('refuses a status that cannot travel before it asks for a seat', async () => {
    expect(await code(join({ status: 'x'.repeat(4000) }))).toBe('status_too_long');
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    expect(await code(join({ status: circular }))).toBe('invalid_payload');
    expect(server.attempts).toBe(0);
  });

  it('does not wait for a welcome when only the state is wanted: there is none', async () => {
    server.welcome = null;
    const friends = await join({ sync: 'state' });
    expect(friends).toMatchObject({ me: undefined, userId: '', connection: 'online' });
    await friends.follow(['bob']);
    expect(friends.getSnapshot()).toMatchObject([{ userId: 'bob' }]);
  });
});

describe('following', () => {
  it('sends each id once, and never the own', async () => {
    const friends = await join();
    await friends.follow(['bob', 'me', 'bob', 'ann']);
    expect(sent('presence:follow')).toEqual([{ userIds: ['bob', 'ann'] }]);
  });

  it('sends nothing for nobody', async () => {
    const friends = await join();
    expect(await friends.follow([])).toEqual({ presences: [], evicted: [] });
    expect(await friends.follow(['me'])).toEqual({ presences: [], evicted: [] });
    await friends.unfollow([]);
    expect(server.room.sent).toEqual([]);
  });

  it.each([
    ['an id that is no string', ['ok', 1]],
    ['an empty id', ['ok', '']],
    ['a prototype key', ['ok', '__proto__']],
    ['an id of 129 characters', ['ok', 'x'.repeat(129)]],
    ['no list', 'bob'],
    ['nothing', null],
  ])('sends nothing of a list that is wrong: %s', async (_, ids) => {
    const friends = await join();
    expect(await code(friends.follow(ids as string[]))).toBe('invalid_payload');
    expect(await code(friends.unfollow(ids as string[]))).toBe('invalid_payload');
    expect(server.room.sent).toEqual([]);
  });

  it('splits long lists and puts the answers together', async () => {
    const friends = await join();
    const ids = Array.from({ length: 230 }, (_, i) => `user-${i}`);
    server.presences = [presence('user-0'), presence('user-229', 'last')];
    const result = await friends.follow(ids);
    expect(sent('presence:follow').map(({ userIds }) => (userIds as string[]).length)).toEqual([100, 100, 30]);
    expect(result.presences).toEqual(server.presences);
    expect(friends.getSnapshot().map(({ userId }) => userId)).toEqual(ids);
  });

  it('adapts to a server that allows fewer ids', async () => {
    const friends = await join();
    server.onRequest = (_, { userIds }) => ((userIds as string[]).length > 30 ? refusal('too_many_ids') : undefined);
    await friends.follow(Array.from({ length: 120 }, (_, i) => `user-${i}`));
    expect(friends.getSnapshot()).toHaveLength(120);
    const before = sent('presence:follow').length;
    await friends.follow(Array.from({ length: 50 }, (_, i) => `other-${i}`));
    expect(sent('presence:follow').length - before).toBe(2);
  });

  it('keeps what was followed when a later chunk is refused', async () => {
    const friends = await join();
    server.onRequest = (_, { userIds }) =>
      (userIds as string[]).includes('user-150') ? refusal('too_many_follows') : undefined;
    expect(await code(friends.follow(Array.from({ length: 250 }, (_, i) => `user-${i}`)))).toBe('too_many_follows');
    expect(friends.getSnapshot()).toHaveLength(100);
    expect(sent('presence:follow')).toHaveLength(2);
  });

  it('reports who was evicted, and drops them from the list', async () => {
    const friends = await join();
    await friends.follow(['ann', 'bob']);
    server.onRequest = () => ({ presences: [], users: [], evicted: ['ann'] });
    const changes = vi.fn();
    friends.onFollowsChanged(changes);
    expect(await friends.follow(['cat'])).toEqual({ presences: [], evicted: ['ann'] });
    expect(changes.mock.calls).toEqual([[['cat'], ['ann']]]);
    expect(friends.getSnapshot().map(({ userId }) => userId)).toEqual(['bob', 'cat']);
  });

  it.each([
    ['again after a lost seat', true],
    ['again by a call', false],
  ])('applies answers and deltas in the order of the wire, whoever is followed %s', async (_, isLost) => {
    const friends = await join();
    server.presences = [presence('bob', 'first')];
    await friends.follow(['bob']);
    server.onRequest = (type, _payload, room) => {
      if (type === 'presence:follow') {
        room.say('presence:delta', { leaves: [], joins: [presence('bob', 'before')] });
        // Handled in one go, as the frames of one chunk are.
        return Promise.resolve({ presences: [presence('bob', 'snapshot')], users: [] });
      }
      return undefined;
    };
    server.afterReply = (room) =>
      room.say('presence:delta', { leaves: [presence('bob', 'snapshot')], joins: [presence('bob', 'after')] });
    if (isLost) {
      server.room.end(4001);
      await vi.advanceTimersByTimeAsync(900);
      await settle();
    } else {
      await friends.follow(['bob']);
    }
    expect(friends.getSnapshot()).toMatchObject([{ userId: 'bob', customStatus: 'after', stale: false }]);
  });

  it('ignores deltas about somebody whose follow is not answered yet: the answer is newer', async () => {
    const friends = await join();
    server.onRequest = (type, _, room) => {
      room.say('presence:delta', { joins: [presence('bob', 'older')], leaves: [] });
      return type === 'presence:follow' ? { presences: [presence('bob', 'newer')], users: [] } : undefined;
    };
    await friends.follow(['bob']);
    expect(friends.getSnapshot()).toMatchObject([{ userId: 'bob', customStatus: 'newer' }]);
  });

  it('runs calls in order: an unfollow right after the follow wins', async () => {
    const friends = await join();
    await Promise.all([friends.follow(['bob']), friends.unfollow(['bob'])]);
    expect(server.room.sent.map(({ type }) => type)).toEqual(['presence:follow', 'presence:unfollow']);
    expect(friends.getSnapshot()).toEqual([]);
  });

  it('sends no call before the one before it is answered', async () => {
    const friends = await join();
    const answers: Array<() => void> = [];
    server.onRequest = (type) =>
      type === 'presence:follow'
        ? new Promise((resolve) => {
            answers.push(() => {
              resolve({ presences: [], users: [] });
            });
          })
        : undefined;
    const calls = [friends.follow(['bob']), friends.unfollow(['bob'])];
    await settle();
    expect(server.room.sent).toHaveLength(1);
    answers[0]?.();
    await Promise.all(calls);
    expect(server.room.sent).toHaveLength(2);
  });

  it('forgets the deltas of a follow that failed', async () => {
    const friends = await join();
    server.onRequest = () => refusal('feature_disabled');
    expect(await code(friends.follow(['bob']))).toBe('feature_disabled');
    server.room.say('presence:delta', { joins: [presence('bob', 'early')], leaves: [] });
    server.room.say('presence:snapshot', { userIds: ['bob'], presences: [], users: [] });
    expect(friends.getSnapshot()).toMatchObject([{ userId: 'bob', online: false }]);
  });

  it('fails when even one id is too many', async () => {
    const friends = await join();
    server.onRequest = () => refusal('too_many_ids');
    expect(await code(friends.follow(['a', 'b', 'c']))).toBe('too_many_ids');
    expect(sent('presence:follow').map(({ userIds }) => (userIds as string[]).length)).toEqual([3, 2, 1]);
  });

  it('takes no missing list for everybody', async () => {
    const friends = await join();
    await friends.follow(['bob']);
    await expect(friends.unfollow(undefined as unknown as string[])).rejects.toThrow(TypeError);
    expect(friends.getSnapshot()).toMatchObject([{ userId: 'bob' }]);
    expect(sent('presence:unfollow')).toEqual([]);
  });

  it('unfollows everybody at once, and a list in chunks', async () => {
    const friends = await join();
    const ids = Array.from({ length: 150 }, (_, i) => `user-${i}`);
    await friends.follow(ids);
    await friends.unfollow(ids.slice(0, 120));
    expect(sent('presence:unfollow').map(({ userIds }) => (userIds as string[]).length)).toEqual([100, 20]);
    expect(friends.getSnapshot()).toHaveLength(30);
    await friends.unfollowAll();
    expect(sent('presence:unfollow').at(-1)).toEqual({});
    expect(friends.getSnapshot()).toEqual([]);
  });

  it('treats an answer without the documented shape as nobody online', async () => {
    const friends = await join();
    server.onRequest = () => ({ presences: 'nonsense' });
    await friends.follow(['bob']);
    expect(friends.getSnapshot()).toMatchObject([{ userId: 'bob', online: false }]);
  });
});

describe('rate limits', () => {
  it('are waited out as long as the server says', async () => {
    const friends = await join();
    let refusals = 2;
    server.onRequest = () => (refusals-- > 0 ? refusal('rate_limited', 700) : undefined);
    const following = friends.follow(['bob']);
    await settle();
    expect(sent('presence:follow')).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(699);
    expect(sent('presence:follow')).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(701);
    await following;
    expect(sent('presence:follow')).toHaveLength(3);
  });

  it('that never end are reported, with the time to wait', async () => {
    const friends = await join();
    server.onRequest = () => refusal('rate_limited', 9000);
    const failed = friends.follow(['bob']).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await failed).toMatchObject({ code: 'rate_limited', retryAfterMs: 9000, retryable: true });
    expect(sent('presence:follow')).toHaveLength(4);
  });

  it('do not outlive leave()', async () => {
    const friends = await join();
    server.onRequest = () => refusal('rate_limited', 9000);
    const failed = code(friends.follow(['bob']));
    await settle();
    await friends.leave();
    expect(await failed).toBe('not_joined');
  });
});

describe('querying', () => {
  it('splits by bytes and by count, and puts the parts together', async () => {
    const friends = await join();
    const uuids = Array.from({ length: 500 }, (_, i) => `${String(i).padStart(8, '0')}-0000-4000-8000-000000000000`);
    const users = await friends.getUserStatus(uuids);
    expect(users.map(({ userId }) => userId)).toEqual(uuids);
    expect(sent('presence:query').length).toBeGreaterThan(4);
    await friends.getUserStatus(Array.from({ length: 501 }, (_, i) => `${i}`));
    expect(
      sent('presence:query')
        .slice(-2)
        .map(({ userIds }) => (userIds as string[]).length),
    ).toEqual([500, 1]);
  });

  it('answers what can be seen, and fails only when nothing can', async () => {
    const friends = await join({ maxFrameBytes: 90 });
    server.onRequest = (_, { userIds }) =>
      (userIds as string[]).some((id) => id.startsWith('hidden')) ? refusal('not_visible') : undefined;
    expect(await friends.getUserStatus(['hidden-user-number-1', 'seen', 'hidden-user-number-2'])).toMatchObject([
      { userId: 'seen' },
    ]);
    expect(await code(friends.getUserStatus(['hidden-user-number-1', 'hidden-user-number-2']))).toBe('not_visible');
  });

  it('asks nothing for nobody, and leaves out what cannot be an id', async () => {
    const friends = await join();
    expect(await friends.getUserStatus([])).toEqual([]);
    expect(await code(friends.getUserStatus(['', '__proto__']))).toBe('invalid_payload');
    expect(server.room.sent).toEqual([]);
    expect(await friends.getUserStatus(['', 'bob', 'bob'])).toMatchObject([{ userId: 'bob' }]);
    expect(sent('presence:query')).toEqual([{ userIds: ['bob'] }]);
  });
});

describe('errors of requests', () => {
  it.each([
    ['a refusal', 'feature_disabled', 'feature_disabled'],
    ['a refusal nobody knows', 'moon_phase', 'internal'],
  ])('%s', async (_, refused, expected) => {
    const friends = await join();
    server.onRequest = () => refusal(refused as never);
    const error: unknown = await friends.setStatus('x').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'PresenceError', code: expected });
  });

  it('no answer in time', async () => {
    const friends = await join({ timeoutMs: 2000 });
    server.onRequest = () => new Promise(() => undefined);
    const failed = code(friends.setStatus('x'));
    await vi.advanceTimersByTimeAsync(2000);
    expect(await failed).toBe('unavailable');
  });

  it('a connection that is lost with every sending: it is not sent for ever', async () => {
    const friends = await join();
    server.onRequest = (_, __, room) => {
      room.drop();
      setImmediate(() => room.comeBack());
      return undefined;
    };
    expect(await code(friends.follow(['bob']))).toBe('unavailable');
    expect(sent('presence:follow')).toHaveLength(5);
  });

  it('replies to calls of the application are none of ours', async () => {
    const friends = await join();
    server.onRequest = (_, __, room) => {
      room.say('presence:reply', { cid: 0, ok: false, error: { code: 'internal' } });
      room.say('presence:reply', { cid: '0', ok: true });
      room.say('presence:reply', null);
      return refusal('too_many_follows');
    };
    expect(await code(friends.follow(['bob']))).toBe('too_many_follows');
  });

  it('one failed follow does not make the next one fail', async () => {
    const friends = await join();
    server.onRequest = () => refusal('too_many_follows');
    const first = code(friends.follow(['bob']));
    const second = friends.follow([]);
    expect(await first).toBe('too_many_follows');
    await second;
    server.onRequest = () => undefined;
    await friends.follow(['cat']);
    await friends.unfollow(['cat']);
    await friends.follow(['dan']);
    expect(friends.getSnapshot()).toMatchObject([{ userId: 'dan' }]);
  });
});

describe('a dropped connection', () => {
  it('keeps the list, marks it, and says so', async () => {
    const friends = await join();
    server.presences = [presence('bob', 'hi')];
    await friends.follow(['bob']);
    const states: unknown[] = [];
    const changed = vi.fn();
    friends.onConnectionChange((state) => states.push([state, friends.getSnapshot()[0]?.stale]));
    friends.subscribe(changed);
    server.room.drop();
    server.room.drop();
    expect(states).toEqual([['reconnecting', true]]);
    expect(changed).toHaveBeenCalledOnce();
    expect(friends.connection).toBe('reconnecting');
    expect(friends.getSnapshot()).toMatchObject([{ userId: 'bob', online: true, customStatus: 'hi', stale: true }]);
  });

  it('turns what was missed into joins and leaves on return', async () => {
    const friends = await join();
    server.presences = [presence('ann'), presence('bob', 'hi'), presence('cat')];
    await friends.follow(['ann', 'bob', 'cat']);
    const deltas: Delta[] = [];
    friends.onDelta((delta) => deltas.push(delta));
    server.room.drop();
    server.room.comeBack();
    await settle();
    expect(friends.connection).toBe('online');
    server.room.say('presence:snapshot', {
      userIds: ['me', 'ann', 'bob', 'cat'],
      presences: [presence('ann'), presence('bob', 'ho')],
      users: [{ userId: 'cat', general: 'offline' }],
      complete: true,
    });
    expect(deltas).toEqual([
      {
        leaves: [presence('bob', 'hi'), presence('cat')],
        joins: [presence('bob', 'ho')],
        users: [{ userId: 'cat', general: 'offline' }],
      },
    ]);
    expect(friends.getSnapshot().every(({ stale }) => !stale)).toBe(true);
    expect(server.attempts).toBe(1);
    expect(sent('presence:follow')).toHaveLength(1);
  });

  it('makes calls wait, and repeats those it cut short', async () => {
    const friends = await join();
    const answers: Array<(value: unknown) => void> = [];
    server.onRequest = () =>
      answers.length === 0
        ? new Promise((resolve) => {
            answers.push(resolve);
          })
        : undefined;
    const cut = friends.follow(['bob']);
    await settle();
    server.room.drop();
    const waiting = friends.setStatus('later');
    await settle();
    expect(server.room.sent).toHaveLength(1);
    server.room.comeBack();
    await Promise.all([cut, waiting]);
    expect(server.room.sent.map(({ type }) => type).sort()).toEqual([
      'presence:follow',
      'presence:follow',
      'presence:status',
    ]);
  });

  it('is over, for listeners, when the server knows that we are back', async () => {
    const friends = await join();
    const answers: unknown[] = [];
    friends.onConnectionChange((state) => {
      if (state === 'online') {
        answers.push(friends.setStatus('x'));
      }
    });
    server.room.drop();
    server.room.comeBack();
    await settle();
    expect(await Promise.all(answers)).toHaveLength(1);
    expect(sent('presence:status')).toHaveLength(1);
  });

  it('fails calls that wait too long, counted from the call', async () => {
    const friends = await join({ timeoutMs: 2000 });
    server.room.drop();
    await vi.advanceTimersByTimeAsync(5000);
    const failed = [code(friends.follow(['ann'])), code(friends.follow(['bob'])), code(friends.getUserStatus(['bob']))];
    let done: unknown;
    void (async () => {
      done = await Promise.all(failed);
    })();
    await vi.advanceTimersByTimeAsync(1900);
    expect(done).toBeUndefined();
    await vi.advanceTimersByTimeAsync(200);
    expect(done).toEqual(['not_joined', 'not_joined', 'not_joined']);
    expect(server.room.sent).toEqual([]);
  });

  it('is noticed by a call before the SDK says so', async () => {
    const friends = await join();
    server.room.connection.isOpen = false;
    const waiting = friends.setStatus('x');
    await settle();
    expect(server.room.sent).toEqual([]);
    server.room.drop();
    server.room.comeBack();
    await waiting;
    expect(sent('presence:status')).toEqual([{ status: 'x' }]);
  });

  it('sends only the last of several statuses set meanwhile', async () => {
    const friends = await join();
    server.room.drop();
    const calls = [friends.setStatus('a'), friends.setStatus('b'), friends.setStatus(null)];
    server.room.comeBack();
    await Promise.all(calls);
    expect(sent('presence:status')).toEqual([{ status: null }]);
  });

  it('that does not come back in time counts as a lost seat', async () => {
    const friends = await join({ reconnectMs: 4000 });
    const { room } = server;
    room.drop();
    await vi.advanceTimersByTimeAsync(3000);
    room.drop();
    await vi.advanceTimersByTimeAsync(999);
    expect(friends.connection).toBe('reconnecting');
    await vi.advanceTimersByTimeAsync(1);
    expect(friends.connection).toBe('rejoining');
    await vi.advanceTimersByTimeAsync(900);
    await settle();
    expect(friends.connection).toBe('online');
    expect(friends.room).toBe(server.room);
    room.comeBack();
    await settle();
    expect(room.left).toEqual([true]);
    expect(server.attempts).toBe(2);
  });

  it('that came back is not given up later', async () => {
    const friends = await join({ reconnectMs: 4000 });
    server.room.drop();
    server.room.comeBack();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(friends.connection).toBe('online');
    expect(server.attempts).toBe(1);
  });

  it('still hides whoever wanted to be invisible, even after that call gave up', async () => {
    const friends = await join({ status: 'here', timeoutMs: 1000 });
    server.room.drop();
    const failed = code(friends.setStatus(null));
    await vi.advanceTimersByTimeAsync(1000);
    expect(await failed).toBe('not_joined');
    server.room.comeBack();
    await settle();
    expect(sent('presence:status')).toEqual([{ status: null }]);
  });
});

describe('a lost seat', () => {
  const lose = async (wait = 900): Promise<void> => {
    server.room.end(4001);
    await vi.advanceTimersByTimeAsync(wait);
    await settle();
  };

  it('is asked for again, with the status, the identity and the follows of before', async () => {
    const friends = await join({ status: '', joinOptions: { region: 'eu' }, roomMethod: 'create' });
    await friends.setStatus({ text: 'Playing' });
    server.presences = [presence('bob', 'hi')];
    await friends.follow(Array.from({ length: 120 }, (_, i) => `user-${i}`));
    await friends.follow(['bob']);
    const old = server.room;
    const states: string[] = [];
    const rooms: unknown[] = [];
    friends.onConnectionChange((state) => states.push(state));
    friends.subscribe(() => rooms.push(friends.room));
    await lose();
    expect(server.room).not.toBe(old);
    expect(server.methods).toEqual(['create', 'create']);
    expect(server.room.options).toEqual({
      region: 'eu',
      sync: 'deltas',
      status: '{"text":"Playing"}',
      resume: 'own-1',
    });
    expect(states).toEqual(['rejoining', 'online']);
    expect(server.room.sent.map(({ payload }) => (payload['userIds'] as string[]).length)).toEqual([100, 21]);
    expect(friends.room).toBe(server.room);
    expect(friends.connectionId).toBe('own-1');
    expect(friends.getSnapshot().every(({ stale }) => !stale)).toBe(true);
  });

  it('tells what was missed, and nothing else', async () => {
    const friends = await join();
    server.presences = [presence('ann'), presence('bob', 'hi'), presence('cat')];
    await friends.follow(['ann', 'bob', 'cat']);
    const [ann] = friends.getSnapshot();
    const deltas: Delta[] = [];
    const changes = vi.fn();
    friends.onDelta((delta) => deltas.push(delta));
    friends.onUserStatusChanged(changes);
    friends.onFollowsChanged(changes);
    server.presences = [presence('ann'), presence('bob', 'ho')];
    await lose();
    expect(deltas).toEqual([
      {
        leaves: [presence('bob', 'hi'), presence('cat')],
        joins: [presence('bob', 'ho')],
        users: [{ userId: 'cat', general: 'unlogined' }],
      },
    ]);
    expect(changes.mock.calls).toEqual([
      [
        [
          { userId: 'bob', general: 'online', customStatus: 'ho', me: false },
          { userId: 'cat', general: 'unlogined', customStatus: '', me: false },
        ],
      ],
    ]);
    expect(friends.getSnapshot()[0]).toEqual(ann);
  });

  it('is asked for with growing, random delays until it succeeds', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const friends = await join({ rejoin: { minMs: 100, maxMs: 1000 } });
    const times: number[] = [];
    server.onJoin = (attempt) => {
      times.push(performance.now());
      if (attempt < 6) {
        throw new Error('connect ECONNREFUSED');
      }
    };
    const start = performance.now();
    server.room.end(1006);
    await vi.advanceTimersByTimeAsync(5000);
    await settle();
    expect(friends.connection).toBe('online');
    expect(times.map((time) => Math.round(time - start))).toEqual([300, 1200, 2200, 3200, 4200]);
    vi.restoreAllMocks();
  });

  it('is given up after the configured attempts, with the reason', async () => {
    const friends = await join({ rejoin: { minMs: 10, maxMs: 10, attempts: 3 } });
    const states: unknown[] = [];
    friends.onConnectionChange((state, error) => states.push([state, (error as Error | undefined)?.message]));
    server.onJoin = () => {
      throw new Error('still down');
    };
    await lose(100);
    expect(states).toEqual([
      ['rejoining', undefined],
      ['closed', 'still down'],
    ]);
    expect(server.attempts).toBe(4);
    expect(await code(friends.setStatus('x'))).toBe('not_joined');
  });

  it('is given up at once when rejoining is switched off, or the server does not know us any more', async () => {
    const never = await join({ rejoin: { attempts: 0 } });
    await lose();
    expect(never.connection).toBe('closed');
    const stranger = await join();
    server.onJoin = () => {
      throw new Error('Presence needs a user. (code: unauthenticated)');
    };
    await lose();
    expect(stranger.connection).toBe('closed');
    expect(server.attempts).toBe(3);
  });

  it.each([1000, 4000])('is not asked for again when somebody ended it on purpose: %d', async (number) => {
    const friends = await join();
    server.room.end(number);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(friends.connection).toBe('closed');
    expect(server.attempts).toBe(1);
  });

  it('that is lost again while joining is asked for once more', async () => {
    const friends = await join({ status: 'x' });
    server.welcome = null;
    await lose();
    server.room.drop();
    server.room.end(1006);
    await settle();
    server.welcome = { protocol: 1, userId: 'me', presences: [] };
    await vi.advanceTimersByTimeAsync(2700);
    await settle();
    expect(server.attempts).toBe(3);
    expect(friends.connection).toBe('online');
    expect(server.rooms.map(({ left }) => left)).toEqual([[], [], []]);
  });

  it('does not come back after leave(), even if the join was under way', async () => {
    const friends = await join();
    let admit = (): void => undefined;
    server.onJoin = () =>
      new Promise<void>((resolve) => {
        admit = resolve;
      });
    await lose();
    expect(server.attempts).toBe(2);
    await friends.leave();
    admit();
    await settle();
    expect(server.rooms).toHaveLength(2);
    expect(server.room.left).toEqual([true]);
    expect(friends.connection).toBe('closed');
  });

  it('waits between attempts as before when a seat does not hold', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    await join();
    await lose(900);
    expect(server.attempts).toBe(2);
    await lose(900);
    expect(server.attempts).toBe(2);
    await vi.advanceTimersByTimeAsync(1800);
    await settle();
    expect(server.attempts).toBe(3);
    await vi.advanceTimersByTimeAsync(10_000);
    await lose(900);
    expect(server.attempts).toBe(4);
    vi.restoreAllMocks();
  });

  it('follows again later whom the server could not follow now, and lets go of whom it refuses', async () => {
    const friends = await join();
    await friends.follow(['bob', 'cat']);
    const removed = vi.fn();
    friends.onFollowsChanged((_, gone) => removed(gone));
    server.onRequest = () => refusal('hook_failed');
    await lose();
    expect(friends.getSnapshot()).toMatchObject([{ stale: true }, { stale: true }]);
    server.onRequest = () => undefined;
    await vi.advanceTimersByTimeAsync(15_000);
    expect(friends.getSnapshot()).toMatchObject([{ stale: false }, { stale: false }]);
    server.onRequest = () => refusal('feature_disabled');
    await lose();
    expect(removed).toHaveBeenCalledExactlyOnceWith(['bob', 'cat']);
    expect(friends.getSnapshot()).toEqual([]);
  });

  it('adapts to a next server that allows fewer ids', async () => {
    const friends = await join();
    await friends.follow(Array.from({ length: 90 }, (_, i) => `user-${i}`));
    server.onRequest = (_, { userIds }) => ((userIds as string[]).length > 30 ? refusal('too_many_ids') : undefined);
    await lose();
    expect(friends.getSnapshot()).toHaveLength(90);
    expect(friends.getSnapshot().every(({ stale }) => !stale)).toBe(true);
  });

  it('does not follow for itself whom the server follows for it; they go if they do not come back', async () => {
    const friends = await join();
    server.room.say('presence:snapshot', {
      userIds: ['sid', 'tom'],
      presences: [presence('sid'), presence('tom')],
      users: [],
    });
    const deltas: Delta[] = [];
    const removed: string[] = [];
    friends.onDelta((delta) => deltas.push(delta));
    friends.onFollowsChanged((_, gone) => removed.push(...gone));
    await lose();
    expect(server.room.sent).toEqual([]);
    server.room.say('presence:snapshot', { userIds: ['sid'], presences: [presence('sid')], users: [] });
    expect(friends.getSnapshot()).toMatchObject([
      { userId: 'sid', stale: false },
      { userId: 'tom', stale: true },
    ]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(removed).toEqual(['tom']);
    expect(deltas).toEqual([]);
  });

  it('waits anew for the follows of the server in every new seat', async () => {
    const friends = await join();
    server.room.say('presence:snapshot', { userIds: ['sid'], presences: [], users: [] });
    await lose();
    await vi.advanceTimersByTimeAsync(8000);
    await lose(2700);
    await vi.advanceTimersByTimeAsync(9000);
    expect(friends.getSnapshot()).toMatchObject([{ userId: 'sid', stale: true }]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(friends.getSnapshot()).toEqual([]);
  });

  it('that a listener does not want any more is given back at once', async () => {
    const friends = await join();
    friends.subscribe(() => {
      if (server.rooms.length === 2) {
        void friends.leave();
      }
    });
    await lose();
    expect(friends.connection).toBe('closed');
    expect(server.room.left).toEqual([true]);
  });

  it('restores a status that was never confirmed only after joining, so that refusing it does not refuse the seat', async () => {
    const friends = await join({ status: 'short' });
    server.room.end(4001);
    const refused = code(friends.setStatus('something the server will not have'));
    server.onRequest = (type) => (type === 'presence:status' ? refusal('status_too_long') : undefined);
    await vi.advanceTimersByTimeAsync(900);
    await settle();
    expect(server.room.options['status']).toBe('short');
    expect(await refused).toBe('status_too_long');
    server.onRequest = () => undefined;
    await lose(2700);
    expect(server.room.options['status']).toBe('short');
    expect(server.rooms.flatMap(({ sent: each }) => each)).toHaveLength(1);
  });

  it('restores the newest status, even if the announcement of an older one came last', async () => {
    const friends = await join({ status: 'a' });
    const own = (status: string) => ({ userId: 'me', connectionId: 'own-1', status });
    server.onRequest = (_, __, room) => {
      room.say('presence:delta', { leaves: [], joins: [own('a')] });
      return undefined;
    };
    server.room.drop();
    const told = friends.setStatus('b');
    server.room.comeBack();
    await told;
    await lose();
    expect(server.room.options['status']).toBe('b');
    expect(sent('presence:status')).toEqual([{ status: 'b' }]);
  });

  it('restores what the server has made of the status while we were away', async () => {
    await join({ status: 'rude' });
    server.room.drop();
    server.room.comeBack();
    server.room.say('presence:welcome', {
      protocol: 1,
      userId: 'me',
      connectionId: 'own-1',
      presences: [{ userId: 'me', connectionId: 'own-1', status: 'polite' }],
    });
    await settle();
    expect(server.room.sent).toEqual([]);
    await lose();
    expect(server.room.options['status']).toBe('polite');
  });

  it('restores what the server has made of the status, told in the same chunk as the answer', async () => {
    const friends = await join({ status: '' });
    const own = (status: string) => ({ userId: 'me', connectionId: 'own-1', status });
    server.afterReply = (room) => room.say('presence:delta', { leaves: [own('')], joins: [own('polite')] });
    await friends.setStatus('rude');
    await lose();
    expect(server.room.options['status']).toBe('polite');
  });

  it('is resumed under the connection id that the server gave last', async () => {
    const friends = await join();
    server.welcome = { protocol: 1, userId: 'me', presences: [], connectionId: 'replaced' };
    await lose();
    expect(friends.connectionId).toBe('replaced');
    expect(server.room.options['resume']).toBe('own-1');
    server.room.say('presence:delta', {
      leaves: [],
      joins: [{ userId: 'me', connectionId: 'replaced', status: 'by the server' }],
    });
    await lose(2700);
    expect(server.room.options).toMatchObject({ resume: 'replaced', status: 'by the server' });
  });

  it('restores what the server itself has made of the status', async () => {
    await join({ status: 'rude' });
    const own = (status: string) => ({ userId: 'me', connectionId: 'own-1', status });
    server.room.say('presence:delta', { leaves: [], joins: [own('rude')] });
    server.room.say('presence:delta', { leaves: [own('rude')], joins: [] });
    await lose();
    expect(server.room.options['status']).toBeNull();
  });
});

describe('messages of the server', () => {
  it('notify once each, after the list is up to date', async () => {
    const friends = await join();
    await friends.follow(['ann', 'bob']);
    const seen: unknown[] = [];
    friends.subscribe(() => seen.push(friends.getSnapshot().map(({ online }) => online)));
    friends.onUserStatusChanged((batch) => seen.push(batch.map(({ userId }) => userId)));
    server.room.say('presence:delta', { joins: [presence('ann'), presence('bob')], leaves: [] });
    expect(seen).toEqual([
      [true, true],
      ['ann', 'bob'],
    ]);
  });

  it('follow and unfollow on our behalf', async () => {
    const friends = await join();
    const changes: unknown[] = [];
    friends.onFollowsChanged((added, removed) => changes.push([added, removed]));
    server.room.say('presence:snapshot', { userIds: ['sid', 'tom'], presences: [], users: [] });
    server.room.say('presence:unfollowed', { userIds: ['sid', 'nobody'] });
    server.room.say('presence:unfollowed', { userIds: ['nobody'] });
    expect(changes).toEqual([
      [['sid', 'tom'], []],
      [[], ['sid']],
    ]);
    expect(friends.getSnapshot().map(({ userId }) => userId)).toEqual(['tom']);
  });

  it('that make no sense change nothing', async () => {
    const friends = await join();
    await friends.follow(['bob']);
    const before = friends.getSnapshot();
    const changed = vi.fn();
    friends.subscribe(changed);
    for (const nonsense of [undefined, null, 7, 'x', [], {}, { joins: [{}], leaves: [null], userIds: [1] }]) {
      for (const type of ['delta', 'snapshot', 'unfollowed', 'welcome']) {
        server.room.say(`presence:${type}`, nonsense);
      }
    }
    expect(changed).not.toHaveBeenCalled();
    expect(friends.getSnapshot()).toBe(before);
  });

  it('reach listeners until they unsubscribe', async () => {
    const friends = await join();
    await friends.follow(['bob']);
    const heard = vi.fn();
    const stops = [
      friends.subscribe(heard),
      friends.onDelta(heard),
      friends.onUserStatusChanged(heard),
      friends.onFollowsChanged(heard),
      friends.onConnectionChange(heard),
    ];
    stops.forEach((stop) => {
      stop();
    });
    server.room.say('presence:delta', { joins: [presence('bob')], leaves: [] });
    server.room.say('presence:unfollowed', { userIds: ['bob'] });
    server.room.drop();
    expect(heard).not.toHaveBeenCalled();
  });
});

describe('joinFriend', () => {
  it('takes the seat the server reserved', async () => {
    const friends = await join();
    const match = await friends.joinFriend('bob', 'bob-1');
    expect(match.roomId).toBe('r');
    expect(sent('presence:join')).toEqual([{ userId: 'bob', connectionId: 'bob-1' }]);
  });

  it('passes on why not', async () => {
    const friends = await join();
    server.onRequest = () => refusal('match_full');
    expect(await code(friends.joinFriend('bob'))).toBe('match_full');
    server.onRequest = () => ({ name: 'match' });
    expect(await code(friends.joinFriend('bob'))).toBe('internal');
    expect(await code(friends.joinFriend(''))).toBe('invalid_payload');
  });

  it.each([
    [524, 'match_gone'],
    [525, 'match_denied'],
    [526, 'match_denied'],
    [4002, 'match_denied'],
    [1006, 'unavailable'],
    [undefined, 'unavailable'],
  ])('says why the seat could not be taken: code %s', async (number, expected) => {
    const friends = await join();
    const cause = Object.assign(new Error('nope'), { code: number });
    server.onSeat = () => Promise.reject(cause);
    const error: unknown = await friends.joinFriend('bob').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'PresenceError', code: expected, cause });
  });

  it('is not repeated when the connection is lost: a seat may be taken already', async () => {
    const friends = await join();
    server.onRequest = () => new Promise(() => undefined);
    const failed = code(friends.joinFriend('bob'));
    await settle();
    server.room.drop();
    expect(await failed).toBe('unavailable');
  });
});

describe('leave()', () => {
  it('is consented, once, and leaves no listener', async () => {
    const friends = await join();
    const states: string[] = [];
    friends.onConnectionChange((state) => states.push(state));
    const { room } = server;
    const leaving = friends.leave();
    expect(friends.connection).toBe('closed');
    expect(room.messageListeners).toBe(0);
    expect(room.onDrop.count() + room.onReconnect.count()).toBe(0);
    await Promise.all([leaving, friends.leave()]);
    await friends.leave();
    expect(room.left).toEqual([true]);
    expect(states).toEqual(['closed']);
  });

  it('fails what waits, and every later call at once', async () => {
    const friends = await join();
    server.room.drop();
    const waiting = code(friends.setStatus('x'));
    await friends.leave();
    expect(await waiting).toBe('not_joined');
    expect(
      await Promise.all([
        code(friends.setStatus('x')),
        code(friends.follow(['bob'])),
        code(friends.unfollowAll()),
        code(friends.getUserStatus(['bob'])),
        code(friends.joinFriend('bob')),
      ]),
    ).toEqual(Array.from({ length: 5 }, () => 'not_joined'));
  });

  it('keeps the SDK from coming back into the seat', async () => {
    const friends = await join();
    const { room } = server;
    room.drop();
    await friends.leave();
    expect(room.reconnection.enabled).toBe(false);
    expect(room.left).toEqual([]);
    room.comeBack();
    await settle();
    expect(room.left).toEqual([true]);
  });

  it('does not wait for a server that does not answer', async () => {
    server.confirmsLeave = false;
    const friends = await join();
    const left = vi.fn();
    void friends.leave().then(left);
    await vi.advanceTimersByTimeAsync(2999);
    expect(left).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(left).toHaveBeenCalled();
    expect(server.room.connection.isOpen).toBe(false);
  });

  it('keeps the list, for who still shows it', async () => {
    const friends = await join();
    await friends.follow(['bob']);
    await friends.leave();
    expect(friends.getSnapshot()).toMatchObject([{ userId: 'bob', stale: true }]);
  });
});

describe('attach', () => {
  it('uses a room of the application, and rejoins under its name', async () => {
    const room = await server.client.joinOrCreate('lobby', { status: 'hi' });
    const rooms: unknown[] = [];
    const friends = await PresenceClient.attach(room, {
      client: server.client,
      joinOptions: { filter: 1 },
      onRoom: (each) => rooms.push(each),
    });
    clients.push(friends);
    expect(friends.room).toBe(room);
    expect(server.attempts).toBe(1);
    server.room.say('presence:delta', { joins: [{ userId: 'me', connectionId: 'own-1', status: 'hi' }], leaves: [] });
    server.room.end(4001);
    await vi.advanceTimersByTimeAsync(900);
    await settle();
    expect(server.room.name).toBe('lobby');
    expect(server.room.options).toEqual({ filter: 1, sync: 'deltas', status: 'hi', resume: 'own-1' });
    expect(rooms).toEqual([server.room]);
  });

  it('sets a status when one is given', async () => {
    const room = await server.client.joinOrCreate('lobby');
    clients.push(await PresenceClient.attach(room, { client: server.client, status: 'now' }));
    expect(sent('presence:status')).toEqual([{ status: 'now' }]);
  });
});
