/** A device of a player in a story: the client helper, its schema state, and the list folded from its events. */
import type { Client } from '@colyseus/sdk';
import { PresenceClient } from '../../src/client/index.ts';
import type { Presence } from '../../src/index.ts';
import type { PlainState, PlainUser } from '../support/person.ts';
import type { Seen } from './model.ts';

/** `CloseCode.MAY_TRY_RECONNECT`: to the server it is a lost connection, and the SDK comes back at once. */
const LOST = 4010;
/** A closed tab: to the server a lost connection. */
const GONE_AWAY = 3001;
const NORMAL_CLOSURE = 1000;

export class ModelPlayer {
  readonly helper: PresenceClient;
  /** What does not fit together in the events. */
  readonly problems: string[] = [];
  readonly #folded = new Map<string, Map<string, Presence>>();

  static async join(client: Client, options: { status: string | null; resume?: string }): Promise<ModelPlayer> {
    return new ModelPlayer(
      await PresenceClient.join(client, 'presence', {
        ...options,
        sync: 'both',
        rejoin: { minMs: 10, maxMs: 200 },
        onRoom: ({ reconnection }) => {
          Object.assign(reconnection, { minUptime: 0, minDelay: 10, maxDelay: 50, delay: 10 });
        },
      }),
    );
  }

  constructor(helper: PresenceClient) {
    this.helper = helper;
    helper.onFollowsChanged((added, removed) => {
      removed.forEach((userId) => this.#folded.delete(userId));
      for (const { userId, connections } of helper.getSnapshot()) {
        if (added.includes(userId)) {
          this.#folded.set(userId, new Map(connections.map((one) => [one.connectionId, one])));
        }
      }
    });
    helper.onDelta(({ joins, leaves }) => {
      for (const leave of leaves) {
        const held = this.#folded.get(leave.userId);
        if (held !== undefined && held.get(leave.connectionId)?.status !== leave.status) {
          this.problems.push(`left without being held: ${JSON.stringify(leave)}`);
        }
        held?.delete(leave.connectionId);
      }
      for (const join of joins) {
        const held = this.#folded.get(join.userId);
        if (held?.has(join.connectionId) === true) {
          this.problems.push(`joined while held: ${JSON.stringify(join)}`);
        }
        held?.set(join.connectionId, join);
      }
    });
  }

  /** The three views of the same friends. */
  views(): Record<'list' | 'state' | 'folded', Map<string, Seen>> {
    const list = this.helper.getSnapshot();
    const { users } = this.helper.room.state.toJSON() as PlainState;
    return {
      list: new Map(list.map((one) => [one.userId, seen(one.general, one.connections, one.customStatus)])),
      state: new Map(Object.values(users).map((user) => [user.userId, ofState(user)])),
      folded: new Map(
        list.map(({ userId, general }) => [userId, seen(general, [...(this.#folded.get(userId)?.values() ?? [])])]),
      ),
    };
  }

  get me(): Seen {
    const { general, connections, customStatus } = this.helper.me!;
    return seen(general, connections, customStatus);
  }

  drop(): void {
    this.helper.room.connection.close(LOST);
  }

  /** The player is gone without a word, and does not come back. */
  goOffline(): void {
    this.#forget(NORMAL_CLOSURE);
  }

  /** The page goes away. */
  unload(): void {
    this.#forget(GONE_AWAY);
  }

  #forget(code: number): void {
    const { room } = this.helper;
    room.reconnection.enabled = false;
    room.removeAllListeners();
    room.connection.close(code);
  }
}

function ofState({ general, connections }: PlainUser): Seen {
  return seen(general, Object.values(connections));
}

function seen(general: string, connections: ReadonlyArray<{ status: string }>, custom?: string): Seen {
  return { general, statuses: connections.map(({ status }) => status).toSorted(), custom };
}
