/** The players of the story, and what the viewer has to see of them: derived from what the players did, from nothing that was decoded. */
import { isDeepStrictEqual } from 'node:util';
import { ConformanceClient } from './client/client.ts';
import type { PlainState, PlainUser } from './client/state-reader.ts';
import { Held } from './held.ts';
import type { Recorder } from './recorder.ts';
import { until } from '../test/support/until.ts';
import type { Presence, Welcome } from '../src/protocol.ts';
import type { TestServer } from '../test/support/server.ts';

export const VIEWER = 'ann';
/** What is told of a match that only the client writes of. */
const UNVERIFIED = { verified: false } as const;

/** One device of a player. */
export class Player {
  readonly userId: string;
  readonly username: string;
  readonly client: ConformanceClient;
  status: string | null;

  constructor(userId: string, username: string, client: ConformanceClient, status: string | null) {
    this.userId = userId;
    this.username = username;
    this.client = client;
    this.status = status;
  }

  /** The newest one that the server told this device. */
  get connectionId(): string {
    return (this.client.messages('presence:welcome').at(-1) as Welcome).connectionId;
  }
}

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
  noteReturn(): void {
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
      .map(({ userId, username, connectionId, status }) => ({
        userId,
        connectionId,
        status: status ?? '',
        ...(matchOf(status) !== '' && { matchId: matchOf(status), match: UNVERIFIED }),
        ...(username !== '' && { username }),
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
        visible.map(({ connectionId, status }) => [
          connectionId,
          {
            connectionId,
            status: status ?? '',
            matchId: matchOf(status),
            match: matchOf(status) === '' ? '' : JSON.stringify(UNVERIFIED),
          },
        ]),
      ),
    };
  }
}

function matchOf(status: string | null): string {
  return status?.startsWith('{') === true ? ((JSON.parse(status) as { matchId?: string }).matchId ?? '') : '';
}

function byConnection(a: Presence, b: Presence): number {
  return a.connectionId < b.connectionId ? -1 : 1;
}
