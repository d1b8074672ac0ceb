/**
 * Every command to the shared store goes through here. It adds a time limit,
 * because a Redis client queues commands while it is offline; it rejects where
 * a method of RedisPresence *resolves* with an error; and while the store is
 * down it sends no command except the probe.
 */
import type { Clock } from './clock.ts';
import type { Health } from './health.ts';

/** The store works, but refused this one command: the key holds a value of another type, or no number. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/** How Redis begins to say so. */
const REFUSALS = ['WRONGTYPE', 'ERR hash value is not an integer', 'ERR increment or decrement would overflow'];

/** Is told whether commands are answered in time. */
export interface Listener {
  answered(key: string, tookMs: number): void;
  unanswered(key: string): void;
  /** A command failed or was not answered. */
  failed?(): void;
}

export class Calls {
  readonly #health: Health;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #listener: Listener | undefined;

  constructor(health: Health, clock: Clock, timeoutMs: number, listener?: Listener) {
    this.#health = health;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#listener = listener;
  }

  /** Issues the command, about this key or topic, at once. Rejects when it fails or takes too long, which also counts as the store being down. */
  async run<T>(key: string, command: () => unknown): Promise<T> {
    if (this.#health.state === 'down') {
      throw new Error('the shared store is down');
    }
    const { epoch } = this.#health;
    try {
      return await this.probe<T>(key, command);
    } catch (error) {
      const { message } = error as Error;
      if (REFUSALS.some((refusal) => message.startsWith(refusal))) {
        throw new RefusedError(message);
      }
      this.#health.failed(epoch, error);
      throw error;
    }
  }

  /** Issues a command that nobody waits for: its failure changes nothing. Nothing is issued while the store is down. */
  attempt(key: string, command: () => unknown): void {
    if (this.#health.state === 'up') {
      this.probe(key, command).catch(() => {
        // By design.
      });
    }
  }

  /** Like {@link run}, but it also works while the store is down, and a failure does not change the health. */
  probe<T>(key: string, command: () => unknown): Promise<T> {
    const from = this.#clock.now();
    return new Promise<T>((resolve, reject) => {
      let hasFailed = false;
      const fail = (error: Error): void => {
        if (!hasFailed) {
          hasFailed = true;
          this.#listener?.failed?.();
          reject(error);
        }
      };
      const giveUp = (): void => {
        this.#listener?.unanswered(key);
        fail(new Error(`no answer within ${this.#timeoutMs} ms`));
      };
      // After a stall of this process the timer fires before an answer that has arrived is read: wait one more turn.
      let timer = this.#clock.setTimeout(() => {
        timer = this.#clock.setTimeout(giveUp, 0);
      }, this.#timeoutMs);
      settle(command).then(
        (value) => {
          this.#clock.clearTimeout(timer);
          if (value instanceof Error) {
            fail(value);
          } else {
            this.#listener?.answered(key, this.#clock.now() - from);
            resolve(value as T);
          }
        },
        (error: unknown) => {
          this.#clock.clearTimeout(timer);
          fail(error instanceof Error ? error : new Error(String(error)));
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
