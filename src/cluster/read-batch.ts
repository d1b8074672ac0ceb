/**
 * Reads of the store. The reads of one event-loop turn are sent in one pipeline if
 * the `Presence` allows it: one round trip for a query of 500 users.
 */
import type { Presence } from '@colyseus/core';
import { settle } from './calls.ts';
import { pipelineOf } from './redis-clients.ts';

interface Read {
  readonly command: 'hgetall' | 'get';
  readonly key: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class ReadBatch {
  readonly #presence: Presence;
  #reads: Read[] = [];

  constructor(presence: Presence) {
    this.#presence = presence;
  }

  hgetall(key: string): Promise<unknown> {
    return this.#add('hgetall', key);
  }

  get(key: string): Promise<unknown> {
    return this.#add('get', key);
  }

  #add(command: Read['command'], key: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#reads.push({ command, key, resolve, reject });
      if (this.#reads.length === 1) {
        queueMicrotask(() => {
          this.#send();
        });
      }
    });
  }

  #send(): void {
    const reads = this.#reads;
    this.#reads = [];
    const pipeline = reads.length > 1 ? pipelineOf(this.#presence) : undefined;
    if (pipeline === undefined) {
      for (const { command, key, resolve, reject } of reads) {
        settle(() => this.#presence[command](key)).then(resolve, reject);
      }
      return;
    }
    for (const { command, key } of reads) {
      pipeline[command](key);
    }
    settle(() => pipeline.exec()).then(
      (answers) => {
        reads.forEach(({ resolve, reject }, i) => {
          const [error, value] = (answers as Awaited<ReturnType<typeof pipeline.exec>>)?.[i] ?? [
            new Error('the pipeline was not executed'),
            undefined,
          ];
          if (error === null) {
            resolve(value);
          } else {
            reject(error);
          }
        });
      },
      (error: unknown) => {
        for (const { reject } of reads) {
          reject(error);
        }
      },
    );
  }
}
