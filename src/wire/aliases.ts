/**
 * The numbers of the schema state are derived from ids, so two ids may share a
 * number. If one viewer's state holds both, the second gets an alias there and
 * keeps it as long as it stays in that state. An alias is derived from the id and
 * from what that viewer's state holds, so it reveals nothing about other users.
 */
import { look, shownOf } from '../core/view.ts';
import type { Batch } from '../core/batch.ts';
import type { Connection, Update, User } from '../core/model.ts';
import type { Holder, Refs } from '../core/refs.ts';
import type { Numbers } from './state-codec.ts';

/** A user or a connection in the state of some viewer. */
interface Thing {
  /** Its number unless it has an alias. */
  readonly ref: number;
  /** The user itself, or the user of the connection. */
  readonly user: User;
}

/** Keyed by {@link userKey} and {@link connectionKey}. */
type Things = Map<string, Thing>;

interface Alias {
  readonly number: number;
  readonly user: User;
}

type AliasMap = ReadonlyMap<string, Alias>;

const userKey = (userId: string): string => `user ${userId}`;
const connectionKey = (connectionId: string): string => `connection ${connectionId}`;

/** The numbers in the state of a viewer that has aliases. */
export class AliasedNumbers implements Numbers {
  readonly #aliases: AliasMap;

  constructor(aliases: AliasMap) {
    this.#aliases = aliases;
  }

  ofUser({ userId, ref }: User): number {
    return this.#aliases.get(userKey(userId))?.number ?? ref;
  }

  ofConnection(connectionId: string, ref: number): number {
    return this.#aliases.get(connectionKey(connectionId))?.number ?? ref;
  }

  /** Whether the bytes of `update` contain an alias. */
  concerns({ user, changes }: Update): boolean {
    return (
      this.#aliases.has(userKey(user.userId)) ||
      changes.some(({ connectionId }) => this.#aliases.has(connectionKey(connectionId)))
    );
  }

  /** Whether `user` or one of its connections has an alias. */
  concernsUser(user: User): boolean {
    return (
      this.#aliases.has(userKey(user.userId)) ||
      [...user.visible.keys()].some((connectionId) => this.#aliases.has(connectionKey(connectionId)))
    );
  }
}

/**
 * One per process. Each method returns the numbers of one frame, or `undefined`
 * when the frame has no alias. Cost: one step for each user and connection the
 * viewer sees, but only if the frame adds a number that the viewer already sees.
 */
export class Aliases {
  readonly #refs: Refs;
  readonly #byViewer = new WeakMap<Connection, AliasMap>();

  constructor(refs: Refs) {
    this.#refs = refs;
  }

  /** For the batch that a flush sends to the viewer. */
  ofBatch(viewer: Connection, batch: Batch<Update>): AliasedNumbers | undefined {
    if (!this.#byViewer.has(viewer) && !this.#meetsRival(viewer, batch)) {
      return undefined;
    }
    const held = thingsOf(viewer, [viewer.user, ...viewer.follows.keys()]);
    const entering: Things = new Map();
    const leaving = new Set<string>();
    for (const { user, changes } of batch.updates()) {
      for (const { connectionId, ref, before, after } of changes) {
        const key = connectionKey(connectionId);
        if (before === null) {
          entering.set(key, { ref, user });
          held.delete(key);
        } else if (after === null) {
          leaving.add(key);
          held.set(key, { ref, user });
        }
      }
    }
    return this.#allot(viewer, held, entering, (key) => leaving.has(key));
  }

  #meetsRival(viewer: Connection, batch: Batch<Update>): boolean {
    batch.rivals ??= batch
      .updates()
      .flatMap(({ changes }) => changes.filter(({ before }) => before === null))
      .flatMap(({ connectionId, ref }) => this.#refs.rivals(ref, connectionId).map(({ user }) => user));
    return batch.rivals.some(({ followers, own }) => followers.has(viewer) || own.has(viewer));
  }

  /** For a change of follows. Called after the change. */
  ofFollows(viewer: Connection, added: readonly User[], removed: readonly User[]): AliasedNumbers | undefined {
    // The users removed by this frame may no longer be known as holders of their numbers.
    const replaces = added.length > 0 && removed.length > 0;
    if (!this.#byViewer.has(viewer) && !replaces && !this.#shares(viewer, added)) {
      return undefined;
    }
    const isNew = new Set(added);
    const isGone = new Set(removed);
    const staying = [viewer.user, ...viewer.follows.keys()].filter((user) => !isNew.has(user));
    const held = thingsOf(viewer, [...staying, ...removed]);
    const entering = thingsOf(viewer, added);
    for (const [key, { ref, user }] of this.#untold(viewer, added)) {
      if (!entering.has(key)) {
        held.set(key, { ref, user });
      }
    }
    return this.#allot(viewer, held, entering, (_, { user }) => isGone.has(user));
  }

  /** Whether one of `users`, or of their connections, shares a number with something the viewer sees. */
  #shares(viewer: Connection, users: readonly User[]): boolean {
    return users.some((user) => {
      for (const { connectionId, ref } of user.visible.values()) {
        if (this.#rivalsSeen(viewer, ref, connectionId).length > 0) {
          return true;
        }
      }
      return this.#rivalsSeen(viewer, user.ref, user.userId).length > 0;
    });
  }

  #rivalsSeen(viewer: Connection, ref: number, id: string): Holder[] {
    return this.#refs.rivals(ref, id).filter(({ user }) => user === viewer.user || viewer.follows.has(user));
  }

