/**
 * One server process: the real tracker and the real cluster, on simulated
 * time and connections. It can be stalled (nothing of it runs, what comes for
 * it piles up) and crashed (nothing of it ever runs again).
 */
import { newIncarnation, type Clock } from '../../src/cluster/clock.ts';
import { PresenceCluster } from '../../src/cluster/presence-cluster.ts';
import { Refs } from '../../src/core/refs.ts';
import { Tracker } from '../../src/core/tracker.ts';
import { keyedHash } from '../../src/wire/keyed-hash.ts';
import type { ClusterOptions } from '../../src/options.ts';
import type { World } from './world.ts';
import { Link } from './link.ts';
import { SimPresence } from './sim-presence.ts';
import type { Random } from './random.ts';
import type { Scheduled } from './virtual-time.ts';

export type NodeState = 'up' | 'stalled' | 'stopping' | 'dead';

export class SimNode {
  readonly processId: string;
  readonly startedAt: number;
  readonly pub: Link;
  readonly sub: Link;
  readonly presence: SimPresence;
  readonly cluster: PresenceCluster;
  readonly tracker: Tracker;
  /** Log lines of the cluster, by level. */
  readonly log: Array<[level: string, message: string]> = [];
  readonly timers = new Set<Scheduled>();
  state: NodeState = 'up';
  /** Listeners that a stopped process had not removed. */
  leftListeners = 0;
  readonly #world: World;
  readonly #random: Random;
  #backlog: Array<() => void> = [];

  constructor(world: World, processId: string, options: ClusterOptions) {
    const { time, random } = world;
    this.#world = world;
    this.#random = random.fork();
    this.processId = processId;
    this.startedAt = time.now;
    const enter = (run: () => void): void => {
      this.enter(run);
    };
    this.pub = new Link(time, this.#random.fork(), world.weather, enter);
    this.sub = new Link(time, this.#random.fork(), world.weather, enter);
    this.presence = new SimPresence(world.redis, this.pub, this.sub, world.carry, this.#random.chance(0.5));
    const clock = this.#clock();
    const note =
      (level: string) =>
      (message: string): void => {
        this.log.push([level, message]);
      };
    const deps = {
      presence: world.sabotage.presence?.(this.presence, this) ?? this.presence,
      incarnation: newIncarnation(processId, clock),
      options,
      rememberOfflineHours: 24,
      log: { info: note('info'), warn: note('warn'), error: note('error') },
      clock,
    };
    let cluster: PresenceCluster | undefined;
    let ids = 0;
    this.tracker = new Tracker({
      cluster: (host) => {
        cluster = new PresenceCluster(host, deps);
        return cluster;
      },
      timing: {
        now: () => time.now,
        defer: (flush) => {
          time.after(this.#random.next(), () => {
            this.enter(flush);
          });
        },
        later: (check, ms) => {
          time.after(ms, () => {
            this.enter(check);
          });
        },
      },
      now: () => clock.now(),
      newId: () => `${deps.incarnation}-${++ids}`,
      refs: new Refs(keyedHash(Buffer.alloc(16))),
      rememberOfflineMs: 24 * 3_600_000,
      rememberOfflineUsers: 100_000,
      handoffMs: options.handoffMs,
    });
    this.cluster = cluster!;
    void this.cluster.start();
  }

  get incarnation(): string {
    return this.cluster.incarnation;
  }

  /** Runs it now, when the process is awake; never, when it is dead. */
  enter(run: () => void): void {
    if (this.state === 'stalled') {
      this.#backlog.push(run);
    } else if (this.state !== 'dead') {
      run();
    }
  }

  stall(): void {
    this.state = 'stalled';
  }

  /** What piled up runs, each in its own turn; before that, nothing new does. */
  wake(): void {
    if (this.state !== 'stalled') {
      return;
    }
    const next = (): void => {
      const run = this.#backlog.shift();
      if (this.state !== 'stalled') {
        return;
      }
      if (run === undefined) {
        this.state = 'up';
        return;
      }
      this.state = 'up';
      run();
      this.state = 'stalled';
      // Everything the process does in a turn is done before the next begins.
      this.#world.time.after(0, next);
    };
    next();
  }

  /** No goodbye. What was on its way may still arrive. */
  crash(): void {
    this.pub.cut(false);
    this.sub.cut(false, false);
    this.#end();
  }

  /** Announced exit; the caller has ended the connections. */
  async stop(): Promise<void> {
    this.state = 'stopping';
    await this.tracker.stop();
    this.leftListeners = this.presence.listeners;
    this.pub.close();
    this.sub.cut(false, false);
    this.#end();
  }

  #end(): void {
    this.state = 'dead';
    this.#world.redis.disconnect(this.presence);
    for (const timer of this.timers) {
      timer.run = null;
    }
    this.timers.clear();
  }

  #clock(): Clock {
    const { time } = this.#world;
    const random = this.#random.fork();
    const skew = this.#world.profile.skewMs * (random.next() * 2 - 1);
    const clock: Clock = {
      now: () => Math.floor(time.now + skew),
      random: () => random.next(),
      setTimeout: (run, ms) => {
        const timer = time.after(ms, () => {
          this.enter(() => {
            // It may have been cancelled while the process was stalled.
            if (this.timers.delete(timer)) {
              run();
            }
          });
        });
        this.timers.add(timer);
        return timer;
      },
      wait: (ms) =>
        new Promise((resolve) => {
          clock.setTimeout(resolve, ms);
        }),
      clearTimeout: (handle) => {
        const timer = handle as Scheduled | undefined;
        if (timer !== undefined && this.timers.delete(timer)) {
          timer.run = null;
        }
      },
    };
    return clock;
  }
}
