/** Every piece of src/wire/state-codec.ts, compared with the library's own encoder and decoder. */
import { Encoder, Reflection, type Decoder, type Iterator } from '@colyseus/schema';
import { describe, expect, test } from 'vitest';
import { expectNoDecoderComplaints } from '../support/decoder-complaints.ts';
import { encodeFollowed, encodeRoot, encodeUnfollowed, encodeUpdate, encodeUser } from '../../src/wire/state-codec.ts';
import { PresenceConnection, PresenceState, stateHandshake, PresenceUser } from '../../src/wire/state.ts';
import { makeBox, type Box } from '../../src/core/box.ts';
import { makePresence } from '../support/presence.ts';
import { userOf } from '../support/model.ts';
import type { Change, User } from '../../src/core/model.ts';
import type { PlainState } from '../support/person.ts';

const concat = (...pieces: Uint8Array[]): Uint8Array => Buffer.concat(pieces);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const boxOf = (user: User, connectionId: string, status: string): Box =>
  makeBox(makePresence(user.userId, connectionId, status, user.username));
const change = (connectionId: string, ref: number, before: Box | null, after: Box | null): Change => ({
  connectionId,
  ref,
  before,
  after,
  stateBytes: undefined,
});

/** A client, made from the handshake as the SDK makes it. */
class Reader {
  readonly decoder: Decoder;

  constructor() {
    const it: Iterator = { offset: 0 };
    this.decoder = Reflection.decode(Buffer.from(stateHandshake()), it);
  }

  patch(bytes: Uint8Array): this {
    this.decoder.decode(Buffer.from(bytes));
    return this;
  }

  resync(bytes: Uint8Array): this {
    this.decoder.decodeResync(Buffer.from(bytes));
    return this;
  }

  get json(): PlainState {
    return (this.decoder.state as { toJSON(): PlainState }).toJSON();
  }

  /** Structures held, the root included. */
  get refs(): number {
    return this.decoder.root.refs.size;
  }
}

expectNoDecoderComplaints();

/** The library, with numbers of our choice: the next structure gets `ref`, the next entry of a map `index`. */
class Library {
  readonly state = new PresenceState();
  readonly encoder = new Encoder(this.state);

  nextRef(ref: number): void {
    (this.encoder.root as unknown as { nextUniqueId: number }).nextUniqueId = ref;
  }

  nextIndex(map: object, index: number): void {
    (map as { journal: { nextIndex: number } }).journal.nextIndex = index;
  }

  /** What changed since the last call. */
  changes(): string {
    const bytes = hex(this.encoder.encode());
    this.encoder.discardChanges();
    return bytes;
  }
}

const TEXTS = [
  '',
  'x',
  'In lobby',
  '{"matchId":"m1","text":"Playing"}',
  '\u20ac\u{1f600}\u00e9',
  'y'.repeat(31),
  'y'.repeat(32),
  'z'.repeat(255),
  'z'.repeat(256),
  '\u20ac'.repeat(682),
];
const REFS = [4, 124, 128, 252, 256, 65_532, 65_536, 2 ** 24 - 4];