  /** Connections that have gone, but are still in the viewer's state until the next flush, and share a number with a connection of `users`. */
  #untold(viewer: Connection, users: readonly User[]): Things {
    const things: Things = new Map();
    for (const { visible } of users) {
      for (const { connectionId, ref } of visible.values()) {
        for (const { id, user } of this.#rivalsSeen(viewer, ref, connectionId)) {
          if (!user.visible.has(id) && wasTold(viewer, user, id)) {
            things.set(connectionKey(id), { ref, user });
          }
        }
      }
    }
    return things;
  }

  /** For the full state, which replaces the state of the client. */
  ofFullState(viewer: Connection): AliasedNumbers | undefined {
    const users = [viewer.user, ...viewer.follows.keys()];
    const known = this.#byViewer.get(viewer);
    if (known === undefined && !this.#shares(viewer, users)) {
      return undefined;
    }
    const entering = thingsOf(viewer, users);
    const kept = new Map([...(known ?? [])].filter(([key]) => entering.delete(key)));
    this.#byViewer.set(viewer, kept);
    return this.#allot(viewer, new Map(), entering, () => false);
  }

  /** `held`: what already has a number and keeps it in this frame. `isLeaving`: whether it is gone after this frame. */
  #allot(
    viewer: Connection,
    held: Things,
    entering: Things,
    isLeaving: (key: string, alias: Alias) => boolean,
  ): AliasedNumbers | undefined {
    const aliases = new Map(this.#byViewer.get(viewer));
    for (const key of entering.keys()) {
      aliases.delete(key);
    }
    const taken = new Set([...aliases.values()].map(({ number }) => number));
    for (const [key, { ref }] of held) {
      if (!aliases.has(key)) {
        taken.add(ref);
      }
    }
    for (const [key, { ref, user }] of entering) {
      let number = ref;
      for (let attempt = 1; taken.has(number); attempt++) {
        number = this.#refs.alias(ref, key, attempt);
      }
      taken.add(number);
      if (number !== ref) {
        aliases.set(key, { number, user });
      }
    }
    const staying = new Map([...aliases].filter(([key, alias]) => !isLeaving(key, alias)));
    if (staying.size > 0) {
      this.#byViewer.set(viewer, staying);
    } else {
      this.#byViewer.delete(viewer);
    }
    return aliases.size > 0 ? new AliasedNumbers(aliases) : undefined;
  }
}

/** Whether the viewer's state holds a connection that has gone. */
function wasTold(viewer: Connection, user: User, connectionId: string): boolean {
  return (
    viewer.view === undefined ||
    viewer.user === user ||
    (viewer.view.told.get(user.userId)?.connections.get(connectionId)?.box ?? null) !== null
  );
}

/** The users, and their connections that the viewer sees. */
function thingsOf(viewer: Connection, users: readonly User[]): Things {
  const things: Things = new Map();
  for (const user of users) {
    things.set(userKey(user.userId), { ref: user.ref, user });
    for (const { ref, box } of shownOf(look(viewer, user))) {
      things.set(connectionKey(box.presence.connectionId), { ref, user });
    }
  }
  return things;
}
