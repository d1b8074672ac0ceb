/** What must be true when all faults have ended: every client believes the truth, and no data is left over. */
import { parseRegister } from '../../src/cluster/envelope.ts';
import { keysOf } from '../../src/cluster/store.ts';
import { queryUsers } from '../../src/core/query.ts';
import { countShare } from '../../src/server/census.ts';
import type { Presence } from '../../src/protocol.ts';
import { isCalm, type Profile } from './profile.ts';
import type { SimClient } from './sim-client.ts';
import type { SimNode } from './sim-node.ts';
import type { Truth } from './truth.ts';
import { same, show } from './view.ts';
import type { World } from './world.ts';

export interface Checked {
  world: World;
  nodes: readonly SimNode[];
  clients: readonly SimClient[];
  truth: Truth;
  complain: (problem: string) => void;
  /** All users there are. */
  userIds: readonly string[];
}

export async function checkAll(checked: Checked, pass: (ms: number) => Promise<void>): Promise<void> {
  const {
    nodes,
    world: {
      profile: {
        options: { leaseMs, heartbeatMs },
      },
    },
  } = checked;
  checkViews(checked);
  checkRecords(checked);
  checkCounts(checked);
  const orders = new Map<string, string>();
  const queries = Promise.all(nodes.map((node) => checkQueries(checked, node, orders)));
  await pass(100);
  await queries;
  // Whoever looks at a user finds what a process left that nobody ever knew of, and has it swept.
  await pass(leaseMs * 2 + heartbeatMs * 3 + 1000);
  checkStore(checked);
}

/** Every client sees what is so: those it follows and itself. */
function checkViews({ world, clients, truth, complain }: Checked): void {
  const visible = truth.visible();
  const calm = isCalm(world.profile);
  for (const { name, userId: self, state, seat } of clients) {
    if (state !== 'in') {
      continue;
    }
    const { connection, view, refused } = seat!;
    const follows = [...connection.follows.keys()].map(({ userId }) => userId);
    const seen = [...view.users.keys()].filter((userId) => userId !== self);
    if (!sameItems(follows, seen)) {
      complain(`${name} follows ${show(follows)} but sees ${show(seen)}`);
    }
    for (const [userId, { general, presences }] of view.users) {
      const all = visible.get(userId) ?? [];
      const allowed = refused.has(userId)
        ? []
        : all.filter(
            (presence) =>
              userId === self ||
              connection.options.redact === undefined ||
              connection.options.redact(connection.viewer, presence) !== null,
          );
      const isRight =
        allowed.length === presences.size &&
        allowed.every((presence) => same(presences.get(presence.connectionId), presence));
      if (!isRight) {
        complain(
          `${name} on ${seat!.node.incarnation} sees of "${userId}" ${show([...presences.values()])}, but there is ${show(allowed)}`,
        );
      }
      if (general === 'unknown') {
        complain(`${name} on ${seat!.node.incarnation} does not know of "${userId}"`);
      }
      // With `redact`, who comes and goes unseen stays as the viewer knew it.
      const mayDiffer = connection.options.redact !== undefined && userId !== self;
      const last = refused.has(userId) ? 'unlogined' : mayDiffer ? undefined : truth.last(userId);
      if (calm && all.length === 0 && last !== undefined && general !== last) {
        complain(`${name} on ${seat!.node.incarnation} sees "${userId}" ${general}, but it is ${last}`);
      }
    }
  }
}

/** The processes together count every visible user once. */
function checkCounts({ truth, nodes, complain }: Checked): void {
  const online = nodes.reduce((sum, { tracker }) => sum + countShare(tracker).online, 0);
  const expected = truth.visible().size;
  if (online !== expected) {
    complain(`the processes count ${online} visible users, but there are ${expected}`);
  }
}

/** Every process can tell about everybody, followed there or not, and all name the connections in the same order. */
async function checkQueries(
  { truth, userIds, complain }: Checked,
  node: SimNode,
  orders: Map<string, string>,
): Promise<void> {
  const visible = truth.visible();
  for (const { userId, general, presences } of await queryUsers(node.tracker, userIds)) {
    const expected = visible.get(userId) ?? [];
    const order = presences.map(({ connectionId }) => connectionId).join(' ');
    if ((orders.get(userId) ?? order) !== order) {
      complain(
        `${node.incarnation} answers of "${userId}" in the order ${order}, another one in ${orders.get(userId)}`,
      );
    }
    orders.set(userId, order);
    const isRight =
      expected.length === presences.length &&
      expected.every((presence) => presences.some((other) => same(other, presence)));
    if (!isRight || (general === 'online') !== expected.length > 0) {
      complain(
        `${node.incarnation} answers of "${userId}" ${general} ${show(presences)}, but there is ${show(expected)}`,
      );
    }
  }
}

