/** What all processes of one run share: time, chance, Redis, and the network between. */
import type { Presence } from '@colyseus/core';
import type { Link, Weather } from './link.ts';
import type { Profile } from './profile.ts';
import { Random } from './random.ts';
import { SimRedis } from './sim-redis.ts';
import type { SimNode } from './sim-node.ts';
import type { Sink } from '../../src/core/model.ts';
import { VirtualTime } from './virtual-time.ts';

/** Bugs put in on purpose: the run must find them. */
export interface Sabotage {
  /** Wraps what the cluster of a process is given. */
  presence?: (real: Presence, node: SimNode) => Presence;
  /** Wraps the way out to a client. */
  sink?: (real: Sink) => Sink;
}

export class World {
  readonly profile: Profile;
  readonly sabotage: Sabotage;
  readonly random: Random;
  readonly time = new VirtualTime();
  readonly redis: SimRedis;
  /** Milliseconds added to every way while the network is slow. */
  slowness = 0;
  /** How likely a message between processes is lost, doubled or late. */
  lossiness = 0;
  readonly weather: Weather;
  readonly #network: Random;

  constructor(profile: Profile, sabotage: Sabotage) {
    this.profile = profile;
    this.sabotage = sabotage;
    this.random = new Random(profile.seed);
    this.#network = this.random.fork();
    this.redis = new SimRedis(this.time);
    this.weather = { latency: () => this.#network.between(0.1, 2) + this.#network.next() * this.slowness };
  }

  /** Brings a message to a subscriber, as the network is now. */
  readonly carry = (deliver: () => void, link: Link): void => {
    const isFaulty = this.lossiness > 0 && this.#network.chance(this.lossiness);
    const fault = isFaulty ? this.#network.pick(['lost', 'doubled', 'late'] as const) : 'none';
    if (fault === 'none' || fault === 'doubled') {
      link.push(deliver);
    }
    if (fault === 'doubled' || fault === 'late') {
      this.time.after(this.#network.between(0, 2000), () => {
        link.push(deliver);
      });
    }
  };
}
