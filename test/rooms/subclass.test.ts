/** Rooms with presence, written the way Colyseus rooms are written. */
import {
  CloseCode,
  definePlugins,
  logger,
  matchMaker,
  Room,
  RoomPlugin,
  type AuthContext,
  type Client,
} from '@colyseus/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Room as ClientRoom } from '@colyseus/sdk';
import {
  MatchPlugin,
  presence,
  PresenceLobbyRoom,
  PresencePlugin,
  PresenceRoom,
  withPresence,
  type PresenceOptions,
} from '../../src/index.ts';
import { drop } from '../support/drop.ts';
import { fresh, person, type Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

type RoomClass = new () => Room;
const options: PresenceOptions = { floodLimit: Infinity };

/** What happened in the room of this test, by the methods of its class. */
let calls: string[] = [];

/** Overrides everything, and calls `super` nowhere. */
class Overridden extends PresenceRoom {
  static override options = options;
  override messages = withPresence({
    hello: (client: Client) => {
      client.send('hello', 'from the room');
    },
  });
  override onCreate(): void {
    calls.push('onCreate');
    this.onMessage('later', (client) => {
      client.send('hello', 'from onCreate');
    });
  }
  override async onJoin(client: Client): Promise<void> {
    const { userId } = client.auth as { userId: string };
    const { connections } = await presence.follow({ userId }, ['friend']);
    calls.push(`onJoin of ${connections}`);
  }
  override onDrop(): void {
    calls.push('onDrop');
  }
  override onReconnect(): void {
    calls.push('onReconnect');
  }
  override onLeave(): void {
    calls.push('onLeave');
  }
  override async onDispose(): Promise<void> {
    calls.push('onDispose');
  }
}

/** The same in a lobby, with properties instead of methods. */
class OverriddenLobby extends PresenceLobbyRoom {
  static override options = options;
  override onCreate = async (): Promise<void> => {
    calls.push('onCreate');
    this.onMessage('hello', (client) => {
      client.send('hello' as never, 'from the room');
    });
    this.onMessage('later', (client) => {
      client.send('hello' as never, 'from onCreate');
    });
  };
  override onJoin = async (client: Client): Promise<void> => {
    const { userId } = client.auth as { userId: string };
    const { connections } = await presence.follow({ userId }, ['friend']);
    calls.push(`onJoin of ${connections}`);
  };
  override onDrop = (): void => {
    calls.push('onDrop');
  };
  override onReconnect = (): void => {
    calls.push('onReconnect');
  };
  override onLeave = (): void => {
    calls.push('onLeave');
  };
  override onDispose = async (): Promise<void> => {
    calls.push('onDispose');
  };
}

/** A game room that hides the hooks of plugins from Colyseus. */
class Hiding extends Room {
  override plugins = definePlugins([new PresencePlugin(options)]);
  override messages = {
    hello: (client: Client) => {
      client.send('hello', 'from the room');
    },
  };
  override onCreate = (): void => {
    calls.push('onCreate');
    this.onMessage('later', (client) => {
      client.send('hello', 'from onCreate');
    });
  };
  override onJoin = async (client: Client): Promise<void> => {
    const { userId } = client.auth as { userId: string };
    const { connections } = await presence.follow({ userId }, ['friend']);
    calls.push(`onJoin of ${connections}`);
  };
  override onDrop = (client: Client): void => {
    calls.push('onDrop');
    this.allowReconnection(client, 10).catch(() => {});
  };
  override onReconnect = (): void => {
    calls.push('onReconnect');
  };
  override onLeave = (): void => {
    calls.push('onLeave');
  };
  override onDispose = async (): Promise<void> => {
    calls.push('onDispose');
  };
}

/** Its exceptions go nowhere. */
class Catching extends Hiding {
  override onUncaughtException(): void {}
}

let server: TestServer;
let errors: string[];
beforeEach(() => {
  calls = [];
  errors = [];
  vi.spyOn(logger, 'error').mockImplementation((line: string) => {
    errors.push(line);
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await server?.stop();
});

async function hear(one: Person, type: string): Promise<unknown> {
  const said = new Promise((resolve) => {
    one.room.onMessage('hello' as never, resolve);
  });
  one.rawSend(type);
  return said;
}

describe.each<[string, RoomClass]>([
  ['a PresenceRoom', Overridden],
  ['a PresenceLobbyRoom', OverriddenLobby],
  ['a room with the plugin', Hiding],
  ['a room with the plugin and onUncaughtException', Catching],
])('%s that overrides everything without super', (_, roomClass) => {
  test('has presence, from the join to the end', async () => {
    server = await startServer(options, { room: roomClass });
    const bob = await person(server, 'bob');
    await bob.follow(['ann']);
    const ann = await person(server, 'ann', 'room', { status: 'here' });
    await until(() => bob.statusesOf('ann')[0] === 'here', "Ann's status");
    expect(calls).toEqual(['onCreate', 'onJoin of 1']);
    expect([await hear(ann, 'hello'), await hear(ann, 'later')]).toEqual(['from the room', 'from onCreate']);
    expect(await ann.follow(['bob'])).toMatchObject({ users: [{ userId: 'bob' }] });
    await bob.setStatus('there');
    await until(() => ann.statusesOf('bob')[0] === 'there', "Bob's status");
    ann.reconnectFast();
    const back = new Promise<void>((resolve) => {
      ann.room.onReconnect(() => {
        setImmediate(resolve);
      });
    });
    await drop(ann);
    await back;
    await ann.ask('presence:query', { userIds: ['bob'] });
    expect(bob.statusesOf('ann')).toEqual(['here']);
    bob.clear();
    await ann.leave();
    await until(() => bob.deltas.length > 0, 'the leave');
    expect(bob.deltas).toMatchObject([{ leaves: [{ userId: 'ann' }], users: [{ general: 'unlogined' }] }]);
    await until(() => calls.includes('onDispose'), 'the end of the room');
    expect(calls).toEqual(['onCreate', 'onJoin of 1', 'onDrop', 'onReconnect', 'onLeave', 'onDispose']);
  });
});

test('super may be called, and is not needed', async () => {
  class WithSuper extends PresenceRoom {
    override async onCreate(): Promise<void> {
      await super.onCreate();
    }
    override async onJoin(client: Client, given: object): Promise<void> {
      void super.onJoin(client, given);
    }
    override async onLeave(client: Client, code?: number): Promise<void> {
      await super.onLeave(client, code);
    }
  }
  server = await startServer(options, { room: WithSuper });
  const ann = await person(server, 'ann', 'room', { status: 'here' });
  await ann.settle();
  expect(ann.welcomes).toHaveLength(1);
  expect(presence.count()).toEqual({ users: 1, connections: 1, online: 1 });
});

test.each<[string, RoomClass]>([
  ['PresenceRoom', PresenceRoom],
  ['PresenceLobbyRoom', PresenceLobbyRoom],
  [
    'PresencePlugin',
    class extends Room {
      override plugins = definePlugins([new PresencePlugin()]);
    },
  ],
])('nobody hears of a join that the room rejects: %s', async (_, base) => {
  class Closed extends base {
    override async onJoin(): Promise<void> {
      await Promise.resolve();
      throw new Error('not today');
    }
  }
  server = await startServer(options, { room: Closed });
  const bob = await person(server, 'bob');
  await bob.follow(['ann']);
  await expect(server.join('ann', { status: 'here' }, 'room')).rejects.toThrow('not today');
  await bob.settle();
  expect(bob.deltas).toEqual([]);
  expect(presence.count().connections).toBe(1);
});

test('a room may keep a seat for longer than presence does: who comes back late has to join again', async () => {
  class Patient extends PresenceRoom {
    static override options = { graceSeconds: 0 };
    override async onLeave(client: Client, code?: number): Promise<void> {
      if (code !== CloseCode.CONSENTED) {
        await this.allowReconnection(client, 10).catch(() => {});
      }
    }
  }
  server = await startServer(options, { room: Patient });
  const ann = await person(server, 'ann', 'room');
  await ann.settle();
  ann.reconnectFast();
  const left = new Promise((resolve) => {
    ann.room.onLeave(resolve);
  });
  await drop(ann);
  expect(await left).toBe(CloseCode.SERVER_SHUTDOWN);
});

describe('onAuth', () => {
  test('a static one is all that is needed, and Colyseus does not complain', async () => {
    class Static extends PresenceRoom {
      static override async onAuth(token: string): Promise<unknown> {
        return { userId: `account-${token}` };
      }
    }
    class StaticLobby extends PresenceLobbyRoom {
      static override async onAuth(token: string): Promise<unknown> {
        return { userId: `account-${token}` };
      }
    }
    server = await startServer(options, { room: Static, hall: StaticLobby });
    const said = vi.spyOn(logger, 'info').mockImplementation(() => {});
    // By classes, not by `defineRoom`: then Colyseus looks.
    matchMaker.defineRoomType('room', Static);
    matchMaker.defineRoomType('hall', StaticLobby);
    expect(said.mock.calls).toEqual([]);
    expect((await (await person(server, 'ann', 'room')).welcome()).userId).toBe('account-ann');
    expect((await (await person(server, 'ann', 'hall')).welcome()).userId).toBe('account-ann');
  });

  test('one of the instance names the user before the seat is taken', async () => {
    class Own extends PresenceRoom {
      override onAuth(_client: Client, _options: unknown, { token }: AuthContext): unknown {
        return token === 'ann' ? { userId: 'account-ann' } : { email: token };
      }
      override onJoin(): void {
        calls.push('onJoin');
      }
    }
    server = await startServer(options, { room: Own });
    expect((await (await person(server, 'ann', 'room')).welcome()).userId).toBe('account-ann');
    await expect(server.join('bob', {}, 'room')).rejects.toThrow('unauthenticated');
    expect(calls).toEqual(['onJoin']);
  });
});

describe('one sentence says what to do', () => {
  const outside = definePlugins([new PresencePlugin()]);
  const outsideMatch = definePlugins([new MatchPlugin()]);
  const status = (): void => {};
  class Greeter extends RoomPlugin {
    override readonly pluginName = 'greeter' as const;
    override messages = { 'presence:greet': status };
  }

  test.each<[string, RoomClass, RegExp]>([
    [
      'a message of presence among the messages of a PresenceRoom',
      class Chat extends PresenceRoom {
        override messages = withPresence({ 'presence:status': status }) as never;
      },
      /^TypeError: Chat has a handler.*"presence:status".*give it another name/,
    ],
    [
      'a message of presence among those of a room with the plugin',
      class Chat extends Room {
        override plugins = definePlugins([new PresencePlugin()]);
        override messages = { 'presence:status': status };
      },
      /^TypeError: Chat has a handler.*"presence:status"/,
    ],
    [
      'onMessage in onCreate',
      class Chat extends PresenceRoom {
        override onCreate(): void {
          this.onMessage('presence:status', status);
        }
      },
      /^TypeError: Chat has a handler.*"presence:status"/,
    ],
    [
      'the plugin in a PresenceRoom',
      class Chat extends PresenceRoom {
        override plugins = definePlugins([new PresencePlugin()]);
      },
      /^TypeError: Chat has a handler or a second plugin.*put presence into the room once/,
    ],
    [
      'another plugin with a message of presence',
      class Chat extends PresenceRoom {
        override plugins = definePlugins([new Greeter()]);
      },
      /^TypeError: Chat has a handler or a second plugin for "presence:greet"/,
    ],
    [
      'a state of its own',
      class Chat extends PresenceRoom {
        override state = { players: 1 } as never;
      },
      /^TypeError: The state of Chat is that of presence.*PresencePlugin/,
    ],
    [
      'a state of its own, set later',
      class Chat extends PresenceLobbyRoom {
        override onCreate = async (): Promise<void> => {
          this.state = new (this.state.constructor as new () => typeof this.state)();
        };
      },
      /^TypeError: The state of Chat is that of presence/,
    ],
  ])('%s', async (_, roomClass, sentence) => {
    server = await startServer(options, { room: roomClass });
    await expect(server.join(fresh('ann'), {}, 'room')).rejects.toThrow(/presence/);
    expect(errors.filter((line) => sentence.test(line))).toHaveLength(1);
  });

  test.each<[string, RoomClass]>([
    [
      'PresencePlugin',
      class Chat extends Room {
        override plugins = outside;
      },
    ],
    [
      'MatchPlugin',
      class Chat extends Room {
        override plugins = outsideMatch;
      },
    ],
  ])('one %s in two rooms: the second room is not made, and the first works on', async (name, roomClass) => {
    server = await startServer({ ...options, unverifiedMatches: 'hide' }, { room: roomClass });
    await person(server, 'bob', 'presence', { status: 'here' });
    const first = await server.client('bob').create('room');
    await expect(server.client('ann').create('room')).rejects.toThrow('serves one room');
    expect(errors.filter((line) => line.includes(`new ${name}()\` in the room`))).toHaveLength(1);
    if (name === 'PresencePlugin') {
      expect(await first.request('presence:query', { userIds: ['bob'] })).toMatchObject({
        users: [{ general: 'online' }],
      });
    } else {
      const ann = await person(server, 'ann');
      await ann.follow(['bob']);
      await until(() => ann.sees('bob').some(({ matchId }) => matchId === first.roomId), 'the match');
    }
    await first.leave();
  });
});

/** Never called: tsc checks it. */
export function theSdkKnowsTheMessagesOfASubclassAndThoseOfPresence(room: ClientRoom<Overridden>): void {
  room.send('hello');
  room.send('presence:follow', { userIds: ['bob'] });
  // @ts-expect-error no such message
  room.send('presence:nonsense');
  // @ts-expect-error no list of texts
  room.send('presence:follow', { userIds: [1] });
}
