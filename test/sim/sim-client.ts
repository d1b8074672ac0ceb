/** A player's client: what it asked for, and what it believes. The model is its own, not the tracker's. */
import { queryUsers } from '../../src/core/query.ts';
import { generalsTo, presencesTo } from '../../src/core/view.ts';
import type { Batch } from '../../src/core/batch.ts';
import type { Connection, Sink, Update, User } from '../../src/core/model.ts';
import type { ResolvedOptions } from '../../src/options.ts';
import { PresenceError, type Delta, type GeneralChange, type Presence, type Status } from '../../src/protocol.ts';
import { statusOf } from '../../src/core/derived.ts';
import type { Ending } from '../../src/core/tracker.ts';
import type { SimNode } from './sim-node.ts';
import { View } from './view.ts';
import type { World } from './world.ts';

export type ClientState = 'out' | 'joining' | 'in' | 'away';

export interface Seat {
  readonly node: SimNode;
  readonly connection: Connection;
  readonly view: View;
  /** Followed, but not to be seen. */
  readonly refused: Set<string>;
}

export interface ClientContext {
  world: World;
  options: ResolvedOptions;
  /** Connections that move to another process, and their status. */
  steady: ReadonlyMap<string, string>;
  complain: (problem: string) => void;
  trace: (line: string) => void;
  /** The player has set another status than it had. */
  changed: (client: SimClient) => void;
  /** The server closed its connection: another process says that the player is there. */
  closed: (client: SimClient) => void;
  /** A visible connection of the user is visible no more. */
  ended: (client: SimClient, ending: Ending | 'hidden' | 'moved') => void;
}

export class SimClient {
  readonly name: string;
  readonly userId: string;
  readonly username: string | undefined;
  readonly #context: ClientContext;
  state: ClientState = 'out';
  seat: Seat | undefined;
  status: Status = null;
  /** Of the last seat: what a player that comes back has in hand. */
  lastConnectionId: string | undefined;
  lastStatus: Status = null;
  lastFollows: string[] = [];
  isSlow = false;
  /** Its process is gone, and it is about to look for another. */
  isComingBack = false;
  /** While it is joining: where. */
  joiningNode: SimNode | undefined;
  #attempt = 0;
  delivered = 0;

  constructor(name: string, userId: string, username: string | undefined, context: ClientContext) {
    this.name = name;
    this.userId = userId;
    this.username = username;
    this.#context = context;
  }

  async join(node: SimNode, status: Status, resume: string | undefined): Promise<void> {
    const attempt = ++this.#attempt;
    this.state = 'joining';
    this.joiningNode = node;
    this.status = null;
    const { options, world, steady } = this.#context;
    const view = new View((problem) => {
      this.#complain(problem);
    }, steady);
    const sink = this.#sink(view);
    const made = node.tracker.connect({
      identity: { userId: this.userId, ...(this.username !== undefined && { username: this.username }) },
      auth: undefined,
      options,
      sync: 'both',
      resume,
      sink: world.sabotage.sink?.(sink) ?? sink,
      onConnect: (connection) => {
        if (attempt === this.#attempt) {
          this.seat = { node, connection, view, refused: new Set() };
          this.#welcome(this.seat);
          this.state = 'in';
          this.status = statusOf(connection);
          this.lastConnectionId = connection.connectionId;
        }
      },
    });
    const connection = made instanceof Promise ? await made : made;
    if (attempt !== this.#attempt) {
      // Gone before it was let in.
      node.tracker.disconnect(connection, 'dropped');
      return;
    }
    this.setStatus(status);
  }

  setStatus(status: Status): void {
    const wasVisible = this.status !== null;
    if (this.status !== status) {
      this.#context.changed(this);
    }
    this.status = status;
    this.lastStatus = status;
    this.seat!.node.tracker.setStatus(this.seat!.connection, status);
    if (wasVisible && status === null) {
      this.#context.ended(this, 'hidden');
    }
  }

  async follow(userIds: readonly string[], refused: ReadonlySet<string>): Promise<void> {
    const seat = this.seat!;
    try {
      const { node, connection, view } = seat;
      for (const userId of refused) {
        view.refused.add(userId);
      }
      let ids: string[] = [];
      let presences: Presence[] = [];
      let generals: GeneralChange[] = [];
      const { evicted } = await node.tracker.following.follow(
        node.tracker.following.begin(connection),
        userIds,
        'client',
        refused,
        ({ users }) => {
          ids = users.map(({ userId }) => userId);
          presences = presencesTo(connection, users);
          generals = generalsTo(connection, users);
          connection.replying = true;
        },
      );
      // The answer is sent some promises later than it was made, and what changes meanwhile behind it.
      for (let i = 0; i < 8; i++) {
        await Promise.resolve();
      }
      connection.replying = false;
      for (const userId of ids) {
        if (refused.has(userId)) {
          seat.refused.add(userId);
        } else {
          seat.refused.delete(userId);
        }
      }
      this.#context.trace(`${this.name} follows now ${JSON.stringify({ ids, presences, generals })}`);
      seat.view.remove(evicted.map(({ userId }) => userId));
      seat.view.snapshot(ids, presences, generals, false);
    } catch (error) {
      if (!(error instanceof PresenceError) || (this.seat === seat && error.code !== 'too_many_follows')) {
        throw error;
      }
    }
  }

