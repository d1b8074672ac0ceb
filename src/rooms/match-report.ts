/**
 * What one room says of itself and its players. All players share one record,
 * which changes at a bounded pace: a match of 100 that fills does not tell every
 * friend of every player 100 times.
 */
import type { Client, Room } from '@colyseus/core';
import { acquireRuntime, type Runtime } from '../server/runtime.ts';
import { toUserId } from '../ids.ts';
import { identify } from './admission.ts';
import { isPrivate, requirePolicy, type ResolvedMatchOptions } from './match-options.ts';
import { reasonOf } from '../core/hooks.ts';
import { tellUnidentified } from './unidentified.ts';
import { sameValue } from '../status.ts';
import type { EndedStatus, JoinPolicy } from '../protocol.ts';
import type { MatchRecord } from '../core/match.ts';
import type { Named } from '../options.ts';
import type { Stay } from '../core/stays.ts';

const MAX_METADATA_LENGTH = 1024;

interface SeatWanted {
  readonly sessionId: string;
  readonly options: unknown;
  readonly auth: unknown;
}

/** Colyseus's private part that is used here. */
interface RoomSeats extends Pick<Room, 'clients' | 'maxClients' | 'locked'> {
  readonly _reservedSeats: object;
  _reserveSeat(sessionId: string, options: unknown, auth: unknown): Promise<boolean>;
}

function isSeat(value: unknown): value is SeatWanted {
  return typeof value === 'object' && value !== null && 'sessionId' in value && typeof value.sessionId === 'string';
}

interface Player {
  userId: string | undefined;
  /** `undefined` for one without an identity, or in too many matches. */
  stay: Stay | undefined;
  /** Its general status after it has left, if it is visible nowhere else. */
  ended: EndedStatus;
}

export class MatchReport {
  readonly #room: Room;
  readonly #options: ResolvedMatchOptions;
  #policy: JoinPolicy | undefined;
  #runtime: Runtime | undefined;
  /** By session id. */
  readonly #players = new Map<string, Player>();
  #told: MatchRecord | undefined;
  #toldAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #ended: Promise<void> | undefined;

  constructor(room: Room, options: ResolvedMatchOptions) {
    this.#room = room;
    this.#options = options;
    this.#policy = options.policy;
  }

  get policy(): JoinPolicy | undefined {
    return this.#policy;
  }

  set policy(policy: JoinPolicy | undefined) {
    if (policy !== undefined) {
      requirePolicy(policy);
    }
    this.#policy = policy;
    this.change();
  }

  /** Throws when the timings of the cluster are not those of the process. Idempotent. */
  open(): Runtime {
    this.#runtime ??= acquireRuntime(this.#options.presence, true);
    return this.#runtime;
  }

  join({ sessionId, auth }: Client): void {
    if (this.#ended !== undefined || this.#players.has(sessionId)) {
      return;
    }
    const { stays } = this.open().tracker;
    const identity = this.#identify(auth);
    const player: Player = { userId: identity?.userId, stay: undefined, ended: 'offline' };
    this.#players.set(sessionId, player);
    this.change();
    if (identity === undefined) {
      return; // plays on without presence
    }
    void this.open().parties.seen(identity.userId);
    player.stay = stays.begin(identity, (this.#told ??= this.record()));
  }

  #identify(auth: unknown): Named | undefined {
    try {
      return identify(this.#options.presence, auth, (reason) => {
        tellUnidentified(this.#room, this.open().log, reason);
      });
    } catch {
      return undefined;
    }
  }

  /** The player is leaving by itself. */
  consent(sessionId: string): void {
    const player = this.#players.get(sessionId);
    if (player !== undefined) {
      player.ended = 'unlogined';
    }
  }

  leave(sessionId: string): void {
    const player = this.#players.get(sessionId);
    if (player !== undefined) {
      this.#players.delete(sessionId);
      player.stay?.end(player.ended);
      this.change();
    }
  }

  /** The room may have changed. */
  change(): void {
    if (this.#runtime === undefined || this.#ended !== undefined) {
      return;
    }
    const record = this.record();
    const { updateMs } = this.#options;
    const wait = this.#toldAt + updateMs - performance.now();
    const isUrgent = record.policy !== this.#told?.policy || record.isPrivate !== this.#told?.isPrivate;
    if (isUrgent || wait <= 0) {
      this.#tell(record);
    } else {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.change();
      }, wait);
    }
  }

  #tell(record: MatchRecord): void {
    if (sameValue(record, this.#told)) {
      return;
    }
    this.#told = record;
    if (this.#players.size > 0) {
      // Of an empty room nobody was told: the first player does not wait.
      this.#toldAt = performance.now();
    }
    for (const { stay } of this.#players.values()) {
      stay?.update(record);
    }
  }

  /** Resolves when the cluster has been told. Idempotent. */
  end(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    clearTimeout(this.#timer);
    for (const { stay, ended } of this.#players.values()) {
      stay?.end(ended);
    }
    this.#players.clear();
    await this.#runtime?.release();
  }

  plays(userId: string): boolean {
    return [...this.#players.values()].some((player) => player.userId === userId);
  }

  /** Seats for all of these, or for none and the reason. Other processes call it. */
  async reserve(seats: unknown): Promise<true | 'match_full' | 'match_locked' | 'invalid'> {
    const room = this.#room as unknown as RoomSeats;
    if (!Array.isArray(seats) || !seats.every(isSeat)) {
      return 'invalid';
    }
    const taken = room.clients.length + Object.keys(room._reservedSeats).length;
    if (taken + seats.length > room.maxClients) {
      return 'match_full';
    }
    if (room.locked) {
      return 'match_locked';
    }
    // Each is reserved before its call first waits, so nobody comes between.
    await Promise.all(seats.map(({ sessionId, options, auth }) => room._reserveSeat(sessionId, options, auth)));
    return true;
  }

  /** As of now. */
  record(): MatchRecord {
    const room = this.#room;
    const isFull = room.hasReachedMaxClients();
    const metadata = this.#metadata();
    const host = this.#host();
    return {
      roomId: room.roomId,
      name: room.roomName,
      players: this.#players.size,
      ...(Number.isFinite(room.maxClients) && { maxPlayers: room.maxClients }),
      ...((isFull || room.locked) && { block: isFull ? ('full' as const) : ('locked' as const) }),
      isPrivate: isPrivate(room),
      ...(this.#policy !== undefined && { policy: this.#policy }),
      ...(metadata !== undefined && { metadata }),
      ...(host !== undefined && { host }),
    };
  }

  /** The host who answers asks, if there is one and it plays here. */
  #host(): string | undefined {
    let host: string | undefined;
    try {
      host = toUserId(this.#options.host?.(this.#room));
    } catch (error) {
      this.#runtime?.log.warn(`[presence:host_failed] A match has no host: ${reasonOf(error)}`);
    }
    return host !== undefined && this.plays(host) ? host : undefined;
  }

  /** A copy, as the room may change it later. */
  #metadata(): unknown {
    try {
      const text = JSON.stringify(this.#options.metadata(this.#room)) as string | undefined;
      if (text !== undefined && text.length > MAX_METADATA_LENGTH) {
        throw new RangeError(`The metadata has more than ${MAX_METADATA_LENGTH} characters.`);
      }
      return text === undefined ? undefined : (JSON.parse(text) as unknown);
    } catch (error) {
      this.#runtime?.log.warn(`[presence:metadata_failed] A match is shown without metadata: ${reasonOf(error)}`);
      return undefined;
    }
  }
}
