/** Carries out a story at real sockets, and compares what everybody sees in the end with the model. */
import { isDeepStrictEqual } from 'node:util';
import type { Client } from '@colyseus/sdk';
import type { PresenceServer } from '../../src/index.ts';
import { PresenceError } from '../../src/index.ts';
import { until } from '../support/until.ts';
import { Model, type Device, type Seen, type User } from './model.ts';
import { ModelPlayer } from './player.ts';
import type { Action } from './actions.ts';

type ApiMethod = 'setStatus' | 'follow' | 'unfollow' | 'block' | 'unblock' | 'disconnect';

/** Where the story takes place: one process or several. */
export interface Stage {
  readonly places: number;
  readonly settleMs: number;
  client(place: number, userId: string): Client;
  api<M extends ApiMethod>(place: number, method: M, ...args: Parameters<PresenceServer[M]>): Promise<unknown>;
  /** As what the server knows this connection: `away` in its grace, `undefined` when it has gone. */
  deliveryOf(place: number, userId: string, connectionId: string): Promise<string | undefined>;
  /** Crashes the process, and starts it again. */
  kill(place: number): Promise<void>;
}

let stories = 0;

export async function play(stage: Stage, actions: readonly Action[]): Promise<void> {
  const story = new Story(stage);
  try {
    for (const action of actions) {
      await story.act(action);
    }
    await story.check();
  } finally {
    await story.end();
  }
}

class Story {
  readonly #stage: Stage;
  readonly #model: Model;
  readonly #players = new Map<Device, ModelPlayer>();

