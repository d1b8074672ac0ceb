import { expect, test } from 'vitest';
import { makeBox, variantOf } from '../../src/core/box.ts';
import { makePresence } from '../support/presence.ts';

const seen = () => makeBox(makePresence('ann', 'c', '{"matchId":"m"}', 'Ann'));

test('viewers that see the same share one box, and with it its bytes', () => {
  const box = seen();
  const [one, other] = [
    variantOf(box, { ...box.presence, status: 'x' }),
    variantOf(box, { ...box.presence, status: 'x' }),
  ];
  expect(one).toBe(other);
  expect(variantOf(box, { ...box.presence, status: 'y' })).not.toBe(one);
});

test('what is no change is the box itself', () => {
  const box = seen();
  expect(variantOf(box, { ...box.presence })).toBe(box);
  expect(box.variants).toBeUndefined();
});

test('a variant keeps the ids, and has only what is there as text', () => {
  const box = seen();
  const made = variantOf(box, { userId: 'bob', connectionId: 'other', status: 'x' });
  expect(made.presence).toEqual({ userId: 'ann', connectionId: 'c', status: 'x' });
  const odd = { ...box.presence, matchId: 7, username: {} as string } as unknown as typeof box.presence;
  expect(variantOf(box, odd).presence).toEqual({ userId: 'ann', connectionId: 'c', status: '{"matchId":"m"}' });
});

test('a hook may take the party out of a presence, and put none in', () => {
  const party = { id: 'p', size: 3 };
  const box = makeBox({ ...makePresence('ann', 'c', 'x', 'Ann'), party });
  const { party: _, ...without } = box.presence;
  expect(variantOf(box, box.presence)).toBe(box);
  expect(variantOf(box, { ...box.presence, party: { id: 'other', size: 1 } })).toBe(box);
  expect(variantOf(box, without).presence.party).toBeUndefined();
  expect(variantOf(makeBox(without), { ...without, party }).presence.party).toBeUndefined();
});

test('an absent name, an empty one and one that says "null" are three', () => {
  const box = seen();
  const names = [undefined, '', 'null'].map((username) =>
    variantOf(box, { userId: 'ann', connectionId: 'c', status: 'x', ...(username !== undefined && { username }) }),
  );
  expect(new Set(names).size).toBe(3);
});

test('text that no encoder can write is made well-formed', () => {
  const made = variantOf(seen(), {
    userId: '',
    connectionId: '',
    status: '\ud800',
    matchId: '\udc00',
    username: '\ud800',
  });
  expect(made.presence).toMatchObject({ status: '\ufffd', matchId: '\ufffd', username: '\ufffd' });
});
