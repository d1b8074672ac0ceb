/**
 * Every command to the shared store goes through here. It adds a time limit,
 * because a Redis client queues commands while it is offline; it rejects where
 * a method of RedisPresence *resolves* with an error; and while the store is
 * down it sends no command except the probe.
 */
import type { Clock } from './clock.ts';
import type { Health } from './health.ts';

/** The store works, but refused this one command: the key holds a value of another type. */
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

  /** Like {@link run}, but it also works while the store is down, and a failure does not change the health. */
  probe<T>(command: () => unknown): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const giveUp = (): void => {
        reject(new Error(`no answer within ${this.#timeoutMs} ms`));
      };
      // After a stall of this process the timer fires before an answer that has arrived is read: wait one more turn.
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
