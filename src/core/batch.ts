/**
 * The updates that one follower gets in one flush, as a node of a tree: the
 * updates are the path from the root. Followers with the same updates share the
 * node, and so share the encoded bytes.
 *
 * The flush goes update by update and moves each follower's node forward; for
 * one update a node has only one successor, so remembering the last one finds
 * every shared path without a lookup.
 */
export class Batch<T> {
  readonly parent: Batch<T> | undefined;
  readonly update: T | undefined;
  readonly size: number;
  /** Slots of the codec. */
  deltaFrame: Uint8Array | undefined;
  stateFrame: Uint8Array | undefined;
  /** Slots of the sinks: the frames of a follower as they are written to its socket, by the channels it takes. */
  packets: { deltas?: Uint8Array; state?: Uint8Array; both?: Uint8Array } | undefined;
  /** Users with the number of something that this batch brings in. Who hears of them may need a frame of its own. */
  rivals: readonly Audience[] | undefined;
  #next: Batch<T> | undefined;

  private constructor(parent: Batch<T> | undefined, update: T | undefined) {
    this.parent = parent;
    this.update = update;
    this.size = parent === undefined ? 0 : parent.size + 1;
  }

  static root<T>(): Batch<T> {
    return new Batch<T>(undefined, undefined);
  }

  /** The node with all updates of this one, and then `update`. */
  with(update: T): Batch<T> {
    if (this.#next === undefined || this.#next.update !== update) {
      this.#next = new Batch(this, update);
    }
    return this.#next;
  }

  /** In the order they happened. */
  updates(): T[] {
    if (this.update === undefined) {
      return [];
    }
    const updates = [this.update];
    for (let node = this.parent; node?.update !== undefined; node = node.parent) {
      updates.push(node.update);
    }
    updates.reverse();
    return updates;
  }
}

interface Audience {
  readonly followers: ReadonlySet<unknown>;
  readonly own: ReadonlySet<unknown>;
}
