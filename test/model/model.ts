/**
 * What everybody must see, written from the contract alone and kept as simple
 * as possible: no messages, no time, no processes but for what a crash loses.
 */
export interface Device {
  readonly user: User;
  place: number;
  /** `null` = invisible. */
  status: string | null;
  /** Larger = set later. */
  setAt: number;
  /** Whom it follows, and who asked for that. */
  readonly follows: Map<User, 'client' | 'server'>;
}

export interface User {
  readonly id: string;
  readonly devices: Set<Device>;
  last: 'offline' | 'unlogined';
  /** Its devices came back in no known order: which status is the newest cannot be said. */
  isUnordered: boolean;
}

export interface Seen {
  general: string;
  /** Sorted. */
  statuses: string[];
  custom: string | undefined;
}

export const LIMITS = { maxFollows: 3, maxConnectionsPerUser: 3, maxClients: 4 };

/** Fits both. */
const UNSEEN = 'offline or unlogined';

export class Model {
  readonly users: User[];
  /** By process: who is hidden from whom there. */
  readonly #blocks: Array<Set<string>>;
  #clock = 0;

  constructor(ids: readonly string[], places: number) {
    this.users = ids.map((id) => ({ id, devices: new Set(), last: 'unlogined', isUnordered: false }));
    this.#blocks = Array.from({ length: places }, () => new Set());
  }

  get devices(): Device[] {
    return this.users.flatMap(({ devices }) => [...devices]);
  }

  /** `undefined`: refused, the user has too many connections. */
  connect(user: User, place: number, status: string | null): Device | undefined {
    if (user.devices.size >= LIMITS.maxConnectionsPerUser) {
      return undefined;
    }
    const device: Device = { user, place, status: null, setAt: 0, follows: new Map() };
    user.devices.add(device);
    this.setStatus(device, status);
    return device;
  }

  setStatus(device: Device, status: string | null): void {
    if (device.status === status) {
      return;
    }
    device.status = status;
    device.setAt = ++this.#clock;
    if (status === null) {
      this.#ended(device.user, 'offline');
    } else if (visible(device.user).length === 1) {
      device.user.isUnordered = false;
    }
  }

  end(device: Device, how: User['last']): void {
    const { user, status } = device;
    user.devices.delete(device);
    if (status !== null) {
      this.#ended(user, how);
    }
  }

  #ended(user: User, how: User['last']): void {
    if (visible(user).length === 0) {
      user.last = how;
    }
  }

  /** Whether it is allowed. */
  follow(device: Device, users: readonly User[]): boolean {
    const wanted = users.filter((user) => user !== device.user);
    const added = wanted.filter((user) => device.follows.get(user) !== 'client').length;
    const own = [...device.follows.values()].filter((origin) => origin === 'client').length;
    if (added > 0 && own + added > LIMITS.maxFollows) {
      return false;
    }
    wanted.forEach((user) => device.follows.set(user, 'client'));
    return true;
  }

  serverFollow(user: User, users: readonly User[]): void {
    for (const { follows } of user.devices) {
      users.filter((other) => other !== user && !follows.has(other)).forEach((other) => follows.set(other, 'server'));
    }
  }

  block(user: User, blocked: User, isBlocked: boolean): void {
    for (const blocks of this.#blocks) {
      if (isBlocked && user !== blocked) {
        blocks.add(`${user.id} ${blocked.id}`);
      } else {
        blocks.delete(`${user.id} ${blocked.id}`);
      }
    }
  }

  /** A process crashes and starts again: its players are back, with their statuses and their own follows. */
  kill(place: number): void {
    this.#blocks[place]!.clear();
    for (const { follows, user } of this.devices.filter((device) => device.place === place)) {
      [...follows].filter(([, origin]) => origin === 'server').forEach(([other]) => follows.delete(other));
      user.isUnordered = true;
    }
  }

  /** What `device` sees of `user`; of one that blocked it only that it is not online. */
  look(device: Device, user: User): Seen {
    if (this.#blocks[device.place]!.has(`${user.id} ${device.user.id}`)) {
      return { general: UNSEEN, statuses: [], custom: '' };
    }
    const shown = visible(user);
    // The helper is not told how its own user went; to itself an invisible user is not online, and that is all.
    const last = user === device.user ? UNSEEN : user.last;
    return {
      general: shown.length > 0 ? 'online' : last,
      statuses: shown.map(({ status }) => status!).toSorted(),
      custom: user.isUnordered && shown.length > 1 ? undefined : (shown.at(-1)?.status ?? ''),
    };
  }
}

/** The one set last comes last. */
function visible(user: User): Device[] {
  return [...user.devices].filter(({ status }) => status !== null).toSorted((a, b) => a.setAt - b.setAt);
}
