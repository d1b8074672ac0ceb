/**
 * Messages between processes: one topic per watched user for registers, one
 * control topic for all. A process ignores its own messages, except its beats:
 * their echo shows that the subscription works. A message that cannot be decoded
 * is counted and dropped. Neither a message nor a failing listener makes the
 * publisher throw.
 */
import { reasonOf } from '../core/hooks.ts';
import type { Presence } from '@colyseus/core';
import type { Calls } from './calls.ts';
import type { Formats } from './formats.ts';
import type { Log } from '../log-codes.ts';
import type { Keys } from './store.ts';
import type { Register } from '../core/registers.ts';
import {
  decodeControl,
  decodeRegister,
  encodeControl,
  type ControlMessage,
  type RegisterEnvelope,
} from './envelope.ts';
import { Subscription, type SubscriptionContext } from './subscription.ts';

export interface BusDeps {
  incarnation: string;
  presence: Presence;
  calls: Calls;
  keys: Keys;
  log: Log;
  formats: Formats;
  subscriptions: SubscriptionContext;
}

export interface BusCounts {
  published: number;
  received: number;
  dropped: number;
}

export class Bus {
  readonly counts: BusCounts = { published: 0, received: 0, dropped: 0 };
  readonly #deps: BusDeps;
  #nothings = 0;

  constructor(deps: BusDeps) {
    this.#deps = deps;
  }

  /** Sends a register to the processes that watch the user. One command. */
  async publishRegister(userId: string, envelope: RegisterEnvelope): Promise<void> {
    this.counts.published++;
    await this.#publish(this.#deps.keys.user(userId), envelope);
  }

  /** Sends to every process. One command. */
  async publishControl(message: ControlMessage): Promise<void> {
    if (message.kind === 'command') {
      this.counts.published++;
    }
    await this.#publish(this.#deps.keys.control, encodeControl(this.#deps.incarnation, message));
  }

  /** Listens to the registers of one user. The caller opens and closes the subscription. `byProxy`: another process sent it for `from`. */
  onRegister(
    userId: string,
    hear: (from: string, register: Register, byProxy: boolean) => void,
    onLate: () => void,
  ): Subscription {
    return this.#subscription(
      this.#deps.keys.user(userId),
      (message) => {
        const received = decodeRegister(this.#deps.formats.open(message));
        if (received === null) {
          this.counts.dropped++;
        } else if (received.from !== this.#deps.incarnation) {
          this.counts.received++;
          hear(received.from, received.body, received.byProxy === true);
        }
      },
      onLate,
    );
  }

  /** A topic on which nobody publishes. The caller opens and closes the subscription. */
  toNothing(): Subscription {
    const topic = this.#deps.keys.user(`${this.#deps.incarnation} ${++this.#nothings}`);
    return this.#subscription(
      topic,
      () => {},
      () => {},
    );
  }

  /** Listens to the control topic. The caller opens and closes the subscription. */
  onControl(hear: (from: string, message: ControlMessage) => void, hearEcho: (beat: number) => void): Subscription {
    return this.#subscription(
      this.#deps.keys.control,
      (message) => {
        const received = decodeControl(this.#deps.formats.open(message));
        if (received === null) {
          this.counts.dropped++;
        } else if (received.from !== this.#deps.incarnation) {
          if (received.body.kind === 'command') {
            this.counts.received++;
          }
          hear(received.from, received.body);
        } else if (received.body.kind === 'beat') {
          hearEcho(received.body.n);
        }
      },
      () => {},
    );
  }

  #publish(topic: string, message: object): Promise<unknown> {
    return this.#deps.calls.run(topic, () => this.#deps.presence.publish(topic, this.#deps.formats.seal(message)));
  }

  #subscription(topic: string, hear: (message: unknown) => void, onLate: () => void): Subscription {
    const { subscriptions, log } = this.#deps;
    return new Subscription(
      subscriptions,
      topic,
      (message) => {
        try {
          hear(message);
        } catch (error) {
          log.error(
            `[presence:cluster_fault] Applying a message on ${JSON.stringify(topic)} failed: ${reasonOf(error)}`,
          );
        }
      },
      onLate,
    );
  }
}