describe("byte for byte the library's", () => {
  test.each(REFS)('all pieces of a user, with the number %d', (ref) => {
    for (const text of TEXTS) {
      const library = new Library();
      const bob = userOf('bob', ref, `Bob ${text}`);

      library.nextRef(ref);
      const user = new PresenceUser();
      user.userId = 'bob';
      user.username = `Bob ${text}`;
      user.general = 'online';
      library.state.me = user;
      const whole = library.changes();
      expect(whole.endsWith(hex(encodeUser(bob, 'online', [])))).toBe(true);

      // A connection comes.
      const [one, two, three] = [
        boxOf(bob, 'c1', text),
        boxOf(bob, 'c1', `${text}!`),
        boxOf(bob, 'c1', '{"matchId":"other"}'),
      ];
      library.nextIndex(user.connections, ref + 2);
      const connection = new PresenceConnection();
      connection.connectionId = 'c1';
      connection.status = one.presence.status;
      connection.matchId = one.presence.matchId ?? '';
      connection.match = JSON.stringify(one.presence.match) ?? '';
      user.connections.set('c1', connection);
      expect(
        hex(
          encodeUpdate({
            user: bob,
            changes: [change('c1', ref + 2, null, one)],
            general: undefined,
            username: undefined,
            stateBytes: undefined,
          }),
        ),
      ).toBe(library.changes());

      // It changes.
      for (const [before, after] of [
        [one, two],
        [two, three],
        [three, one],
      ] as const) {
        connection.status = after.presence.status;
        connection.matchId = after.presence.matchId ?? '';
        connection.match = JSON.stringify(after.presence.match) ?? '';
        expect(
          hex(
            encodeUpdate({
              user: bob,
              changes: [change('c1', ref + 2, before, after)],
              general: undefined,
              username: undefined,
              stateBytes: undefined,
            }),
          ),
        ).toBe(library.changes());
      }

      // It goes.
      user.connections.delete('c1');
      expect(
        hex(
          encodeUpdate({
            user: bob,
            changes: [change('c1', ref + 2, one, null)],
            general: undefined,
            username: undefined,
            stateBytes: undefined,
          }),
        ),
      ).toBe(library.changes());

      // Name and general status change.
      user.general = 'offline';
      expect(
        hex(encodeUpdate({ user: bob, changes: [], general: 'offline', username: undefined, stateBytes: undefined })),
      ).toBe(library.changes());
      user.username = `Robert ${text}`;
      user.general = 'online';
      expect(
        hex(
          encodeUpdate({
            user: bob,
            changes: [],
            general: 'online',
            username: `Robert ${text}`,
            stateBytes: undefined,
          }),
        ),
      ).toBe(library.changes());
    }
  });

  test.each(REFS)('a follow and an unfollow of the user with the number %d', (ref) => {
    const library = new Library();
    const usersRef = Number(
      (library.state.users as unknown as Record<symbol, number>)[
        Object.getOwnPropertySymbols(library.state.users).find((symbol) => symbol.description === '$refId')!
      ],
    );
    library.changes();
    const switchToUsers = hex(encodeUnfollowed([])).replace(/01$/, usersRef.toString(16).padStart(2, '0'));
    library.nextRef(ref);
    library.nextIndex(library.state.users, ref);
    const user = new PresenceUser();
    user.userId = 'bob';
    user.username = '';
    user.general = 'unlogined';
    library.state.users.set('bob', user);
    const bob = userOf('bob', ref);
    // Our map of users always has the number 1; the library's has another.
    expect(switchToUsers + hex(encodeFollowed([bob])).slice(4) + hex(encodeUser(bob, 'unlogined', []))).toBe(
      library.changes(),
    );
    library.state.users.delete('bob');
    expect(switchToUsers + hex(encodeUnfollowed([bob])).slice(4)).toBe(library.changes());
  });

  test("the handshake is the library's reflection of the state", () => {
    expect(hex(stateHandshake())).toBe(hex(Reflection.encode(new Encoder(new PresenceState()))));
  });
});

