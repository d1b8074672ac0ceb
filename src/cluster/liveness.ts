/**
 * Which other processes are alive, derived from when each was last heard. Pure:
 * time is an argument, and every method returns the transition. The caller asks
 * the store for leases and sweeps.
 *
 *   unknown → up ⇄ silent → gone → unknown   (crashed; forgotten once swept)
 *             up → left → unknown            (announced exit: final)
 */
import type { PeerFacts } from '../core/ports.ts';

export type PeerState = 'unknown' | 'up' | 'silent' | 'gone' | 'left';

interface Peer {
  phase: 'live' | 'gone' | 'left';
  heardAt: number;
  /** The process shuts down; its registers stay valid until this time. */
  handoffUntil: number | undefined;
}

export class Liveness {
  readonly #leaseMs: number;
  readonly #peers = new Map<string, Peer>();

  /** @param leaseMs After this time without a message a peer is silent: the caller has to check its lease. */
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

  /** The peer sent a message. Returns the state before. A peer that has left stays `left`: late messages mean nothing. */
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

  /** The peer announced its exit and hands off its players until `until`. */
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

  /** The peer announced its exit and has removed all its users from the store. */
  left(incarnation: string, now: number): void {
    this.#peers.set(incarnation, { phase: 'left', heardAt: now, handoffUntil: undefined });
  }

  /** The lease of the peer is gone. */
  gone(incarnation: string, now: number): void {
    if (this.#peers.get(incarnation)?.phase !== 'left') {
      this.#peers.set(incarnation, { phase: 'gone', heardAt: now, handoffUntil: undefined });
    }
  }

  /** The peer has been swept. */
  forget(incarnation: string): void {
    if (this.#peers.get(incarnation)?.phase === 'gone') {
      this.#peers.delete(incarnation);
    }
  }

  /** This process received nothing for a while, so the silence of the others until `now` proves nothing. */
  resetSilence(now: number): void {
    for (const peer of this.#peers.values()) {
      if (peer.phase === 'live') {
        peer.heardAt = now;
      }
    }
  }

  /** The peers whose lease has to be checked. Also forgets peers that left long ago. */
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

  /** The peers that have to be swept. */
  unswept(): string[] {
    return [...this.#peers].filter(([, { phase }]) => phase === 'gone').map(([incarnation]) => incarnation);
  }

  /** The peers that have neither gone nor left. */
  get living(): Set<string> {
    return new Set([...this.#peers].filter(([, { phase }]) => phase === 'live').map(([incarnation]) => incarnation));
  }

  /** Number of peers that are alive and not leaving. */
  get live(): number {
    let live = 0;
    for (const { phase, handoffUntil } of this.#peers.values()) {
      if (phase === 'live' && handoffUntil === undefined) {
        live++;
      }
    }
    return live;
  }

  /** The peers that have not left. */
  facts(now: number): PeerFacts[] {
    return [...this.#peers]
      .filter(([, { phase }]) => phase !== 'left')
      .map(([incarnation, peer]) => ({
        incarnation,
        state:
          peer.phase === 'gone'
            ? 'gone'
            : peer.handoffUntil !== undefined
              ? 'leaving'
              : this.#isSilent(peer, now)
                ? 'silent'
                : 'up',
        silentMs: Math.max(0, now - peer.heardAt),
      }));
  }

  #isSilent({ heardAt, handoffUntil }: Peer, now: number): boolean {
    return handoffUntil === undefined ? now - heardAt > this.#leaseMs : now >= handoffUntil;
  }
}

/** Number of leases for which a peer that left is remembered, so that its late messages are recognised. */
const LEFT_FOR_LEASES = 10;
