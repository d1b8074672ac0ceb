/** The players of the story, and what the viewer has to see of them: derived from what the players did, from nothing that was decoded. */
import { isDeepStrictEqual } from 'node:util';
import { matchMaker } from '@colyseus/core';
import { Arena } from './arena.ts';
import { ConformanceClient } from './client/client.ts';
import type { PlainState, PlainUser } from './client/state-reader.ts';
import { Held } from './held.ts';
import { Player } from './player.ts';
import type { Recorder } from './recorder.ts';
import { until } from '../test/support/until.ts';
import type { Presence } from '../src/protocol.ts';
import type { TestServer } from '../test/support/server.ts';

export const VIEWER = 'ann';
/** What is told of a match that only the client writes of. */
const UNVERIFIED = { verified: false } as const;

/** `maxBufferedBytes` of the server. */
export const MAX_BUFFERED = 65_536;

export class Stage {
  readonly server: TestServer;
  readonly recorder: Recorder;
  readonly held = new Held();
  readonly #follows = new Set<string>();
  readonly #players = new Set<Player>();
  /** How users ended that were visible once. */
  readonly #ended = new Map<string, 'offline' | 'unlogined'>();
  /** The names the viewer was told, with presences. */
  readonly #names = new Map<string, string>();
  readonly #blocked = new Set<string>();
  #viewer: Player | undefined;
  #arena: Arena | undefined;

  constructor(server: TestServer, recorder: Recorder) {
    this.server = server;
    this.recorder = recorder;
  }

  get viewer(): Player {
    if (this.#viewer === undefined) {
      throw new Error('The viewer has not joined.');
    }
    return this.#viewer;
  }

