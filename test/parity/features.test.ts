/** Capabilities that are switched off answer `feature_disabled` (Tencent's 72001), and cost the client nothing else. */
import { afterEach, describe, expect, test } from 'vitest';
import { presence, type Features } from '../../src/index.ts';
import { FORMS, person, type Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

let server: TestServer;
afterEach(async () => {
  await server.stop();
});

async function serveWithout(feature: keyof Features): Promise<[ann: Person, bob: Person]> {
  server = await startServer({
    features: { [feature]: false },
    resolveFollows: ({ userId }) => (userId === 'ann' ? ['friend'] : []),
  });
  return [
    await person(server, 'ann', 'presence', { status: 'from the join' }),
    await person(server, 'bob', 'presence', { status: '' }),
  ];
}

describe.each(FORMS)('a feature that is off answers feature_disabled, by %s:', (form) => {
  test('status: calls are refused and the join option is ignored; the server can still set one', async () => {
    const [ann] = await serveWithout('status');
    expect(await ann.refusal('presence:status', { status: 'x' }, form)).toMatchObject({ code: 'feature_disabled' });
    expect(await ann.refusal('presence:status', { status: null }, form)).toMatchObject({ code: 'feature_disabled' });
    expect(ann.statusesOf('ann')).toEqual([]);
    void presence.setStatus({ userId: 'ann' }, 'from the server');
    await until(() => ann.statusesOf('ann')[0] === 'from the server', 'the status');
    await ann.follow(['bob'], form);
  });

  test("follow: follow and unfollow are refused; the server's own follows work", async () => {
    const [ann] = await serveWithout('follow');
    await until(() => ann.snapshots.length > 0, 'the friend list');
    expect(await ann.refusal('presence:follow', { userIds: ['bob'] }, form)).toMatchObject({
      code: 'feature_disabled',
    });
    expect(await ann.refusal('presence:unfollow', {}, form)).toMatchObject({ code: 'feature_disabled' });
    await ann.settle();
    expect(Object.keys(ann.state.users)).toEqual(['friend']);
    void presence.follow({ userId: 'ann' }, ['bob']);
    await until(() => ann.sees('bob').length === 1, "the server's follow");
  });

  test('query: others cannot be queried, oneself always', async () => {
    const [ann] = await serveWithout('query');
    expect(await ann.refusal('presence:query', { userIds: ['bob'] }, form)).toMatchObject({ code: 'feature_disabled' });
    expect(await ann.refusal('presence:query', { userIds: ['ann', 'bob'] }, form)).toMatchObject({
      code: 'feature_disabled',
    });
    expect((await ann.ask('presence:query', { userIds: ['ann'] }, form)).users).toMatchObject([
      { userId: 'ann', customStatus: 'from the join' },
    ]);
    await ann.follow(['bob'], form);
  });

  test('invite: nobody can invite, ask or answer', async () => {
    const [ann] = await serveWithout('invite');
    for (const [type, payload] of [
      ['presence:invite', { userId: 'bob' }],
      ['presence:ask', { userId: 'bob' }],
      ['presence:answer', { inviteId: 'i', answer: 'accept' }],
    ] as const) {
      expect(await ann.refusal(type, payload, form)).toMatchObject({ code: 'feature_disabled' });
    }
  });

  test('party: nobody can make or change one', async () => {
    const [ann] = await serveWithout('party');
    expect(await ann.refusal('presence:party', { action: 'leave' }, form)).toMatchObject({ code: 'feature_disabled' });
    expect(await ann.refusal('presence:invite', { userId: 'bob', party: true }, form)).toMatchObject({
      code: 'feature_disabled',
    });
  });

  test('join: nobody can jump', async () => {
    const [ann, bob] = await serveWithout('join');
    await bob.setStatus(JSON.stringify({ matchId: ann.room.roomId }));
    await ann.follow(['bob'], form);
    expect(await ann.refusal('presence:join', { userId: 'bob' }, form)).toMatchObject({ code: 'feature_disabled' });
    expect(ann.sees('bob')).toMatchObject([{ matchId: ann.room.roomId }]);
  });
});
