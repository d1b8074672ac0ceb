/** One request: repeated, waited out, or failed with a typed error. */
import { describe, expect, test, vi } from 'vitest';
import { refusal } from './fakes.ts';
import { code, join, sent, server, settle, useScriptedServer } from './scripted.ts';

useScriptedServer();

describe('rate limits', () => {
  test('are waited out as long as the server says', async () => {
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

  test('that never end are reported, with the time to wait', async () => {
    const friends = await join();
    server.onRequest = () => refusal('rate_limited', 9000);
    const failed = friends.follow(['bob']).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await failed).toMatchObject({ code: 'rate_limited', retryAfterMs: 9000, retryable: true });
    expect(sent('presence:follow')).toHaveLength(4);
  });

  test('do not outlive leave()', async () => {
    const friends = await join();
    server.onRequest = () => refusal('rate_limited', 9000);
    const failed = code(friends.follow(['bob']));
    await settle();
    await friends.leave();
    expect(await failed).toBe('not_joined');
  });
});

describe('errors of requests', () => {
  test.each([
    ['a refusal', 'feature_disabled', 'feature_disabled'],
    ['a refusal nobody knows', 'moon_phase', 'internal'],
  ])('%s', async (_, refused, expected) => {
    const friends = await join();
    server.onRequest = () => refusal(refused as never);
    const error: unknown = await friends.setStatus('x').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'PresenceError', code: expected });
  });

  test('no answer in time', async () => {
    const friends = await join({ timeoutMs: 2000 });
    server.onRequest = () => new Promise(() => undefined);
    let failed: unknown;
    void code(friends.setStatus('x')).then((reason) => {
      failed = reason;
    });
    await vi.advanceTimersByTimeAsync(1999);
    expect(failed).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(failed).toBe('unavailable');
  });

  test('an answer that comes too late, or twice, changes nothing', async () => {
    const friends = await join({ timeoutMs: 2000 });
    const cids: unknown[] = [];
    server.onSend = (_, __, cid) => cids.push(cid);
    const answer = (...presences: unknown[]): void =>
      server.room.say('presence:reply', { cid: cids.at(-1), ok: true, presences, users: [] });
    const late = code(friends.follow(['bob']));
    await vi.advanceTimersByTimeAsync(2000);
    answer();
    expect(await late).toBe('unavailable');
    expect(friends.getSnapshot()).toEqual([]);
    const following = friends.follow(['cat']);
    await settle();
    answer();
    answer({ userId: 'cat', connectionId: 'cat-1', status: 'twice' });
    await following;
    expect(friends.getSnapshot()).toMatchObject([{ userId: 'cat', online: false }]);
    expect(new Set(cids).size).toBe(2);
  });

  test('a connection that is lost with every sending: it is not sent for ever', async () => {
    const friends = await join();
    server.onRequest = (_, __, room) => {
      room.drop();
      setImmediate(() => room.comeBack());
      return undefined;
    };
    expect(await code(friends.follow(['bob']))).toBe('unavailable');
    expect(sent('presence:follow')).toHaveLength(5);
  });

  test('replies to calls of the application are none of ours', async () => {
    const friends = await join();
    server.onRequest = (_, __, room) => {
      room.say('presence:reply', { cid: 0, ok: false, error: { code: 'internal' } });
      room.say('presence:reply', { cid: '0', ok: true });
      room.say('presence:reply', null);
      return refusal('too_many_follows');
    };
    expect(await code(friends.follow(['bob']))).toBe('too_many_follows');
  });
});

describe('calls on a dropped connection', () => {
  test('makes calls wait, and repeats those it cut short', async () => {
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

  test('fails calls that wait too long, counted from the call', async () => {
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

  test('is noticed by a call before the SDK says so', async () => {
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
});
