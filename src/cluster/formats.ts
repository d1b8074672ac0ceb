/**
 * The versions of the format in which processes write to each other and to the
 * shared store. A release reads the newest and the one before it, and writes the
 * newest that every live process reads, as their heartbeats say. So two releases
 * can run side by side: a rolling deploy and its rollback both work.
 *
 * Until it has run for a lease, a process writes the oldest version it knows:
 * it may not have heard everybody yet.
 */
import { ENVELOPE_VERSION, isIncarnation } from './envelope.ts';
import type { Log } from '../log-codes.ts';

type Envelope = Readonly<Record<string, unknown>>;

export interface Format {
  readonly version: number;
  /** From the envelope of this release to the one that is written. Neither looks at `v`. */
  pack(envelope: object): object;
  /** The other way. Its result is checked like any other message. */
  unpack(envelope: Envelope): object;
}

/** What this release reads, the oldest first. */
export const FORMATS: readonly [Format, ...Format[]] = [
  { version: ENVELOPE_VERSION, pack: (envelope) => envelope, unpack: (envelope) => envelope },
];

/** Maximum of unreadable processes that are named in the log. */
const MAX_NAMED = 100;

export class Formats {
  readonly #formats: readonly [Format, ...Format[]];
  readonly #log: Log;
  /** The newest version that each other process reads. */
  readonly #reads = new Map<string, number>();
  readonly #named = new Set<string>();
  #current: Format;

  constructor(log: Log, formats = FORMATS) {
    this.#log = log;
    this.#formats = formats;
    this.#current = formats[0];
  }

  /** The newest version that this process reads. */
  get newest(): number {
    return this.#formats.at(-1)!.version;
  }

  /** The version in which this process writes now. */
  get current(): number {
    return this.#current.version;
  }

  /** Another process says which version it reads. */
  heard(incarnation: string, newest: number): void {
    this.#reads.set(incarnation, newest);
  }

  /** Chooses the version to write from now on. `living`: the other live processes. Returns whether the version has changed. */
  choose(living: ReadonlySet<string>, isSettled: boolean): boolean {
    for (const incarnation of this.#reads.keys()) {
      if (!living.has(incarnation)) {
        this.#reads.delete(incarnation);
      }
    }
    const [oldest] = this.#formats;
    let most = isSettled ? this.newest : oldest.version;
    for (const incarnation of living) {
      most = Math.min(most, this.#reads.get(incarnation) ?? oldest.version);
    }
    const before = this.#current;
    this.#current = this.#formats.findLast(({ version }) => version <= most) ?? oldest;
    return this.#current !== before;
  }

  /** An envelope of this release in the form in which it is written. */
  seal(envelope: object): object {
    const { version } = this.#current;
    const packed = this.#current.pack(envelope);
    return version === ENVELOPE_VERSION ? packed : { ...packed, v: version };
  }

  /** What was written, as an envelope of this release. `null`: not in a version that this process reads. */
  open(value: unknown): object | null {
    if (typeof value !== 'object' || value === null) {
      return null;
    }
    const envelope = value as Envelope;
    const format = this.#formats.find(({ version }) => version === envelope['v']);
    if (format === undefined) {
      this.#name(envelope);
      return null;
    }
    try {
      const opened = format.unpack(envelope);
      return format.version === ENVELOPE_VERSION ? opened : { ...opened, v: ENVELOPE_VERSION };
    } catch {
      return null; // it is not what its version says
    }
  }

  #name({ f, v }: Envelope): void {
    if (!Number.isSafeInteger(v) || !isIncarnation(f) || this.#named.has(f) || this.#named.size >= MAX_NAMED) {
      return;
    }
    this.#named.add(f);
    const range = this.#formats.map(({ version }) => version).join(' and ');
    this.#log.warn(
      `[presence:format_unreadable] Process ${JSON.stringify(f)} writes version ${String(v)} of the format between processes, and this one reads only ${range}. What it says is not understood here. Within a heartbeat it writes an older version, if it is one release ahead; otherwise run the releases between.`,
    );
  }
}
