/** The reason is the one for which `view.ts` shows what it shows. */
import { beforeEach, expect, test } from 'vitest';
import { explain, type Sight } from '../../src/core/explain.ts';
import { CoreWorld, type Player } from './support/core-world.ts';

let world: CoreWorld;
beforeEach(() => {
  world = new CoreWorld();
});

const sight = ({ connection }: Player, userId = 'bob', isKnown = true): Sight =>
  explain(connection, userId, world.tracker.users.get(userId), isKnown);

async function annAndBob(...options: Parameters<CoreWorld['join']>[1][]): Promise<{ ann: Player; bob: Player }> {
  const ann = await world.join('ann', ...options);
  const bob = await world.join('bob');
  await world.follow(ann, 'bob');
  return { ann, bob };
}

test('who sees the user is told so, with what it is shown', async () => {
  const { ann, bob } = await annAndBob();
  world.set(bob, 'here');
  expect(sight(ann)).toEqual({
    connectionId: ann.connection.connectionId,
    reason: 'visible',
    follows: true,
    delivery: 'live',
    general: 'online',
    presences: [{ userId: 'bob', connectionId: bob.connection.connectionId, status: 'here' }],
    redacted: 0,
  });
});

test('one who is not seen by anybody is unseen, or not known while the store does not answer', async () => {
  const { ann } = await annAndBob();
  expect(sight(ann)).toMatchObject({ reason: 'unseen', general: 'unlogined', presences: [] });
  expect(sight(ann, 'bob', false)).toMatchObject({ reason: 'unknown' });
});

test('who does not follow', async () => {
  const ann = await world.join('ann');
  expect(sight(ann)).toMatchObject({ reason: 'not_followed', follows: false });
  const bob = await world.join('bob');
  world.set(bob, 'here');
  expect(sight(ann)).toMatchObject({ reason: 'not_followed', follows: false });
});

test('a block comes before a missing follow, also of a user who is not here', async () => {
  const { ann, bob } = await annAndBob();
  world.set(bob, 'here');
  world.tracker.block('bob', 'ann', true);
  world.tracker.block('cat', 'ann', true);
  expect(sight(ann)).toMatchObject({ reason: 'blocked', follows: true, presences: [] });
  expect(sight(ann, 'cat')).toMatchObject({ reason: 'blocked', follows: false });
});

test('a follow that was refused', async () => {
  const ann = await world.join('ann');
  const bob = await world.join('bob');
  const { following } = world.tracker;
  await following.follow(following.begin(ann.connection), ['bob'], 'client', new Set(['bob']));
  world.set(bob, 'here');
  expect(sight(ann)).toMatchObject({ reason: 'refused', general: 'unlogined', presences: [] });
});

test('what redact takes away is counted; all of it is a reason', async () => {
  const { ann, bob } = await annAndBob({ redact: (_, presence) => (presence.status === 'secret' ? null : presence) });
  world.set(bob, 'secret');
  expect(sight(ann)).toMatchObject({ reason: 'redacted', redacted: 1, presences: [] });
  const phone = await world.join('bob');
  world.set(phone, 'open');
  expect(sight(ann)).toMatchObject({ reason: 'visible', redacted: 1, presences: [{ status: 'open' }] });
});

test('a viewer in its grace, and one that does not read', async () => {
  const { ann, bob } = await annAndBob();
  world.set(bob, 'here');
  world.tracker.suspend(ann.connection);
  expect(sight(ann).reason).toBe('away');
  world.tracker.outbox.owe(ann.connection);
  expect(sight(ann).reason).toBe('behind');
});

test('oneself is never hidden from oneself', async () => {
  const { ann } = await annAndBob({ redact: () => null });
  world.set(ann, 'me');
  expect(sight(ann, 'ann')).toMatchObject({ reason: 'self', presences: [{ status: 'me' }] });
});
