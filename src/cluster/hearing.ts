/**
 * Whether we hear what is published, told by the echo of our own numbered
 * beats. Pure. Messages keep their order, so a beat that was skipped was lost,
 * and others' messages with it; a beat that is late proves nothing.
 */
export class Hearing {
  #sent = 0;
  #echoed = 0;
  /** What was said before this beat may have been missed. */
  #doubtUntil: number | undefined;

  /** The number of the next beat. */
  next(): number {
    return ++this.#sent;
  }

  /** Beats that have not come back (yet). */
  get missing(): number {
    return this.#sent - this.#echoed;
  }

  /** Whether anything was heard at all. */
  get hasHeard(): boolean {
    return this.#echoed > 0;
  }

  /** Something may have been missed: the echo of the next beat tells when we hear again. */
  doubt(): void {
    this.#doubtUntil = this.#sent + 1;
  }

  /** A beat came back. Returns whether everything has to be read again, which is safe from now on. */
  echo(beat: number): boolean {
    const skipped = beat > this.#echoed + 1;
    const doubted = this.#doubtUntil !== undefined && beat >= this.#doubtUntil;
    this.#echoed = Math.max(this.#echoed, beat);
    if (skipped || doubted) {
      this.#doubtUntil = undefined;
    }
    return skipped || doubted;
  }
}
