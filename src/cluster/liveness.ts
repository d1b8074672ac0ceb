/**
 * Which other processes are there, from what was heard and when. Pure: time is
 * an argument, and every method returns the transition; asking the store for a
 * lease and sweeping is the caller's.
 *
 *   unknown → up ⇄ silent → gone → unknown   (crashed; forgotten once swept)
 *             up → left → unknown            (announced exit: final)
 */
export type PeerState = 'unknown' | 'up' | 'silent' | 'gone' | 'left';

interface Peer {
  phase: 'live' | 'gone' | 'left';
  heardAt: number;
  /** It shuts down; what it said holds until then. */
  handoffUntil: number | undefined;
}

export class Liveness {
  readonly #leaseMs: number;
  readonly #peers = new Map<string, Peer>();

  /** @param leaseMs A peer that was not heard of for longer is silent: its lease has to be looked at. */
  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  state(incarnation: string, now: number): PeerState {
    const peer = this.#peers.get(incarnation);
    if (peer === undefined) {
      return 'unknown';
    }
    if (peer.phase !== 'live') {
      return peer.phase;
    }
    return this.#isSilent(peer, now) ? 'silent' : 'up';
  }

  /** A sign of life. Returns the state before. One that has left stays so: its late messages mean nothing. */
  heard(incarnation: string, now: number): PeerState {
    const before = this.state(incarnation, now);
    const peer = this.#peers.get(incarnation);
    if (peer === undefined) {
      this.#peers.set(incarnation, { phase: 'live', heardAt: now, handoffUntil: undefined });
    } else if (peer.phase !== 'left') {
      peer.phase = 'live';
      peer.heardAt = now;
    }
    return before;
  }

  /** It announced its exit, and that its players are handed off until then. */
  handsOff(incarnation: string, until: number, now: number): void {
    this.heard(incarnation, now);
    const peer = this.#peers.get(incarnation);
    if (peer?.phase === 'live') {
      peer.handoffUntil = until;
    }
  }

  isLeaving(incarnation: string): boolean {
    return this.#peers.get(incarnation)?.handoffUntil !== undefined;
  }

  /** It announced its exit, with nothing left behind. */
  left(incarnation: string, now: number): void {
    this.#peers.set(incarnation, { phase: 'left', heardAt: now, handoffUntil: undefined });
  }

  /** Its lease is gone. */
  gone(incarnation: string, now: number): void {
    if (this.#peers.get(incarnation)?.phase !== 'left') {
      this.#peers.set(incarnation, { phase: 'gone', heardAt: now, handoffUntil: undefined });
    }
  }

  /** Swept. */
  forget(incarnation: string): void {
    if (this.#peers.get(incarnation)?.phase === 'gone') {
      this.#peers.delete(incarnation);
    }
  }

  /** We did not hear: nobody's silence until now counts. */
  excuse(now: number): void {
    for (const peer of this.#peers.values()) {
      if (peer.phase === 'live') {
        peer.heardAt = now;
      }
    }
  }

  /** Whose lease has to be looked at. Also lets go of those that left long ago. */
  silent(now: number): string[] {
    const silent: string[] = [];
    for (const [incarnation, peer] of this.#peers) {
      if (peer.heardAt > now) {
        peer.heardAt = now; // the clock was set back
      }
      if (peer.phase === 'live' && this.#isSilent(peer, now)) {
        silent.push(incarnation);
      } else if (peer.phase === 'left' && now - peer.heardAt > this.#leaseMs * LEFT_FOR_LEASES) {
        this.#peers.delete(incarnation);
      }
    }
    return silent;
  }

  /** Whose traces have to be swept. */
  unswept(): string[] {
    return [...this.#peers].filter(([, { phase }]) => phase === 'gone').map(([incarnation]) => incarnation);
  }

  /** How many others are there to stay. */
  get live(): number {
    let live = 0;
    for (const { phase, handoffUntil } of this.#peers.values()) {
      if (phase === 'live' && handoffUntil === undefined) {
        live++;
      }
    }
    return live;
  }

  #isSilent({ heardAt, handoffUntil }: Peer, now: number): boolean {
    return handoffUntil === undefined ? now - heardAt > this.#leaseMs : now >= handoffUntil;
  }
}

/** For how many leases late messages of one that left are still recognised as such. */
const LEFT_FOR_LEASES = 10;
