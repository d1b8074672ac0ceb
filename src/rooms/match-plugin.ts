/**
 * The server says who is in which match: friends see it in the presences of
 * the players, without any call of a client, also while a player is connected
 * to nothing but the match.
 *
 * Usage:
 *   class MatchRoom extends Room {
 *     plugins = definePlugins([new MatchPlugin({ policy: 'followers' })]);
 *   }
 *   room.plugins.match.policy = 'nobody';
 *
 * Guarantees: a player is shown in the match from the end of its `onJoin` until
 * it has left for good, its reconnection grace included; only while it is
 * visible by a status, or was until its last connection ended. Works with any
 * lifecycle method, message and plugin of the room: it listens to Colyseus's own
 * events.
 *
 * Cost: what the room says of itself is told at most every `updateMs` for all
 * its players together; a join policy or privacy that changes, at once. With
 * Redis, 2 commands per player each time.
 */
import { CloseCode, RoomPlugin, type Client } from '@colyseus/core';
import { MATCH_PLAYS, MATCH_RECORD, MATCH_SEATS } from '../server/matchmaking.ts';
import { around } from './around.ts';
import { KeptSeats } from './kept-seats.ts';
import { MatchReport } from './match-report.ts';
import { onRoom } from './on-room.ts';
import { resolveMatchOptions, type MatchOptions } from './match-options.ts';
import type { JoinPolicy } from '../protocol.ts';

/** Colyseus's private part that is used here. */
interface RoomInside {
  readonly _events: { on(event: string, listener: (client: Client) => void): unknown };
}

/** Events after which the room may tell something new of itself. */
const CHANGES = ['lock', 'unlock', 'visibility-change', 'metadata-change'];

export class MatchPlugin extends RoomPlugin {
  override readonly pluginName = 'match' as const;
  #report!: MatchReport;

  constructor(options: MatchOptions = {}) {
    super();
    const resolved = resolveMatchOptions(options);
    onRoom(this, (room) => {
      this.#report = new MatchReport(room, resolved);
      Object.defineProperty(room, MATCH_RECORD, { get: () => this.#report.record() });
      Object.defineProperty(room, MATCH_PLAYS, { value: (userId: string) => this.#report.plays(userId) });
      Object.defineProperty(room, MATCH_SEATS, { value: (seats: unknown) => this.#report.reserve(seats) });
      this.#listen(room as unknown as RoomInside);
      const kept = new KeptSeats(room);
      around(room, {
        onJoin(own, client, given, auth) {
          kept.take(client);
          return own(client, given, auth);
        },
      });
    });
  }

  /** Who may join through a friend. May be set at any time. `undefined`: everyone who may see the player, and nobody while the room is private. */
  get policy(): JoinPolicy | undefined {
    return this.#report.policy;
  }

  set policy(policy: JoinPolicy | undefined) {
    this.#report.policy = policy;
  }

  /** Tells what the `metadata` of the options answers now, after something it depends on has changed. */
  update(): void {
    this.#report.change();
  }

  #listen({ _events: events }: RoomInside): void {
    events.on('join', (client) => {
      this.#report.join(client);
    });
    events.on('leave', ({ sessionId }) => {
      this.#report.leave(sessionId);
    });
    for (const change of CHANGES) {
      events.on(change, () => {
        this.#report.change();
      });
    }
    events.on('dispose', () => {
      void this.#report.end();
    });
  }

  protected override onCreate(): void {
    this.#report.open();
  }

  protected override onLeave({ sessionId }: Client, code?: number): void {
    if (code === CloseCode.CONSENTED) {
      this.#report.consent(sessionId);
    }
  }

  protected override async onDispose(): Promise<void> {
    await this.#report.end();
  }
}
