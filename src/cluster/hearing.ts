/**
 * Whether this process receives published messages: it numbers its own beats and
 * waits for their echo. Pure. Messages keep their order, so a skipped beat was
 * lost, and messages of others may be lost too; a late beat proves nothing.
 */
export class Hearing {
  #sent = 0;
  #echoed = 0;
  /** Messages published before this beat may be lost. */
  #suspectUntil: number | undefined;

  /** The number of the next beat. */
  next(): number {
    return ++this.#sent;
  }

  /** Beats whose echo has not arrived (yet). */
  get missing(): number {
    return this.#sent - this.#echoed;
  }

  /** Whether any echo has arrived. */
  get hasHeard(): boolean {
    return this.#echoed > 0;
  }

  /** Messages may be lost: the echo of the next beat will show that the subscription works again. */
  suspectLoss(): void {
    this.#suspectUntil = this.#sent + 1;
  }

  /** An echo arrived. Returns whether everything has to be read again: messages were lost, and from now on none is. */
  echo(beat: number): boolean {
    const skipped = beat > this.#echoed + 1;
    const suspected = this.#suspectUntil !== undefined && beat >= this.#suspectUntil;
    this.#echoed = Math.max(this.#echoed, beat);
    if (skipped || suspected) {
      this.#suspectUntil = undefined;
    }
    return skipped || suspected;
  }
}
