import type { ConformanceClient } from './client/client.ts';
import type { Welcome } from '../src/protocol.ts';

/** One device of a player, or its being in a match. */
export class Player {
  readonly userId: string;
  readonly username: string;
  readonly client: ConformanceClient;
  status: string | null;
  readonly #stayId: string | undefined;

  /** `stayId`: of one that is in a match, its connection id. */
  constructor(userId: string, username: string, client: ConformanceClient, status: string | null, stayId?: string) {
    this.userId = userId;
    this.username = username;
    this.client = client;
    this.status = status;
    this.#stayId = stayId;
  }

  get isInMatch(): boolean {
    return this.#stayId !== undefined;
  }

  /** The newest one that the server told this device. */
  get connectionId(): string {
    return this.#stayId ?? (this.client.messages('presence:welcome').at(-1) as Welcome).connectionId;
  }
}
