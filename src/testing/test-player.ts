/** A signed-in player of a test, with a network of its own that can be cut. */
import type { Client as SDKClient, Room as SDKRoom } from '@colyseus/sdk';
import { PresenceClient, type Friend, type PresenceClientOptions } from '../client/index.ts';

/** The close code of a lost network: the server keeps the seat for its grace, and the SDK wants it back. */
const MAY_TRY_RECONNECT = 4010;

export class TestPlayer {
  readonly userId: string;
  /** The SDK's client, signed in: for other rooms, and for `http`. */
  readonly sdk: SDKClient;
  #friends: PresenceClient | undefined;
  #isCut = false;
  /** What the SDK wanted to do when there was no network. */
  #waiting: (() => void) | undefined;

  /** @internal */
  constructor(userId: string, sdk: SDKClient) {
    this.userId = userId;
    this.sdk = sdk;
    for (const method of ['joinOrCreate', 'join', 'create'] as const) {
      const call = sdk[method].bind(sdk) as (...args: unknown[]) => Promise<unknown>;
      Object.assign(sdk, {
        [method]: (...args: unknown[]) =>
          this.#isCut ? Promise.reject(new Error(`${userId} has no network.`)) : call(...args),
      });
    }
  }

  /** @internal */
  async join(roomName: string, options: PresenceClientOptions): Promise<void> {
    this.#friends = await PresenceClient.join(this.sdk, roomName, {
      rejoin: { minMs: 10, maxMs: 200 },
      ...options,
      onRoom: (room) => {
        this.#wire(room);
        options.onRoom?.(room);
      },
    });
  }

  /** The helper, as the game uses it. */
  get friends(): PresenceClient {
    if (this.#friends === undefined) {
      throw new Error(`${this.userId} has not joined yet.`);
    }
    return this.#friends;
  }

  /** The presence room, as the SDK has it. Another object after a rejoin. */
  get room(): SDKRoom {
    return this.friends.room;
  }

  /** A followed user, as it stands in the list; `undefined` if it is not followed. */
  friend(userId: string): Friend | undefined {
    return this.friends.getSnapshot().find((friend) => friend.userId === userId);
  }

  /** Whether a followed user is seen online, with this custom status if one is given. */
  sees(userId: string, customStatus?: string): boolean {
    const friend = this.friend(userId);
    return friend?.online === true && (customStatus === undefined || friend.customStatus === customStatus);
  }

  /** @internal */
  cut(): void {
    this.#isCut = true;
    this.room.connection.close(MAY_TRY_RECONNECT);
  }

  /** @internal */
  mend(): void {
    this.#isCut = false;
    if (this.friends.connection === 'reconnecting') {
      this.#waiting?.();
    }
    this.#waiting = undefined;
  }

  /** Everything the server had to say to this player before has arrived. Costs the server no call of its budget. */
  async settle(): Promise<void> {
    await this.friends.getUserStatus([this.userId]);
  }

  #wire({ connection, reconnection }: SDKRoom): void {
    Object.assign(reconnection, { minUptime: 0, minDelay: 10, delay: 10 });
    const reconnect = connection.reconnect.bind(connection);
    connection.reconnect = (query) => {
      if (this.#isCut) {
        this.#waiting = () => reconnect(query);
      } else {
        reconnect(query);
      }
    };
  }
}