  /** The viewer joins; from here on its frames are recorded. */
  async openViewer(status: string): Promise<void> {
    const player = await this.#join(`${VIEWER}|Ann`, status, (client) => {
      this.recorder.record(client);
      this.recorder.onMessage = (type, payload) => {
        this.held.take(type, payload);
      };
    });
    this.#viewer = player;
  }

  async enter(token: string, status: string | null): Promise<Player> {
    return this.#join(token, status, () => {});
  }

  async #join(token: string, status: string | null, prepare: (client: ConformanceClient) => void): Promise<Player> {
    const [userId = '', username = ''] = token.split('|');
    const client = await ConformanceClient.join(this.server.url, token, 'presence', { status }, prepare);
    const player = new Player(userId, username, client, status);
    this.#players.add(player);
    this.#note(player);
    await until(() => client.messages('presence:welcome').length > 0, 'the welcome');
    return player;
  }

  async show(player: Player, status: string | null): Promise<void> {
    await player.client.call('presence:status', { status });
    player.status = status;
    this.#note(player);
  }

  async leave(player: Player): Promise<void> {
    player.client.leave();
    await until(() => player.client.closeCode, 'the leave');
    this.#players.delete(player);
    if (player.status !== null) {
      this.#ended.set(player.userId, 'unlogined');
    }
  }

  get arena(): Arena {
    if (this.#arena === undefined) {
      throw new Error('Nobody has opened the match.');
    }
    return this.#arena;
  }

  /** A player opens the match. */
  async openArena(token: string): Promise<Player> {
    const { arena, client } = await Arena.open(this.server.url, token);
    this.#arena = arena;
    const [userId = '', username = ''] = token.split('|');
    const player = new Player(userId, username, client, '', await arena.connectionIdOf(userId));
    this.#players.add(player);
    return player;
  }

  async leaveArena(player: Player): Promise<void> {
    await this.arena.leave(player.client);
    this.#players.delete(player);
  }

  /** What is done meanwhile finds the viewer's socket full, as the transport tells it: no update is sent before the end. */
  async withFullSocket(act: () => Promise<void>): Promise<void> {
    const [listing] = await matchMaker.query({ name: 'presence' });
    const room = matchMaker.getLocalRoomById(listing?.roomId ?? '');
    const client = room?.clients.find(({ auth }) => (auth as { userId: string }).userId === VIEWER);
    const { ref } = client as { ref: object };
    Object.defineProperty(ref, 'bufferedAmount', { value: MAX_BUFFERED + 1, configurable: true });
    try {
      await act();
    } finally {
      Reflect.deleteProperty(ref, 'bufferedAmount');
    }
  }

  async follow(...userIds: string[]): Promise<void> {
    const reply = await this.viewer.client.call('presence:follow', { userIds });
    this.held.put(reply['presences'] as Presence[]);
    this.noteFollows(...userIds);
  }

  async unfollow(...userIds: string[]): Promise<void> {
    await this.viewer.client.call('presence:unfollow', { userIds });
    this.held.unfollow(userIds);
    this.noteUnfollows(...userIds);
  }

  noteFollows(...userIds: string[]): void {
    userIds.forEach((userId) => this.#follows.add(userId));
  }

  noteUnfollows(...userIds: string[]): void {
    for (const userId of userIds) {
      this.#follows.delete(userId);
      this.#names.delete(userId);
    }
  }

  /** The viewer has a new full state: it knows the names of those only that are visible. */
  noteFullState(): void {
    this.#names.clear();
  }

  #note({ userId, status }: Player): void {
    if (status !== null) {
      this.#ended.set(userId, 'offline');
    }
  }

  noteBlock(userId: string, blocked: boolean): void {
    if (blocked) {
      this.#blocked.add(userId);
    } else {
      this.#blocked.delete(userId);
    }
  }

  /** Waits until the state and the messages both say what was done; ends the step. */
  async settle(step: string): Promise<void> {
    const tree = this.#tree();
    const held = this.#presences();
    await until(
      () =>
        isDeepStrictEqual(this.viewer.client.state.state(), tree) &&
        isDeepStrictEqual(this.recorder.tree(), tree) &&
        isDeepStrictEqual([...this.held.presences.values()].toSorted(byConnection), held),
      `the viewer to see what was done in "${step}"`,
    ).catch((error: unknown) => {
      const seen = { state: this.viewer.client.state.state(), held: [...this.held.presences.values()] };
      throw new Error(`${String(error)}\nexpected ${JSON.stringify({ tree, held })}\nseen ${JSON.stringify(seen)}`);
    });
    this.recorder.endStep(step, tree, held);
  }

  #visible(userId: string): Player[] {
    return this.#blocked.has(userId)
      ? []
      : [...this.#players].filter((player) => player.userId === userId && player.status !== null);
  }

  #presences(): Presence[] {
    return [VIEWER, ...this.#follows]
      .flatMap((userId) => this.#visible(userId))
      .map((player) => ({
        userId: player.userId,
        connectionId: player.connectionId,
        status: player.status ?? '',
        ...this.#matchOf(player),
        ...(player.username !== '' && { username: player.username }),
      }))
      .toSorted(byConnection);
  }

  #tree(): PlainState {
    return {
      me: this.#user(VIEWER),
      users: Object.fromEntries([...this.#follows].map((userId) => [userId, this.#user(userId)])),
    };
  }

  #user(userId: string): PlainUser {
    const visible = this.#visible(userId);
    const [first] = visible;
    if (first !== undefined || userId === VIEWER) {
      this.#names.set(userId, first?.username ?? this.viewer.username);
    }
    const absent = this.#blocked.has(userId) ? 'offline' : (this.#ended.get(userId) ?? 'unlogined');
    return {
      userId,
      username: this.#names.get(userId) ?? '',
      general: first === undefined ? absent : 'online',
      connections: Object.fromEntries(
        visible.map((player) => {
          const { connectionId, status } = player;
          const { matchId = '', match } = this.#matchOf(player);
          const text = match === undefined ? '' : JSON.stringify(match);
          return [connectionId, { connectionId, status: status ?? '', matchId, match: text }];
        }),
      ),
    };
  }

  /** The match that the server knows of, where the player is in it, or else the one that the status names. */
  #matchOf({ userId, status, isInMatch }: Player): Pick<Presence, 'matchId' | 'match'> {
    const named = status?.startsWith('{') === true ? (JSON.parse(status) as { matchId?: string }).matchId : undefined;
    const isNamed =
      named !== undefined &&
      named === this.#arena?.roomId &&
      [...this.#players].some((player) => player.userId === userId && player.isInMatch);
    if (isInMatch || isNamed) {
      return this.arena.told();
    }
    return named === undefined ? {} : { matchId: named, match: UNVERIFIED };
  }
}

function byConnection(a: Presence, b: Presence): number {
  return a.connectionId < b.connectionId ? -1 : 1;
}
