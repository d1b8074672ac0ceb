/**
 * Every command to the shared store goes through here: a time limit of our own
 * (a Redis client queues commands while it is offline), errors that some
 * methods of RedisPresence *resolve* with, and no command at all while the
 * store is down, except the probe.
 */
import type { Clock } from './clock.ts';
import type { Health } from './health.ts';

/** The store answered, but refuses this one command (a foreign value sits on our key). The store itself is well. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

export class Calls {
  readonly #health: Health;
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  constructor(health: Health, clock: Clock, timeoutMs: number) {
    this.#health = health;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Issues the command at once. Rejects when it fails or takes too long, which also counts as the store being down. */
  async run<T>(command: () => unknown): Promise<T> {
    if (this.#health.state === 'down') {
      throw new Error('the shared store is down');
    }
    const { epoch } = this.#health;
    try {
      return await this.probe<T>(command);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('WRONGTYPE')) {
        throw new RefusedError(error.message);
      }
      this.#health.failed(epoch, error);
      throw error;
    }
  }

  /** The same, but also while the store is down, and without consequences. */
  probe<T>(command: () => unknown): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const giveUp = (): void => {
        reject(new Error(`no answer within ${this.#timeoutMs} ms`));
      };
      // A process that was stalled finds the timer due before it has read the answer: look once more.
      let timer = this.#clock.setTimeout(() => {
        timer = this.#clock.setTimeout(giveUp, 0);
      }, this.#timeoutMs);
      settle(command).then(
        (value) => {
          this.#clock.clearTimeout(timer);
          if (value instanceof Error) {
            reject(value);
          } else {
            resolve(value as T);
          }
        },
        (error: unknown) => {
          this.#clock.clearTimeout(timer);
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  }
}

/** Issues a command now, whatever it returns or throws. */
export function settle(command: () => unknown): Promise<unknown> {
  try {
    return Promise.resolve(command());
  } catch (error) {
    return Promise.reject(error);
  }
}