/** No record without a reason, both indexes of follows mirror each other, nobody else is watched. */
function checkRecords({ nodes, clients, complain }: Checked): void {
  for (const { tracker, cluster, incarnation, log } of nodes) {
    for (const user of tracker.users.byId.values()) {
      if (user.own.size + user.followers.size === 0 || user.pins !== 0) {
        complain(`${incarnation} keeps "${user.userId}" with ${user.pins} pins for nobody`);
      }
      for (const follower of user.followers) {
        if (!follower.follows.has(user)) {
          complain(`${incarnation}: "${user.userId}" has a follower that does not follow it`);
        }
      }
    }
    for (const connection of tracker.connections.values()) {
      for (const user of connection.follows.keys()) {
        if (!user.followers.has(connection) || tracker.users.get(user.userId) !== user) {
          complain(`${incarnation}: ${connection.connectionId} follows a lost record of "${user.userId}"`);
        }
      }
    }
    const here = clients.filter(({ seat }) => seat?.node.tracker === tracker).length;
    if (tracker.connections.size !== here) {
      complain(`${incarnation} has ${tracker.connections.size} connections of ${here} clients`);
    }
    const { watched, state } = cluster.stats;
    if (watched !== tracker.users.byId.size || state !== 'up') {
      complain(`${incarnation} is ${state} and watches ${watched} users for ${tracker.users.byId.size} records`);
    }
    checkLog(incarnation, log, complain);
  }
}

/** One line per change of state, in turns; never an error. */
function checkLog(incarnation: string, log: SimNode['log'], complain: Checked['complain']): void {
  const changes = log.filter(([level, line]) => level !== 'warn' || !line.includes('connection_renewed'));
  changes.forEach(([level, message], i) => {
    if (level !== (i % 2 === 0 ? 'warn' : 'info')) {
      complain(`${incarnation} logs line ${i} as ${level}: ${message}`);
    }
  });
}

/** In Redis: what living processes say, and what ends by itself; subscriptions only of those who listen. */
function checkStore({ world: { redis, profile }, nodes, truth, complain }: Checked): void {
  const keys = keysOf(profile.options.prefix);
  const living = nodes.map(({ incarnation }) => incarnation);
  const expected = new Map<string, (value: unknown) => boolean>([
    [keys.processes, (value) => sameItems([...(value as Set<string>)], living)],
  ]);
  const byOwner = new Map<string, Map<string, Presence[]>>();
  for (const [userId, presences] of truth.visible()) {
    for (const presence of presences) {
      const owner =
        nodes.find(({ tracker }) => tracker.connections.has(presence.connectionId))?.incarnation ?? 'nobody';
      const owners = byOwner.get(userId) ?? new Map<string, Presence[]>();
      byOwner.set(userId, owners.set(owner, [...(owners.get(owner) ?? []), presence]));
    }
  }
  for (const [userId, owners] of byOwner) {
    expected.set(keys.user(userId), (value) => saysExactly(userId, value as Map<string, string>, owners));
  }
  for (const incarnation of living) {
    const announced = [...byOwner].filter(([, owners]) => owners.has(incarnation)).map(([userId]) => userId);
    if (announced.length > 0) {
      expected.set(keys.users(incarnation), (value) => sameItems([...(value as Set<string>)], announced));
    }
    expected.set(keys.lease(incarnation), (value) => /^up \d+$/.test(String(value)));
  }
  for (const key of redis.keys()) {
    const isRight = expected.get(key);
    if (isRight === undefined && mayBeUnknown(profile) && key.startsWith(keys.users('')) && redis.expires(key)) {
      continue;
    }
    if (isRight === undefined ? !key.startsWith(keys.offline('')) || !redis.expires(key) : !isRight(redis.value(key))) {
      const value = redis.value(key);
      complain(`Redis holds ${key} = ${show(typeof value === 'object' ? [...value] : value)}`);
    }
    expected.delete(key);
  }
  for (const key of expected.keys()) {
    complain(`Redis lacks ${key}`);
  }
  for (const [topic, subscribers] of redis.topics()) {
    for (const subscriber of subscribers) {
      const node = nodes.find(({ presence }) => presence === subscriber);
      if (node === undefined || !node.presence.topics.includes(topic)) {
        complain(`a subscription to ${topic} is left by ${node?.incarnation ?? 'a process that is gone'}`);
      }
    }
  }
  for (const { presence, tracker, incarnation } of nodes) {
    const wanted = [keys.control, ...[...tracker.users.byId.keys()].map((userId) => keys.user(userId))];
    const unsubscribed = wanted.filter((topic) => redis.topics().get(topic)?.has(presence) !== true);
    if (unsubscribed.length > 0 || presence.topics.length !== wanted.length) {
      complain(
        `${incarnation} does not hear ${show(unsubscribed)} and listens to ${presence.topics.length} topics of ${wanted.length}`,
      );
    }
  }
}

/** Whether a process that crashed may be on no list of the store, and was known to nobody who lives: then its list of users ends by itself. */
export function mayBeUnknown({ faults }: Profile): boolean {
  return faults.includes('crash') && (faults.includes('lost keys') || faults.includes('older data'));
}

function saysExactly(userId: string, value: Map<string, string>, owners: ReadonlyMap<string, Presence[]>): boolean {
  return (
    value.size === owners.size &&
    [...owners].every(([incarnation, presences]) => {
      const register = parseRegister(userId, incarnation, value.get(incarnation));
      return (
        register !== null &&
        register.entries.length === presences.length &&
        presences.every(({ connectionId, status }) =>
          register.entries.some((entry) => entry.connectionId === connectionId && entry.status === status),
        )
      );
    })
  );
}

function sameItems(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item));
}