describe("decoded by the SDK's decoder", () => {
  const ann = userOf('ann', 2, 'Ann');
  const bob = userOf('bob', 70_000, 'Bob');
  const cat = userOf('cat', 2 ** 24 - 4);
  const [bob1, bob2] = [boxOf(bob, 'b1', ''), boxOf(bob, 'b2', '{"matchId":"m"}')];
  const full = (): Uint8Array =>
    concat(
      encodeRoot(ann),
      encodeUser(ann, 'offline', []),
      encodeFollowed([bob, cat]),
      encodeUser(bob, 'online', [
        { ref: 10, box: bob1 },
        { ref: 12, box: bob2 },
      ]),
      encodeUser(cat, 'unlogined', []),
    );
  const expected: PlainState = {
    me: { userId: 'ann', username: 'Ann', general: 'offline', connections: {} },
    users: {
      bob: {
        userId: 'bob',
        username: 'Bob',
        general: 'online',
        connections: {
          b1: { connectionId: 'b1', status: '', matchId: '', match: '' },
          b2: { connectionId: 'b2', status: '{"matchId":"m"}', matchId: 'm', match: '{"verified":false}' },
        },
      },
      cat: { userId: 'cat', username: '', general: 'unlogined', connections: {} },
    },
  };

  test('a full state', () => {
    expect(new Reader().patch(full()).json).toEqual(expected);
  });

  test('a full state again, as patch or resync, changes nothing and leaks no structure', () => {
    const reader = new Reader().patch(full());
    const refs = reader.refs;
    expect(reader.resync(full()).json).toEqual(expected);
    expect(reader.resync(full()).refs).toBe(refs);
  });

  test('the state of nobody: no me, no users', () => {
    expect(new Reader().patch(encodeRoot(undefined)).json).toEqual({ users: {} });
  });

  test('a resync takes out what is gone, and keeps the instances of what stays', () => {
    const reader = new Reader().patch(full());
    const kept = (reader.decoder.state as unknown as PresenceState).users.get('bob');
    const dog = userOf('dog', 500);
    reader.resync(
      concat(
        encodeRoot(ann),
        encodeUser(ann, 'online', [{ ref: 20, box: boxOf(ann, 'a1', 'hi') }]),
        encodeFollowed([bob, dog]),
        encodeUser(bob, 'online', [{ ref: 12, box: bob2 }]),
        encodeUser(dog, 'offline', []),
      ),
    );
    expect(Object.keys(reader.json.users)).toEqual(['bob', 'dog']);
    expect(Object.keys(reader.json.users['bob']?.connections ?? {})).toEqual(['b2']);
    expect(reader.json.me?.connections).toEqual({ a1: { connectionId: 'a1', status: 'hi', matchId: '', match: '' } });
    expect((reader.decoder.state as unknown as PresenceState).users.get('bob')).toBe(kept);
    // root, users; ann, bob and dog with a map each; one connection of ann, one of bob
    expect(reader.refs).toBe(2 + 6 + 2);
    reader.resync(concat(encodeRoot(ann), encodeUser(ann, 'offline', [])));
    expect(reader.json.users).toEqual({});
    expect(reader.refs).toBe(2 + 2);
  });

  test('an unfollow takes the user out with all it has, and a follow brings it back, with the same numbers', () => {
    const reader = new Reader().patch(full());
    const refs = reader.refs;
    for (let i = 0; i < 3; i++) {
      reader.patch(encodeUnfollowed([bob, cat]));
      expect(reader.json.users).toEqual({});
      expect(reader.refs).toBe(refs - 6);
      reader.patch(
        concat(
          encodeFollowed([bob, cat]),
          encodeUser(bob, 'online', [
            { ref: 10, box: bob1 },
            { ref: 12, box: bob2 },
          ]),
          encodeUser(cat, 'unlogined', []),
        ),
      );
      expect(reader.json).toEqual(expected);
      expect(reader.refs).toBe(refs);
    }
  });

  test('many updates of many users in one patch, in any order', () => {
    const reader = new Reader().patch(full());
    const next = boxOf(bob, 'b1', 'next');
    reader.patch(
      concat(
        encodeUpdate({
          user: cat,
          changes: [change('c1', 30, null, boxOf(cat, 'c1', 'new'))],
          general: 'online',
          username: 'Cat',
          stateBytes: undefined,
        }),
        encodeUpdate({
          user: bob,
          changes: [
            change('b2', 12, bob2, null),
            change('b1', 10, bob1, next),
            change('b3', 32, null, boxOf(bob, 'b3', 'third')),
          ],
          general: undefined,
          username: undefined,
          stateBytes: undefined,
        }),
        encodeUpdate({ user: ann, changes: [], general: 'online', username: undefined, stateBytes: undefined }),
      ),
    );
    expect(reader.json.users['cat']).toEqual({
      userId: 'cat',
      username: 'Cat',
      general: 'online',
      connections: { c1: { connectionId: 'c1', status: 'new', matchId: '', match: '' } },
    });
    expect(Object.values(reader.json.users['bob']?.connections ?? {}).map(({ status }) => status)).toEqual([
      'next',
      'third',
    ]);
    expect(reader.json.me?.general).toBe('online');
  });

  test.each(TEXTS)('the text %j arrives as it is, as status, user id, name and connection id', (text) => {
    const id = text === '' ? 'empty' : text;
    const user = userOf(id, 40, text);
    const reader = new Reader().patch(
      concat(
        encodeRoot(undefined),
        encodeFollowed([user]),
        encodeUser(user, 'online', [{ ref: 42, box: boxOf(user, id, text) }]),
      ),
    );
    expect(reader.json.users[id]).toMatchObject({
      userId: id,
      username: text,
      connections: { [id]: { connectionId: id, status: text } },
    });
  });

  test('a thousand users, and the scratch buffer that had to grow', () => {
    const users = Array.from({ length: 1000 }, (_, i) =>
      userOf(`user ${i} ${'\u20ac'.repeat(30)}`, 100 + i * 4, 'n'.repeat(100)),
    );
    const reader = new Reader().patch(
      concat(
        encodeRoot(undefined),
        encodeFollowed(users),
        ...users.map((user) =>
          encodeUser(user, 'online', [{ ref: user.ref + 2, box: boxOf(user, 'c', 's'.repeat(2048)) }]),
        ),
      ),
    );
    expect(Object.keys(reader.json.users)).toHaveLength(1000);
    expect(reader.json.users[users[999]!.userId]?.connections['c']?.status).toHaveLength(2048);
  });
});
