/** The faults of a run. Each fault ends by itself after a while, or at the end of a segment. */
import { keysOf } from '../../src/cluster/store.ts';
import type { Fault } from './profile.ts';
import type { Random } from './random.ts';
import type { SimClient } from './sim-client.ts';
import type { SimNode } from './sim-node.ts';
import type { World } from './world.ts';

export interface FaultTargets {
  nodes: () => SimNode[];
  clients: readonly SimClient[];
  crash: (node: SimNode) => void;
  /** Returns whether it may be done now. */
  restart: (node: SimNode) => boolean;
}

export class Faults {
  readonly counts = new Map<Fault, number>();
  /** Redis cannot be reached by anybody; new processes included. */
  outage: { refuses: boolean } | undefined;
  readonly #world: World;
  readonly #random: Random;
  readonly #targets: FaultTargets;
  readonly #heals = new Set<() => void>();

  constructor(world: World, targets: FaultTargets) {
    this.#world = world;
    this.#random = world.random.fork();
    this.#targets = targets;
  }

  /** Milliseconds until the next one. */
  pause(): number {
    return -Math.log(1 - this.#random.next()) * this.#world.profile.faultMs;
  }

  /** Returns what was done, `undefined` when it could not be. */
  strike(): string | undefined {
    const { faults } = this.#world.profile;
    const up = this.#targets.nodes().filter(({ state }) => state === 'up');
    if (faults.length === 0 || up.length === 0) {
      return undefined;
    }
    const fault = this.#random.pick(faults);
    const detail = this.#strike(fault, this.#random.pick(up));
    if (detail === undefined) {
      return undefined;
    }
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
    return `${fault} ${detail}`;
  }

  healAll(): void {
    for (const heal of this.#heals) {
      heal();
    }
    this.#heals.clear();
  }

  #strike(fault: Fault, node: SimNode): string | undefined {
    const random = this.#random;
    const {
      redis,
      profile: {
        options: { leaseMs, prefix },
      },
    } = this.#world;
    switch (fault) {
      case 'crash':
        this.#targets.crash(node);
        return node.incarnation;
      case 'restart':
        return this.#targets.restart(node) ? node.incarnation : undefined;
      case 'stall':
        node.stall();
        return `${node.incarnation} ${this.#until(random.between(10, leaseMs * 2.5), () => {
          node.wake();
        })}`;
      case 'wipe':
        redis.wipe();
        return '';
      case 'outage':
      case 'outage with loss':
        return this.#fail(fault === 'outage with loss');
      case 'partition':
        node.pub.cut(random.chance(0.3));
        this.#cutSubscriber(node);
        return `${node.incarnation} ${this.#until(random.between(20, leaseMs * 2), () => {
          node.pub.mend();
          node.sub.mend();
        })}`;
      case 'subscriber loss':
        this.#cutSubscriber(node);
        return `${node.incarnation} ${this.#until(random.between(1, leaseMs), () => {
          node.sub.mend();
        })}`;
      case 'slow network':
        this.#world.slowness = random.between(50, 900);
        return this.#until(random.between(100, 3000), () => {
          this.#world.slowness = 0;
        });
      case 'lossy network':
        this.#world.lossiness = random.between(0.01, 0.3);
        return this.#until(random.between(500, 5000), () => {
          this.#world.lossiness = 0;
        });
      case 'lost keys': {
        // Also only what is said of users: whatever else is missing makes the processes write all of that again.
        const part = random.chance(0.5) ? keysOf(prefix).user('') : '';
        const share = random.next();
        const lost = redis.keys().filter((key) => key.startsWith(part) && random.chance(share));
        for (const key of lost) {
          redis.lose(key);
        }
        return lost.join(' ');
      }
      case 'older data':
        return this.#until(random.between(50, leaseMs * 3), redis.save());
      case 'half-open':
        for (const link of random.pick([[node.pub], [node.sub], [node.pub, node.sub]])) {
          link.halfOpen();
        }
        return `${node.incarnation} ${this.#until(random.between(100, leaseMs * 3), () => {
          node.presence.giveUpHalfOpen();
        })}`;
      case 'slow client': {
        const client = random.pick(this.#targets.clients);
        client.isSlow = true;
        return `${client.name} ${this.#until(random.between(5, 1000), () => {
          client.isSlow = false;
        })}`;
      }
    }
  }

  #fail(losesData: boolean): string {
    const random = this.#random;
    this.outage = { refuses: random.chance(0.3) };
    for (const node of this.#targets.nodes()) {
      this.cutOff(node);
    }
    if (losesData) {
      this.#world.redis.wipe();
    }
    return this.#until(random.between(20, this.#world.profile.options.leaseMs * 2), () => {
      this.outage = undefined;
      for (const node of this.#targets.nodes()) {
        this.#world.time.after(random.between(0, 100), () => {
          node.pub.mend();
        });
        this.#world.time.after(random.between(0, 100), () => {
          node.sub.mend();
        });
      }
    });
  }

  /** Of a process that lives, or starts, during an outage. */
  cutOff(node: SimNode): void {
    node.pub.cut(this.outage?.refuses === true);
    this.#cutSubscriber(node);
  }

  #cutSubscriber(node: SimNode): void {
    // What a subscriber connection asked for ends with it.
    node.sub.cut(false, false);
    this.#world.redis.disconnect(node.presence);
  }

  #until(ms: number, heal: () => void): string {
    this.#heals.add(heal);
    this.#world.time.after(ms, () => {
      if (this.#heals.delete(heal)) {
        heal();
      }
    });
    return `for ${Math.round(ms)} ms`;
  }
}
