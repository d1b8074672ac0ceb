/** What players do, at random, wherever their process runs. */
import type { Random } from './random.ts';
import type { Seat, SimClient } from './sim-client.ts';
import type { SimNode } from './sim-node.ts';
import { STATUSES } from './truth.ts';

export interface OperationTargets {
  clients: readonly SimClient[];
  userIds: readonly string[];
  /** Processes that let players in. */
  open: () => SimNode[];
  /** Gives a seat up when its grace is over. */
  endGrace: (seat: Seat) => void;
  /** Runs something that must not fail. */
  spawn: (what: string, run: () => Promise<void>) => void;
}

const OPERATIONS = {
  in: { status: 50, follow: 18, unfollow: 6, leave: 6, vanish: 2, drop: 5, query: 4 },
  away: { resume: 6, giveUp: 2, moveOn: 3 },
} as const;

export class Operations {
  readonly #random: Random;
  readonly #targets: OperationTargets;

  constructor(random: Random, targets: OperationTargets) {
    this.#random = random;
    this.#targets = targets;
  }

  /** One operation of one client. Returns what it was, `undefined` when that client can do nothing now. */
  one(): string | undefined {
    const client = this.#random.pick(this.#targets.clients);
    if (client.state === 'joining' || client.isComingBack) {
      return undefined;
    }
    if (client.state === 'out') {
      return this.join(client, this.#status());
    }
    if (client.seat!.node.state !== 'up') {
      return undefined;
    }
    const detail = client.state === 'in' ? this.#inside(client) : this.#away(client);
    return `${client.name} ${detail}`;
  }

  /** Takes a seat somewhere, and follows as before when it comes back. */
  join(
    client: SimClient,
    status: SimClient['status'],
    resume?: string,
    follows: readonly string[] = [],
  ): string | undefined {
    const nodes = this.#targets.open();
    if (nodes.length === 0) {
      return undefined;
    }
    const node = this.#random.pick(nodes);
    this.#targets.spawn('join', async () => {
      await client.join(node, status, resume);
      if (client.state === 'in' && follows.length > 0) {
        await client.follow(follows, new Set());
      }
    });
    return `${client.name} (${client.userId}) joins ${node.incarnation} with ${JSON.stringify(status)}${resume === undefined ? '' : ` as ${resume}`}`;
  }

  #inside(client: SimClient): string {
    const random = this.#random;
    const { userIds, spawn } = this.#targets;
    const operation = random.weighted(OPERATIONS.in);
    switch (operation) {
      case 'status': {
        const status = this.#status();
        client.setStatus(status);
        return `sets ${JSON.stringify(status)}`;
      }
      case 'follow': {
        const wanted = random.some(userIds, 6);
        const refused = new Set(random.chance(0.1) ? random.some(wanted, 2) : []);
        spawn('follow', () => client.follow(wanted, refused));
        return `follows ${wanted.join(' ')} without ${[...refused].join(' ')}`;
      }
      case 'unfollow': {
        const unwanted = random.chance(0.1) ? undefined : random.some(userIds, 4);
        client.unfollow(unwanted);
        return `unfollows ${unwanted?.join(' ') ?? 'all'}`;
      }
      case 'leave':
        client.leave('consented');
        return 'leaves';
      case 'vanish':
        client.leave('dropped');
        return 'vanishes';
      case 'drop':
        client.drop();
        return 'drops';
      case 'query': {
        const wanted = random.some(userIds, 8);
        spawn('query', () => client.query(wanted));
        return `asks for ${wanted.join(' ')}`;
      }
    }
  }

  #away(client: SimClient): string {
    const operation = this.#random.weighted(OPERATIONS.away);
    if (operation === 'resume') {
      client.resume(this.#random.chance(0.5));
      return 'is back';
    }
    if (operation === 'moveOn') {
      const { lastStatus, lastConnectionId } = client;
      const seat = client.moveOn();
      this.#targets.endGrace(seat);
      return `gets a new seat: ${this.join(client, lastStatus, lastConnectionId, client.lastFollows) ?? 'nowhere'}`;
    }
    client.leave('dropped');
    return 'does not come back';
  }

  #status(): SimClient['status'] {
    return this.#random.pick(STATUSES)[0];
  }
}
