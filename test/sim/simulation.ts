/**
 * One run: processes, players and faults from one seed, in segments. A segment
 * is a while of operations and faults; then everything heals, some time
 * passes, and everybody must believe what is so, with nothing left over.
 */
import { keysOf } from '../../src/cluster/store.ts';
import { resolveOptions, type ResolvedOptions } from '../../src/options.ts';
import { checkAll, mayBeUnknown } from './checks.ts';
import { Faults } from './faults.ts';
import { Operations } from './operations.ts';
import { isCalm, profileOf, type Profile } from './profile.ts';
import type { Random } from './random.ts';
import { SimClient } from './sim-client.ts';
import { SimNode } from './sim-node.ts';
import { Truth } from './truth.ts';
import { World, type Sabotage } from './world.ts';

/** Operations between two checks. */
const SEGMENT = 1000;

export interface SimulationOptions {
  seed: number;
  operations: number;
  sabotage?: Sabotage;
  /** Told of every operation and fault. */
  trace?: (line: string) => void;
  onProgress?: (operations: number) => void;
}

export interface SimulationResult {
  profile: Profile;
  operations: number;
  /** Milliseconds of simulated time. */
  simulatedMs: number;
  turns: number;
  checks: number;
  delivered: number;
  faults: Map<string, number>;
  commands: Map<string, number>;
}

/** Says what was wrong, when, and how to see it again. */
export class SimulationFailure extends Error {
  override readonly name = 'SimulationFailure';
}

