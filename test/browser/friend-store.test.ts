/** The friends of the example game, as its database keeps them. */
import { describe, expect, test } from 'vitest';
import { FriendError, FriendStore } from '../../example-game/src/server/friends/store.ts';

const ANN = { userId: 'ann', name: 'Ann' };
const BOB = { userId: 'bob', name: 'Bob' };
const NOTHING = { friends: [], incoming: [], outgoing: [], blocked: [] };

function makeFriends(): FriendStore {
  const store = new FriendStore(':memory:');
  store.remember(ANN);
  store.ask('ann', BOB);
  store.accept('bob', 'ann');
  return store;
}

describe('a request', () => {
  test('is seen by both, and makes friends when it is accepted', () => {
    const store = new FriendStore(':memory:');
    store.remember(ANN);
    store.ask('ann', BOB);
    expect(store.listsOf('ann')).toEqual({ ...NOTHING, outgoing: [BOB] });
    expect(store.listsOf('bob')).toEqual({ ...NOTHING, incoming: [ANN] });
    store.accept('bob', 'ann');
    expect(store.listsOf('ann')).toEqual({ ...NOTHING, friends: [BOB] });
    expect(store.listsOf('bob')).toEqual({ ...NOTHING, friends: [ANN] });
  });

  test.each([
    ['declined', (store: FriendStore) => store.decline('bob', 'ann')],
    ['cancelled', (store: FriendStore) => store.cancel('ann', 'bob')],
  ])('is gone when it is %s, and cannot be accepted any more', (_, end) => {
    const store = new FriendStore(':memory:');
    store.ask('ann', BOB);
    end(store);
    expect([store.listsOf('ann'), store.listsOf('bob')]).toEqual([NOTHING, NOTHING]);
    expect(() => store.accept('bob', 'ann')).toThrow(FriendError);
  });

  test('of two who ask each other makes them friends', () => {
    const store = new FriendStore(':memory:');
    store.ask('ann', BOB);
    store.ask('bob', ANN);
    expect([store.friendsOf('ann'), store.friendsOf('bob')]).toEqual([['bob'], ['ann']]);
  });

  test('that makes no sense is refused in a sentence', () => {
    const store = makeFriends();
    expect(() => store.ask('ann', ANN)).toThrow('That is you.');
    expect(() => store.ask('ann', BOB)).toThrow('Bob is your friend already.');
    expect(() => store.accept('ann', 'bob')).toThrow('That request was taken back.');
  });

  test('too many of them wait for answers', () => {
    const store = new FriendStore(':memory:');
    for (let index = 0; index < 50; index++) {
      store.ask('ann', { userId: `p${index}`, name: `P${index}` });
    }
    expect(() => store.ask('ann', BOB)).toThrow(FriendError);
    expect(store.listsOf('bob')).toEqual(NOTHING);
  });
});

test('who is removed is so on both sides', () => {
  const store = makeFriends();
  store.remove('bob', 'ann');
  expect([store.friendsOf('ann'), store.friendsOf('bob')]).toEqual([[], []]);
});

describe('a block', () => {
  test('changes nothing that the blocked one is shown', () => {
    const store = makeFriends();
    const before = store.listsOf('bob');
    store.block('ann', BOB);
    expect(store.listsOf('bob')).toEqual(before);
    expect(store.listsOf('ann')).toEqual({ ...NOTHING, blocked: [BOB] });
    expect(store.blockersOf('bob')).toEqual(['ann']);
  });

  test('lets the blocked one ask in vain', () => {
    const store = new FriendStore(':memory:');
    store.remember(ANN);
    store.block('ann', BOB);
    store.ask('bob', ANN);
    expect(store.listsOf('bob').outgoing).toEqual([ANN]);
    expect(store.listsOf('ann').incoming).toEqual([]);
    expect(() => store.accept('ann', 'bob')).toThrow(FriendError);
    expect(() => store.ask('ann', BOB)).toThrow('You have blocked Bob.');
  });

  test('that ends makes strangers', () => {
    const store = makeFriends();
    store.block('ann', BOB);
    expect(store.unblock('ann', 'bob')).toBe(true);
    expect(store.unblock('ann', 'bob')).toBe(false);
    expect([store.listsOf('ann'), store.listsOf('bob'), store.blockersOf('bob')]).toEqual([NOTHING, NOTHING, []]);
  });
});