  unfollow(userIds: readonly string[] | undefined): void {
    const { node, connection, view } = this.seat!;
    const ended = node.tracker.following.unfollow(connection, userIds);
    view.remove(ended.map(({ userId }) => userId));
  }

  async query(userIds: readonly string[]): Promise<void> {
    const { node, connection } = this.seat!;
    const answers = await queryUsers(node.tracker, userIds, connection);
    for (const { userId, general, presences } of answers) {
      if ((general === 'online') !== presences.length > 0) {
        this.#complain(`a query answers that "${userId}" is ${general} with ${presences.length} connections`);
      }
    }
  }

  drop(): void {
    this.state = 'away';
    this.seat!.node.tracker.suspend(this.seat!.connection);
  }

  /** @param asksState Its client asks for the whole state, which brings it up to date at once. */
  resume(asksState: boolean): void {
    const { node, connection } = this.seat!;
    if (!node.tracker.resume(connection)) {
      this.#context.closed(this);
      return;
    }
    this.state = 'in';
    this.#welcome(this.seat!);
    if (asksState) {
      node.tracker.outbox.resync(connection, 'messages');
    }
  }

  /** Away, it comes back as another connection. The seat it leaves behind is returned: the process gives it up after the grace. */
  moveOn(): Seat {
    const seat = this.seat!;
    this.leave('moved');
    return seat;
  }

  /** Its seat is gone; `undefined`: and so is the process. `moved`: the process does not know. */
  leave(ending: Ending | 'moved' | undefined): void {
    const seat = this.seat;
    this.#attempt++;
    this.lastFollows = [...(seat?.connection.follows.keys() ?? [])].map(({ userId }) => userId);
    this.state = 'out';
    this.seat = undefined;
    const wasVisible = this.status !== null;
    this.status = null;
    if (seat !== undefined && ending !== undefined && ending !== 'moved') {
      seat.node.tracker.disconnect(seat.connection, ending);
    }
    if (wasVisible) {
      this.#context.ended(this, ending ?? 'dropped');
    }
  }

  /** Who it is, and its own visible connections: the first message. */
  #welcome({ connection, view }: Seat): void {
    const { user } = connection;
    const presences = presencesTo(connection, [user]);
    view.snapshot(
      [this.userId],
      presences,
      presences.length > 0 ? [] : [{ userId: this.userId, general: user.last }],
      false,
    );
  }

  #sink(view: View): Sink {
    const snapshot = (users: readonly User[], complete: boolean): void => {
      const { connection } = this.seat!;
      this.#context.trace(`${this.name} is given a snapshot of ${users.length} users`);
      view.snapshot(
        users.map(({ userId }) => userId),
        presencesTo(connection, users),
        generalsTo(connection, users),
        complete,
      );
    };
    return {
      welcome: () => {
        this.lastConnectionId = this.seat!.connection.connectionId;
        this.#welcome(this.seat!);
      },
      ready: () => !this.isSlow,
      deliver: (batch) => {
        if (this.state !== 'in') {
          this.#complain(`a delivery while ${this.state}`);
        }
        this.delivered++;
        const delta = deltaOf(batch);
        this.#context.trace(`${this.name} hears ${JSON.stringify(delta)}`);
        view.delta(delta);
      },
      snapshot: (users, scope) => {
        snapshot(users, scope !== 'some');
      },
      invites: () => true,
      party: () => true,
      unfollowed: (users) => {
        view.remove(users.map(({ userId }) => userId));
      },
      followsChanged: () => {},
      close: () => {
        this.#context.closed(this);
      },
    };
  }

  #complain(problem: string): void {
    this.#context.complain(
      `${this.name} ("${this.userId}" on ${this.seat?.node.incarnation ?? 'nothing'}) got ${problem}`,
    );
  }
}

/** As it goes over the wire. */
function deltaOf(batch: Batch<Update>): Delta {
  const delta = { joins: [] as Presence[], leaves: [] as Presence[], users: [] as NonNullable<Delta['users']> };
  for (const { user, changes, general } of batch.updates()) {
    for (const { before, after } of changes) {
      if (before !== null) {
        delta.leaves.push(before.presence);
      }
      if (after !== null) {
        delta.joins.push(after.presence);
      }
    }
    if (general !== undefined) {
      delta.users.push({ userId: user.userId, general });
    }
  }
  return delta;
}