export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  return new Simulation(options).run();
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #profile: Profile;
  readonly #world: World;
  readonly #random: Random;
  readonly #nodes = new Map<string, SimNode>();
  readonly #clients: SimClient[];
  readonly #userIds: string[];
  readonly #truth: Truth;
  readonly #operations: Operations;
  readonly #faults: Faults;
  readonly #steady = new Map<string, string>();
  readonly #problems: string[] = [];
  readonly #startedAt: number;
  #isWild = false;
  #done = 0;
  #checks = 0;
  /** No second graceful restart before. */
  #restartableAt = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#profile = profileOf(options.seed);
    this.#world = new World(this.#profile, options.sabotage ?? {});
    this.#random = this.#world.random.fork();
    this.#startedAt = this.#world.time.now;
    this.#userIds = Array.from({ length: this.#profile.users }, (_, i) => `u${i}`);
    this.#clients = Array.from({ length: this.#profile.clients }, (_, i) => this.#makeClient(i));
    this.#truth = new Truth(this.#clients);
    this.#operations = new Operations(this.#world.random.fork(), {
      clients: this.#clients,
      userIds: this.#userIds,
      open: () => this.#living().filter(({ state }) => state === 'up'),
      endGrace: ({ node, connection }) => {
        this.#world.time.after(connection.options.graceSeconds * 1000, () => {
          this.#truth.ended(connection.user.userId, 'moved', this.#world.time.now);
          node.enter(() => {
            node.tracker.disconnect(connection, 'dropped');
          });
        });
      },
      spawn: (what, run) => {
        this.#spawn(what, run);
      },
    });
    this.#faults = new Faults(this.#world, {
      nodes: () => this.#living(),
      clients: this.#clients,
      crash: (node) => {
        this.#crash(node);
      },
      restart: (node) => this.#restart(node),
    });
  }

  async run(): Promise<SimulationResult> {
    const { time, redis } = this.#world;
    for (let i = 0; i < this.#profile.nodes; i++) {
      this.#start(`p${i}`);
    }
    while (this.#done < this.#options.operations) {
      await this.#beWild(Math.min(SEGMENT, this.#options.operations - this.#done));
      await this.#calmDown();
      await this.#check();
      this.#options.onProgress?.(this.#done);
    }
    await this.#end();
    return {
      profile: this.#profile,
      operations: this.#done,
      simulatedMs: time.now - this.#startedAt,
      turns: time.turns,
      checks: this.#checks,
      delivered: this.#clients.reduce((sum, { delivered }) => sum + delivered, 0),
      faults: this.#faults.counts,
      commands: redis.counts,
    };
  }

  async #beWild(operations: number): Promise<void> {
    const { time } = this.#world;
    const { gapMs } = this.#profile;
    const until = this.#done + operations;
    this.#isWild = true;
    const operate = (): void => {
      // Several in one turn of the event loop, now and then.
      do {
        this.#trace(this.#operations.one());
        this.#done++;
      } while (this.#done < until && this.#random.chance(0.2));
      if (this.#done < until) {
        time.after(this.#random.between(0, gapMs * 2), operate);
      }
    };
    const fail = (): void => {
      if (this.#isWild) {
        this.#trace(this.#faults.strike());
        time.after(this.#faults.pause(), fail);
      }
    };
    time.after(0, operate);
    time.after(this.#faults.pause(), fail);
    while (this.#done < until) {
      await time.pass(gapMs * 50);
      this.#requireSense();
    }
    this.#isWild = false;
  }

  /** Everything heals, nobody does anything any more, and all that has a limit of time has time for it. */
  async #calmDown(): Promise<void> {
    this.#faults.healAll();
    this.#trace('everything heals');
    const { heartbeatMs, leaseMs, handoffMs, antiEntropyBatch } = this.#profile.options;
    const rotation = Math.ceil(this.#userIds.length / antiEntropyBatch) * heartbeatMs * 1.2;
    // Ten rounds to find processes nobody heard of; half a minute until a listing that is not needed ends.
    await this.#world.time.pass(leaseMs * 3 + handoffMs + heartbeatMs * 15 + rotation + 45_000);
  }

  async #check(): Promise<void> {
    const { time } = this.#world;
    this.#checks++;
    for (const client of this.#clients.filter(({ state }) => state === 'away')) {
      client.resume(this.#random.chance(0.5));
    }
    await time.pass(1000);
    const complain = (problem: string): void => {
      this.#complain(problem);
    };
    await checkAll(
      {
        world: this.#world,
        nodes: this.#living(),
        clients: this.#clients,
        truth: this.#truth,
        userIds: this.#userIds,
        complain,
      },
      (ms) => time.pass(ms),
    );
    this.#requireSense();
  }

  /** All processes leave: nothing may stay but what is remembered for a time. */
  async #end(): Promise<void> {
    const { time, redis } = this.#world;
    for (const client of this.#clients) {
      client.leave(client.state === 'out' ? undefined : 'consented');
    }
    const nodes = this.#living();
    for (const node of nodes) {
      this.#spawn('stop', () => node.stop());
    }
    await time.pass(10_000);
    const { prefix } = this.#profile.options;
    const keys = keysOf(prefix);
    const mayStay = (key: string): boolean =>
      key.startsWith(keys.offline('')) ||
      (mayBeUnknown(this.#profile) && key.startsWith(keys.users('')) && redis.expires(key));
    for (const key of redis.keys().filter((key) => !mayStay(key))) {
      this.#complain(`everybody has left, but Redis holds ${key}`);
    }
    for (const topic of redis.topics().keys()) {
      this.#complain(`everybody has left, but somebody listens to ${topic}`);
    }
    for (const { incarnation, state, leftListeners, timers } of nodes) {
      if (state !== 'dead' || leftListeners > 0 || timers.size > 0) {
        this.#complain(`${incarnation} is ${state} and leaves ${leftListeners} listeners and ${timers.size} timers`);
      }
    }
    this.#requireSense();
  }

  #makeClient(i: number): SimClient {
    const options: ResolvedOptions = resolveOptions({
      unverifiedMatches: 'show',
      ...this.#random.pick([
        {},
        { maxFollows: 12, evict: 'oldest' },
        { maxFollows: 12 },
        {
          redact: (_: unknown, presence: { status: string }) =>
            presence.status === 'secret' ? null : (presence as never),
        },
      ]),
    });
    const user = this.#random.below(this.#userIds.length);
    const username = user % 2 === 0 ? `User ${user}` : undefined;
    return new SimClient(`c${i}`, `u${user}`, username, {
      world: this.#world,
      options,
      steady: this.#steady,
      complain: (problem) => {
        this.#complain(problem);
      },
      trace: (line) => {
        this.#trace(line);
      },
      changed: ({ lastConnectionId }) => {
        this.#steady.delete(lastConnectionId!);
      },
      closed: (client) => {
        if (isCalm(this.#profile)) {
          this.#complain(`${client.name} is closed, though nobody else has it`);
        }
        // Of two that claim the player one may have crashed unnoticed: then it is the live one that has to come anew.
        this.#trace(`${client.name} is closed`);
        client.leave('moved');
        this.#rejoin(client, this.#random.between(100, 700));
      },
      ended: ({ userId, lastConnectionId }, ending) => {
        this.#truth.ended(userId, ending, this.#world.time.now);
        if (ending !== 'shutdown') {
          this.#steady.delete(lastConnectionId!);
        }
      },
    });
  }

  #living(): SimNode[] {
    return [...this.#nodes.values()].filter(({ state }) => state !== 'dead');
  }

  #start(processId: string): void {
    const node = new SimNode(this.#world, processId, this.#profile.options);
    this.#nodes.set(processId, node);
    if (this.#faults.outage !== undefined) {
      this.#faults.cutOff(node);
    }
    this.#trace(`${node.incarnation} starts`);
  }

  #crash(node: SimNode): void {
    const players = this.#playersOf(node);
    node.crash();
    for (const client of players) {
      client.leave(undefined);
      this.#rejoin(client, this.#random.between(0, 2000));
    }
    this.#startAgain(node);
  }

  #restart(node: SimNode): boolean {
    const { time } = this.#world;
    const { handoffMs, heartbeatMs } = this.#profile.options;
    const others = this.#living().filter((other) => other !== node && other.state === 'up');
    const areSettled = others.length > 0 && others.every(({ startedAt }) => time.now - startedAt > heartbeatMs * 4);
    if (time.now < this.#restartableAt || !areSettled) {
      return false;
    }
    this.#restartableAt = time.now + handoffMs + heartbeatMs * 4;
    for (const client of this.#playersOf(node)) {
      const id = client.seat?.connection.connectionId;
      const moves = this.#random.chance(0.85);
      if (isCalm(this.#profile) && client.status !== null && moves) {
        this.#steady.set(id!, client.status);
        time.after(handoffMs, () => {
          this.#steady.delete(id!);
        });
      }
      client.leave('shutdown');
      // If it does not come back, that is when it ends for the others.
      time.after(handoffMs, () => {
        this.#truth.ended(client.userId, 'moved', time.now);
      });
      if (moves) {
        this.#rejoin(client, this.#random.between(20, handoffMs * 0.6));
      }
    }
    this.#spawn('stop', async () => {
      await node.stop();
      this.#startAgain(node);
    });
    return true;
  }

  #playersOf(node: SimNode): SimClient[] {
    return this.#clients.filter(
      ({ seat, state, joiningNode }) => seat?.node === node || (state === 'joining' && joiningNode === node),
    );
  }

  #startAgain({ processId }: SimNode): void {
    this.#world.time.after(this.#random.between(50, 5000), () => {
      this.#start(processId);
    });
  }

  #rejoin(client: SimClient, ms: number): void {
    client.isComingBack = true;
    this.#world.time.after(ms, () => {
      client.isComingBack = false;
      if (client.state === 'out') {
        this.#trace(this.#operations.join(client, client.lastStatus, client.lastConnectionId, client.lastFollows));
      }
    });
  }

  #spawn(what: string, run: () => Promise<void>): void {
    run().catch((error: unknown) => {
      this.#complain(`${what} failed: ${error instanceof Error ? error.stack : String(error)}`);
    });
  }

  #complain(problem: string): void {
    const at = ((this.#world.time.now - this.#startedAt) / 1000).toFixed(3);
    this.#problems.push(`${at} s: ${problem}`);
    this.#trace(`PROBLEM ${problem}`);
  }

  #trace(line: string | undefined): void {
    if (line !== undefined && this.#options.trace !== undefined) {
      this.#options.trace(`${((this.#world.time.now - this.#startedAt) / 1000).toFixed(4)} ${line}`);
    }
  }

  #requireSense(): void {
    if (this.#problems.length > 0) {
      const { seed, faults } = this.#profile;
      const shown = this.#problems.slice(0, 8);
      const more = this.#problems.length - shown.length;
      throw new SimulationFailure(
        [
          `The cluster simulation with seed ${seed} went wrong within ${this.#done} operations (faults: ${faults.join(', ') || 'none'}):`,
          ...shown.map((problem) => `  ${problem}`),
          ...(more > 0 ? [`  and ${more} more`] : []),
          `Again: node test/sim/run.ts --seed ${seed} --ops ${this.#options.operations}`,
        ].join('\n'),
      );
    }
  }
}
