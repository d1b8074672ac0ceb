/**
 * The list of rooms, sent with the messages of Colyseus's `LobbyRoom`: `rooms`,
 * `+` and `-`. A client that does not read is sent nothing more; once it reads
 * again it gets the whole list, as after a join. However often a client changes
 * its filter, it gets the whole list once per look for those that are owed it.
 */
import { subscribeLobby, type Client, type LobbyRoom } from '@colyseus/core';
import { messageFrame } from '../wire/frames.ts';
import { waitingBytes } from '../wire/backpressure.ts';
import { listedRooms } from '../server/matchmaking.ts';

type Listing = LobbyRoom['rooms'][number];

/** Whether the filter of this client accepts this room. */
type Wants = (client: Client, room: Listing) => boolean;

export class LobbyList {
  readonly #host: LobbyRoom;
  readonly #wants: Wants;
  readonly #maxBufferedBytes: number;
  /** Session ids of clients that are owed the whole list. */
  readonly #behind = new Set<string>();
  /** Session ids of clients that were owed the list, and got it, since the last look. */
  readonly #served = new Set<string>();
  #unsubscribe: () => void = () => {};
  #isFlushing = false;

  constructor(host: LobbyRoom, wants: Wants, maxBufferedBytes: number) {
    this.#host = host;
    this.#wants = wants;
    this.#maxBufferedBytes = maxBufferedBytes;
  }

  async open(): Promise<void> {
    this.#unsubscribe = (await subscribeLobby((roomId, room) => {
      this.#change(roomId, room as Listing | null | undefined);
    })) as () => void;
    this.#host.rooms = await listedRooms();
  }

  close(): void {
    this.#unsubscribe();
  }

  forget(sessionId: string): void {
    this.#behind.delete(sessionId);
    this.#served.delete(sessionId);
  }

  /**
   * Owes a client the whole list. It is sent at the end of this event-loop turn; if the client does not read, or has got
   * the list since the last {@link look}, a later look sends it.
   */
  owe(client: Client): void {
    this.#behind.add(client.sessionId);
    if (!this.#isFlushing) {
      this.#isFlushing = true;
      setImmediate(() => {
        this.#isFlushing = false;
        this.#pay();
      });
    }
  }

  /** Sends the list to the clients that are owed it. Call it in intervals. */
  look(): void {
    this.#served.clear();
    this.#pay();
  }

  #pay(): void {
    if (this.#behind.size === 0) {
      return;
    }
    for (const client of this.#host.clients) {
      const { sessionId } = client;
      if (this.#behind.has(sessionId) && !this.#served.has(sessionId) && this.#isReady(client)) {
        this.#served.add(sessionId);
        this.tell(client);
      }
    }
  }

  tell(client: Client): void {
    this.#behind.delete(client.sessionId);
    client.enqueueRaw(
      messageFrame(
        'rooms',
        this.#host.rooms.filter((room) => this.#wants(client, room)),
      ),
    );
  }

  #change(roomId: string, room: Listing | null | undefined): void {
    const { rooms } = this.#host;
    const index = rooms.findIndex((known) => known.roomId === roomId);
    const before = rooms[index];
    if (room === null || room === undefined) {
      if (index >= 0) {
        rooms.splice(index, 1);
      }
    } else if (index >= 0) {
      rooms[index] = room;
    } else {
      rooms.push(room);
    }
    let added: Uint8Array | undefined;
    let removed: Uint8Array | undefined;
    for (const client of this.#host.clients) {
      const has = room !== null && room !== undefined && this.#wants(client, room);
      const had = before !== undefined && this.#wants(client, before);
      if ((!has && !had) || this.#behind.has(client.sessionId)) {
        continue;
      }
      if (!this.#isReady(client)) {
        this.#behind.add(client.sessionId);
      } else if (has) {
        client.enqueueRaw((added ??= messageFrame('+', [roomId, room])));
      } else {
        client.enqueueRaw((removed ??= messageFrame('-', roomId)));
      }
    }
  }

  #isReady(client: Client): boolean {
    return waitingBytes(client) <= this.#maxBufferedBytes;
  }
}