  constructor(stage: Stage) {
    this.#stage = stage;
    const story = ++stories;
    // The last one never comes.
    const names = ['ann', 'bob', 'cat', 'dan', 'eve', 'nobody'];
    this.#model = new Model(
      names.map((name) => `${name}-${story}`),
      stage.places,
    );
  }

  async act(action: Action): Promise<void> {
    if ('device' in action) {
      const { devices } = this.#model;
      const device = devices[action.device % Math.max(1, devices.length)];
      if (device !== undefined) {
        await this.#actOf(device, this.#players.get(device)!, action);
      }
      return;
    }
    const place = action.place % this.#stage.places;
    if (action.do === 'kill') {
      await this.#stage.kill(place);
      this.#model.kill(place);
      await this.#allOnline();
      return;
    }
    await this.#actOn(this.#model.users[action.user % (this.#model.users.length - 1)]!, place, action);
  }

  async #actOf(device: Device, player: ModelPlayer, action: Extract<Action, { device: number }>): Promise<void> {
    const { helper } = player;
    switch (action.do) {
      case 'status':
        this.#model.setStatus(device, action.status);
        await helper.setStatus(action.status);
        break;
      case 'flurry':
        action.statuses.forEach((status) => this.#model.setStatus(device, status));
        await Promise.all(action.statuses.map((status) => helper.setStatus(status)));
        break;
      case 'follow':
        await this.#follow(device, player, action.users);
        break;
      case 'unfollow': {
        const users = this.#usersOf(action.users);
        users.forEach((user) => device.follows.delete(user));
        await helper.unfollow(users.map(({ id }) => id));
        break;
      }
      case 'unfollowAll':
        device.follows.clear();
        await helper.unfollowAll();
        break;
      case 'leave':
        await until(() => helper.connection === 'online', 'the connection to be back');
        this.#forget(device, 'unlogined');
        await helper.leave();
        break;
      case 'goOffline':
        await until(() => helper.connection === 'online', 'the connection to be back');
        this.#forget(device, 'offline');
        player.goOffline();
        await until(
          async () => (await this.#stage.deliveryOf(device.place, device.user.id, helper.connectionId)) === undefined,
          'the server to notice that the player has gone',
        );
        break;
      case 'drop':
        await until(() => helper.connection === 'online', 'the connection to be back');
        // The server keeps the seat of whom it knows to have joined.
        await helper.getUserStatus([device.user.id]);
        player.drop();
        break;
      case 'reload':
        await this.#reload(device, player);
        break;
    }
  }

  async #follow(device: Device, { helper }: ModelPlayer, indices: readonly number[]): Promise<void> {
    const users = this.#usersOf(indices);
    const isAllowed = this.#model.follow(device, users);
    const error: unknown = await helper.follow(users.map(({ id }) => id)).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    const code = error instanceof PresenceError ? error.code : error;
    if (code !== (isAllowed ? undefined : 'too_many_follows')) {
      throw new Error(`The follow was answered with ${String(code)}, the model says ${isAllowed}.`);
    }
  }

  async #reload(device: Device, player: ModelPlayer): Promise<void> {
    const { helper } = player;
    await until(() => helper.connection === 'online', 'the connection to be back');
    await helper.getUserStatus([device.user.id]);
    const { connectionId } = helper;
    player.unload();
    const { place, user, status } = device;
    if (status === null) {
      // Nothing of it can be taken over.
      this.#model.end(device, 'offline');
      this.#players.delete(device);
      return;
    }
    await until(
      async () => (await this.#stage.deliveryOf(place, user.id, connectionId)) === 'away',
      'the server to notice the reload',
    );
    device.follows.clear();
    const back = await ModelPlayer.join(this.#stage.client(place, user.id), { status, resume: connectionId });
    if (back.helper.connectionId !== connectionId) {
      throw new Error('The reload did not keep the connection id.');
    }
    this.#players.set(device, back);
  }

  async #actOn(user: User, place: number, action: Exclude<Action, { device: number } | { do: 'kill' }>): Promise<void> {
    const model = this.#model;
    const { id } = user;
    switch (action.do) {
      case 'connect':
        await this.#connect(user, place, action.status);
        break;
      case 'serverStatus':
        user.devices.forEach((device) => model.setStatus(device, action.status));
        await this.#stage.api(place, 'setStatus', { userId: id }, action.status);
        break;
      case 'serverFollow': {
        const users = this.#usersOf(action.users);
        model.serverFollow(user, users);
        await this.#stage.api(
          place,
          'follow',
          { userId: id },
          users.map((other) => other.id),
        );
        break;
      }
      case 'serverUnfollow': {
        const users = this.#usersOf(action.users);
        user.devices.forEach(({ follows }) => users.forEach((other) => follows.delete(other)));
        await this.#stage.api(
          place,
          'unfollow',
          { userId: id },
          users.map((other) => other.id),
        );
        break;
      }
      case 'block':
      case 'unblock': {
        const blocked = model.users[action.blocked % (model.users.length - 1)]!;
        model.block(user, blocked, action.do === 'block');
        await this.#stage.api(place, action.do, id, blocked.id);
        break;
      }
      case 'disconnect':
        for (const device of user.devices) {
          this.#forget(device, 'unlogined');
        }
        await this.#stage.api(place, 'disconnect', { userId: id });
        break;
    }
  }

  async #connect(user: User, place: number, status: string | null): Promise<void> {
    const device = this.#model.connect(user, place, status);
    const joining = ModelPlayer.join(this.#stage.client(place, user.id), { status });
    if (device !== undefined) {
      this.#players.set(device, await joining);
      return;
    }
    const code = await joining.then(
      ({ helper }) => helper.leave().then(() => 'let in'),
      (error: unknown) => (error instanceof PresenceError ? error.code : String(error)),
    );
    if (code !== 'too_many_connections') {
      throw new Error(`A connection too many was answered with ${code}.`);
    }
  }

  #forget(device: Device, how: User['last']): void {
    this.#model.end(device, how);
    this.#players.delete(device);
  }

  #usersOf(indices: readonly number[]): User[] {
    return indices.map((index) => this.#model.users[index % this.#model.users.length]!);
  }

  async #allOnline(): Promise<void> {
    for (const { helper } of this.#players.values()) {
      await until(() => helper.connection === 'online', 'everybody to be back', this.#stage.settleMs);
    }
  }

  /** Everybody's list, state, folded events and own devices are those of the model, within the time of the stage. */
  async check(): Promise<void> {
    await this.#allOnline();
    let wrong: string[] = [];
    await until(() => (wrong = this.#differences()).length === 0, 'the model', this.#stage.settleMs).catch(() => {
      throw new Error(`After the story something is wrong:\n${wrong.join('\n')}`);
    });
    const problems = [...this.#players.values()].flatMap((player) => player.problems);
    if (problems.length > 0) {
      throw new Error(`The events do not fit together:\n${problems.join('\n')}`);
    }
  }

  #differences(): string[] {
    const wrong: string[] = [];
    for (const [device, player] of this.#players) {
      const compare = (what: string, seen: Seen | undefined, expected: Seen): void => {
        if (seen === undefined || !fits(seen, expected)) {
          wrong.push(`${device.user.id} ${what}: ${JSON.stringify(seen)}, expected ${JSON.stringify(expected)}`);
        }
      };
      compare('me', player.me, this.#model.look(device, device.user));
      for (const [name, view] of Object.entries(player.views())) {
        const ids = [...device.follows.keys()].map(({ id }) => id).toSorted();
        if (!isDeepStrictEqual([...view.keys()].toSorted(), ids)) {
          wrong.push(`${device.user.id} ${name}: follows ${[...view.keys()].join()}, expected ${ids.join()}`);
        }
        for (const user of device.follows.keys()) {
          compare(`${name} of ${user.id}`, view.get(user.id), this.#model.look(device, user));
        }
      }
    }
    return wrong;
  }

  async end(): Promise<void> {
    await Promise.all([...this.#players.values()].map(({ helper }) => helper.leave()));
  }
}

function fits(seen: Seen, { general, statuses, custom }: Seen): boolean {
  return (
    general.includes(seen.general) &&
    isDeepStrictEqual(seen.statuses, statuses) &&
    (seen.custom === undefined || custom === undefined || seen.custom === custom)
  );
}
