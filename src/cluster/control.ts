/**
 * The topic that every process listens to: beats, exits, requests to write
 * again, commands of the server API. The echo of the own beats shows whether
 * messages arrive.
 */
import type { Asked } from './asks.ts';
import type { Bus } from './bus.ts';
import { ENVELOPE_VERSION, MAX_ASKED_USERS, type ControlMessage } from './envelope.ts';
import type { Formats } from './formats.ts';
import type { GuardedHost } from './guarded-host.ts';
import { Hearing } from './hearing.ts';
import type { Pulse } from './pulse.ts';
import type { StoreLink } from './store-link.ts';
import type { Peers } from './peers.ts';
import type { Subscription } from './subscription.ts';

/** After so many own beats without an echo the subscription is opened again. */
const MAX_MISSING_BEATS = 3;

export interface ControlDeps {
  incarnation: string;
  host: GuardedHost;
  bus: Bus;
  formats: Formats;
  peers: Peers;
  link: StoreLink;
  pulse: Pulse;
  /** The user has to be written. */
  announce: (userId: string) => void;
  /** Another process reads only an older version of the format than is written here. */
  onOlder: () => void;
  /** Messages were lost, and from now on they arrive. */
  onHearing: () => void;
}

export class Control {
  readonly #deps: ControlDeps;
  readonly #hearing = new Hearing();
  readonly #subscription: Subscription;

  constructor(deps: ControlDeps) {
    this.#deps = deps;
    this.#subscription = deps.bus.onControl(
      (from, message) => {
        this.#noteArrival();
        this.#hear(from, message);
      },
      (beat) => {
        this.#noteArrival();
        if (this.#hearing.echo(beat)) {
          deps.onHearing();
        }
        if (this.#hearing.missing === 0) {
          deps.pulse.echoed();
        }
      },
    );
  }

  #noteArrival(): void {
    this.#deps.link.heard();
    this.#deps.pulse.heard();
  }

  /** Whether any message has arrived. */
  get hasHeard(): boolean {
    return this.#hearing.hasHeard;
  }

  open(): Promise<void> {
    return this.#subscription.open();
  }

  close(): void {
    this.#subscription.close();
  }

  /** Opens the subscription again when no echoes arrive: it may have been refused or lost, or its connection is dead. */
  reopen(): void {
    const { missing } = this.#hearing;
    if (missing > 0 && (this.#subscription.failed || missing % MAX_MISSING_BEATS === 0)) {
      void this.#subscription.open();
    }
    if (missing > 0 && missing % MAX_MISSING_BEATS === 0) {
      this.#deps.link.unheard();
    }
  }

  sendBeat(): Promise<void> {
    this.#deps.pulse.sent();
    const { bus, formats } = this.#deps;
    return bus.publishControl({ kind: 'beat', n: this.#hearing.next(), reads: formats.newest });
  }

  /** Messages may be lost: the echo of this beat shows when they arrive again. */
  async checkHearing(): Promise<void> {
    this.#hearing.suspectLoss();
    await this.sendBeat();
  }

  async ask(others: ReadonlyMap<string, Asked>): Promise<void> {
    for (const [to, { userIds, above }] of others) {
      for (const ids of chunks([...userIds], MAX_ASKED_USERS)) {
        await this.#deps.bus.publishControl({ kind: 'ask', to, userIds: ids, above });
      }
    }
  }

  #hear(from: string, message: ControlMessage): void {
    const { incarnation, host, peers, formats, announce, onOlder } = this.#deps;
    if (!peers.heard(from)) {
      return;
    }
    if (message.kind === 'beat') {
      const { reads = ENVELOPE_VERSION } = message;
      formats.heard(from, reads);
      if (reads < formats.current) {
        onOlder();
      }
    } else if (message.kind === 'bye') {
      peers.left(from, message.handoffMs);
      for (const userId of host.retractedFrom(from)) {
        announce(userId);
      }
    } else if (message.kind === 'ask' && message.to === incarnation) {
      host.raiseSeq(message.above);
      for (const userId of message.userIds) {
        announce(userId);
      }
    } else if (message.kind === 'command') {
      host.applyCommand(message.command);
    }
  }
}

function* chunks<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let i = 0; i < items.length; i += size) {
    yield items.slice(i, i + size);
  }
}
