/**
 * The two connections behind a `RedisPresence`: one for commands, one that
 * receives messages. A connection can be dead without its client noticing:
 * half-open (a firewall or a NAT forgot it), or reported as `ready` on a
 * destroyed socket (see docs/scaling.md). Then no answer and no echo arrives,
 * though the client counts it as open, and it is replaced by a new one.
 *
 * Nothing is done while the client itself says that it is not connected: it
 * connects again by its own rules. A `Presence` that shows no connection is left
 * alone.
 *
 * Race: a store that stands still looks like a dead connection. It then gets a
 * new connection now and then, which does no harm.
 */
import type { Clock } from './clock.ts';
import type { Log } from '../log-codes.ts';
import { clientOf, type RedisClient, type Which } from './redis-clients.ts';
import type { LinkFacts } from '../core/ports.ts';

/** What does not arrive when a connection is dead. */
type Sign = 'answer' | 'echo' | 'confirmation';

/** The states in which a client believes its connection to be open. */
const OPEN: ReadonlySet<string> = new Set(['connect', 'ready']);
/** A silence is forgotten after this many times `patienceMs` without another command about the key. */
const MEMORY = 10;
/** Maximum of keys whose silence is remembered: a few are enough to notice a dead connection. */
const MAX_SILENT_KEYS = 1000;

export interface LinkDeps {
  presence: object;
  log: Log;
  clock: Clock;
  /** Milliseconds without an answer about some key after which the connection for commands counts as dead. */
  patienceMs: number;
}

export class StoreLink {
  readonly #deps: LinkDeps;
  /** Keys whose last command was not answered, since when. By key, because a `Presence` may spread them over several stores. */
  readonly #silentSince = new Map<string, number>();
  /** The signs for which the log has a line already. */
  readonly #said = new Set<Sign>();
  #renewals = 0;

  constructor(deps: LinkDeps) {
    this.#deps = deps;
  }

  get facts(): LinkFacts {
    return {
      commands: this.#client('commands')?.status,
      messages: this.#client('messages')?.status,
      renewals: this.#renewals,
    };
  }

  /** A command about this key was answered. */
  answered(key: string): void {
    if (this.#silentSince.delete(key) && this.#silentSince.size === 0) {
      this.#said.delete('answer');
    }
  }

  /** A command about this key was not answered in time. */
  unanswered(key: string): void {
    const { clock, patienceMs } = this.#deps;
    const now = clock.now();
    const silentMs = now - (this.#silentSince.get(key) ?? now);
    if (silentMs < 0 || silentMs > patienceMs * MEMORY) {
      this.#silentSince.delete(key); // the clock was set, or nobody has asked for it since
    } else if (silentMs >= patienceMs) {
      this.#silentSince.clear();
      this.#renew('commands', 'answer');
    }
    if (!this.#silentSince.has(key) && this.#silentSince.size < MAX_SILENT_KEYS) {
      this.#silentSince.set(key, now);
    }
  }

  /** A message arrived. */
  heard(): void {
    this.#said.delete('echo');
  }

  /** Messages that were published do not arrive. */
  unheard(): void {
    this.#renew('messages', 'echo');
  }

  /** One of several stores does not confirm that it sends messages. */
  unconfirmed(): void {
    this.#renew('messages', 'confirmation');
  }

  /** The store that was asked has confirmed it. */
  confirmed(): void {
    this.#said.delete('confirmation');
  }

  #renew(which: Which, missing: Sign): void {
    const client = this.#client(which);
    if (client === undefined || !OPEN.has(client.status)) {
      return;
    }
    this.#renewals++;
    if (!this.#said.has(missing)) {
      this.#said.add(missing);
      this.#deps.log.warn(
        `[presence:connection_renewed] The connection for ${which} to the shared store counts as open but is dead. Opening a new one.`,
      );
    }
    if (client.stream?.destroyed === true) {
      // Its socket has closed already and will not say so again: `disconnect` would wait for that for ever.
      client.status = 'close';
      client.connect?.().catch(() => {
        // The client tries again by its own rules.
      });
    } else {
      client.disconnect(true);
    }
  }

  #client(which: Which): RedisClient | undefined {
    return clientOf(this.#deps.presence, which);
  }
}
