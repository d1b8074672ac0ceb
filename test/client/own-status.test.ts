/** The status of this connection, over drops and lost seats. */
import { describe, expect, test, vi } from 'vitest';
import { refusal } from './fakes.ts';
import { code, join, lose, sent, server, settle, useScriptedServer } from './scripted.ts';

useScriptedServer();

describe('statuses set on a dropped connection', () => {
  test('sends only the last of several statuses set meanwhile', async () => {
    const friends = await join();
    server.room.drop();
    const calls = [friends.setStatus('a'), friends.setStatus('b'), friends.setStatus(null)];
    server.room.comeBack();
    await Promise.all(calls);
    expect(sent('presence:status')).toEqual([{ status: null }]);
  });

  test('still hides whoever wanted to be invisible, even after that call gave up', async () => {
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
  test('restores a status that was never confirmed only after joining, so that refusing it does not refuse the seat', async () => {
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

  test('restores the newest status, even if the announcement of an older one came last', async () => {
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

  test('restores what the server has made of the status while we were away', async () => {
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

  test('restores what the server has made of the status, told in the same chunk as the answer', async () => {
    const friends = await join({ status: '' });
    const own = (status: string) => ({ userId: 'me', connectionId: 'own-1', status });
    server.afterReply = (room) => room.say('presence:delta', { leaves: [own('')], joins: [own('polite')] });
    await friends.setStatus('rude');
    await lose();
    expect(server.room.options['status']).toBe('polite');
  });

  test('restores the status that the server shows, when the client has set none', async () => {
    server.welcome = {
      protocol: 1,
      userId: 'me',
      connectionId: 'own-1',
      presences: [{ userId: 'me', connectionId: 'own-1', status: 'of the application' }],
    };
    await join();
    await lose();
    expect(server.room.options['status']).toBe('of the application');
  });

  test('restores what the server itself has made of the status', async () => {
    await join({ status: 'rude' });
    const own = (status: string) => ({ userId: 'me', connectionId: 'own-1', status });
    server.room.say('presence:delta', { leaves: [], joins: [own('rude')] });
    server.room.say('presence:delta', { leaves: [own('rude')], joins: [] });
    await lose();
    expect(server.room.options['status']).toBeNull();
  });
});
