/**
 * Which users of this process have to be written: one after a change, all of
 * them after the store has lost its data. Each user that is listed puts the name
 * of the process on the list of processes too, and once more after all of them.
 */
import type { GuardedHost } from './guarded-host.ts';
import type { Peers } from './peers.ts';
import type { Registrar } from './registrar.ts';
import type { Store } from './store.ts';
import { Writer } from './writer.ts';

/** Stands for the name of this process among the users to be written. No user has this id. */
const OUR_NAME = '';

export interface AnnouncementsDeps {
  incarnation: string;
  host: GuardedHost;
  store: Store;
  registrar: Registrar;
  peers: Peers;
  /** Maximum of users written at once. */
  maxAtOnce: number;
}

export class Announcements {
  readonly #deps: AnnouncementsDeps;
  readonly #writer: Writer;
  /** The store has lost the data of this process, and writing it again has not begun. */
  #hasLost = false;
  /** All own users are being written; the name of this process is put on the list of processes after them. */
  #isEnlisting = false;

  constructor(deps: AnnouncementsDeps) {
    this.#deps = deps;
    this.#writer = new Writer((userId) => this.#write(userId), deps.maxAtOnce, true);
  }

  get hasLost(): boolean {
    return this.#hasLost;
  }

  get isEnlisting(): boolean {
    return this.#isEnlisting;
  }

  /** The user has changed. */
  announce(userId: string): void {
    this.#writer.mark(userId);
  }

  /** The store has lost the data of this process. Call `announceAll` next. */
  noteLoss(): void {
    this.#hasLost = true;
  }

  /** Whether a change of the user is not in the store yet. */
  isWriting(userId: string): boolean {
    return this.#writer.has(userId);
  }

  /** Writes all own users, and those who have just gone. */
  announceAll(): void {
    const announced = this.#deps.host.announcedUsers();
    if (announced === undefined) {
      this.#hasLost = true; // so the next scan calls this again
      return;
    }
    this.#hasLost = false;
    this.#isEnlisting = true;
    this.#deps.registrar.relist();
    for (const userId of [...announced, ...this.#deps.registrar.away]) {
      this.#writer.mark(userId);
    }
    this.#writer.mark(OUR_NAME);
    this.#writer.resume();
  }

  /** Writes what waits; also the users that could not be read before. */
  resume(): void {
    for (const userId of this.#deps.registrar.unread) {
      this.#writer.mark(userId);
    }
    this.#writer.resume();
  }

  pause(): void {
    this.#writer.pause();
  }

  /** Resolves when nothing is left to write, or when writing pauses. */
  idle(): Promise<void> {
    return this.#writer.idle();
  }

  #write(userId: string): Promise<void> {
    return userId === OUR_NAME ? this.#enlist() : this.#writeUser(userId);
  }

  async #enlist(): Promise<void> {
    await this.#deps.store.enlist(this.#deps.incarnation);
    this.#isEnlisting = false;
  }

  #writeUser(userId: string): Promise<void> {
    const { registrar, host, peers } = this.#deps;
    const writing = registrar.write(userId);
    // After the own register: a process that hears that the old connection is gone must already know the new one.
    const retracted = host.takeRetracted(userId, (incarnation) => peers.isLeaving(incarnation));
    for (const [incarnation, register] of retracted) {
      registrar.writeFor(userId, incarnation, register).catch(() => {
        // `calls` has already recorded the failure.
      });
    }
    return writing;
  }
}
