/** Who follows whom: two indexes that mirror each other after any sequence of operations. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { countFollows, earliest, link, unlink, unlinkAll } from '../../src/core/follow-graph.ts';
import type { Connection, FollowOrigin, User } from '../../src/core/model.ts';

const user = (userId: string): User => ({ userId, followers: new Set<Connection>() }) as unknown as User;
const connection = (): Connection => ({ follows: new Map<User, FollowOrigin>() }) as unknown as Connection;

test('a follow is reported once, and ended once', () => {
  const [ann, bob] = [connection(), user('bob')];
  expect([link(ann, bob, 'client'), link(ann, bob, 'client')]).toEqual([true, false]);
  expect([unlink(ann, bob), unlink(ann, bob)]).toEqual([true, false]);
  expect([ann.follows.size, bob.followers.size]).toEqual([0, 0]);
});

test('a follow by the client counts, even if the server made it first; the server does not change that', () => {
  const [ann, bob] = [connection(), user('bob')];
  link(ann, bob, 'server');
  expect([countFollows(ann, false), countFollows(ann, true)]).toEqual([0, 1]);
  link(ann, bob, 'client');
  link(ann, bob, 'server');
  expect(countFollows(ann, false)).toBe(1);
});

test('the earliest follows that count make room', () => {
  const ann = connection();
  const users = ['a', 'b', 'c', 'd'].map(user);
  users.forEach((one, i) => {
    link(ann, one, i === 0 ? 'server' : 'client');
  });
  expect(earliest(ann, 2, false).map(({ userId }) => userId)).toEqual(['b', 'c']);
  expect(earliest(ann, 2, true).map(({ userId }) => userId)).toEqual(['a', 'b']);
  expect(earliest(ann, 9, true)).toHaveLength(4);
});

test('after any sequence the two indexes mirror each other', () => {
  const step = fc.record({
    kind: fc.constantFrom('link', 'unlink', 'unlinkAll'),
    who: fc.nat(3),
    whom: fc.nat(3),
    origin: fc.constantFrom<FollowOrigin>('client', 'server'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const connections = Array.from({ length: 4 }, connection);
      const users = ['a', 'b', 'c', 'd'].map(user);
      for (const { kind, who, whom, origin } of steps) {
        const [one, other] = [connections[who]!, users[whom]!];
        if (kind === 'link') {
          link(one, other, origin);
        } else if (kind === 'unlink') {
          unlink(one, other);
        } else {
          const followed = [...one.follows.keys()];
          expect(unlinkAll(one)).toEqual(followed);
        }
        for (const each of connections) {
          expect(users.filter(({ followers }) => followers.has(each))).toEqual(
            users.filter((followed) => each.follows.has(followed)),
          );
        }
      }
    }),
    { seed: 1 },
  );
});
