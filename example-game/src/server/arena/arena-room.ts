/** The match room: seats, identities and messages around a {@link Match}. */
import { definePlugins, ErrorCode, Room, ServerError, type Client } from '@colyseus/core';
import { MatchPlugin } from 'colyseus-presence';
import { accessFrom, type Access } from '../../shared/access.ts';
import type { ArenaMetadata, MeReply } from '../../shared/messages.ts';
import { clampThrust } from '../../shared/physics.ts';
import { MAX_MESSAGES_PER_SECOND, MAX_PLAYERS, RECONNECT_SECONDS } from '../../shared/rules.ts';
import { playerOf, type Player } from '../name-auth.ts';
import type { ArenaState } from './arena-state.ts';
import { Match } from './match.ts';

type ArenaClient = Client<{ userData: { shipId: string } }>;

export class ArenaRoom extends Room<{ state: ArenaState; metadata: ArenaMetadata; client: ArenaClient }> {
  readonly #match = new Match();
  #access: Access = 'open';
  override state = this.#match.state;
  override maxClients = MAX_PLAYERS;
  // Tells the friends of each player which match it is in, and whether they may join.
  override plugins = definePlugins([new MatchPlugin({ metadata: () => ({ access: this.#access }) })]);
  override maxMessagesPerSecond = MAX_MESSAGES_PER_SECOND;

  override async onCreate(options: unknown): Promise<void> {
    this.#access = accessFrom(options);
    if (this.#access !== 'open') {
      // Not in the lobby's list. Friends come in through the player, or only when they are invited.
      await this.setPrivate(true);
      this.plugins.match.policy = this.#access === 'friends' ? 'mutual' : 'invite';
    }
    this.onMessage('me', (client): MeReply => ({ shipId: shipOf(client) }));
    this.onMessage('steer', (client, message: unknown) => {
      const thrust = thrustFrom(message);
      if (thrust !== undefined) {
        this.#match.steer(shipOf(client), thrust);
      }
    });
    this.onMessage('dash', (client) => {
      this.#match.dash(shipOf(client));
    });
    this.setFixedTimestep(() => {
      this.#match.step();
      const effects = this.#match.takeEffects();
      if (effects.length > 0) {
        this.broadcast('fx', effects);
      }
    }, 60);
  }

  override async onJoin(client: ArenaClient): Promise<void> {
    const player: Player | undefined = playerOf(client.auth);
    if (player === undefined) {
      throw new ServerError(ErrorCode.AUTH_FAILED, 'Pick a name before you play.');
    }
    client.userData = { shipId: this.#match.addPlayer(player.userId, player.username) };
    if (this.metadata?.host === undefined) {
      await this.setMetadata({ host: player.username });
    }
  }

  override onDrop(client: ArenaClient): void {
    this.#match.setConnected(shipOf(client), false);
    // The outcome is told by onReconnect and onLeave.
    this.allowReconnection(client, RECONNECT_SECONDS).catch(() => undefined);
  }

  override onReconnect(client: ArenaClient): void {
    this.#match.setConnected(shipOf(client), true);
  }

  override onLeave(client: ArenaClient): void {
    this.#match.removePlayer(shipOf(client));
  }
}

function shipOf(client: ArenaClient): string {
  return client.userData?.shipId ?? '';
}

/** The wish in a `steer` message, or nothing when it makes no sense. */
function thrustFrom(message: unknown): { x: number; y: number } | undefined {
  if (typeof message !== 'object' || message === null || !('x' in message) || !('y' in message)) {
    return undefined;
  }
  const { x, y } = message;
  return typeof x === 'number' && typeof y === 'number' && Number.isFinite(x) && Number.isFinite(y)
    ? clampThrust(x, y)
    : undefined;
}
