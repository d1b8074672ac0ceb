/** Looks at the cluster while somebody watches, and tells all who watch. Nobody watches: nothing is asked. */
import { happenings, type Look } from './happenings.ts';
import { learn, reportOf } from './report.ts';
import type { ClusterOverview } from '../server/report-types.ts';
import type { Happening, HappeningKind, Point, StreamMessage } from './types.ts';

const MAX_POINTS = 150;
const MAX_HAPPENINGS = 100;
/** After such a pause the points before say nothing about now. */
const MAX_PAUSE_MS = 60_000;

export interface WatchDeps {
  overview(): Promise<ClusterOverview>;
  now(): number;
  everyMs: number;
}

type Viewer = (message: StreamMessage) => void;

export class Watch {
  readonly #deps: WatchDeps;
  readonly #viewers = new Set<Viewer>();
  #history: Point[] = [];
  readonly #happenings: Happening[] = [];
  #last: Look | undefined;
  #untold: Happening[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;

  constructor(deps: WatchDeps) {
    this.#deps = deps;
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  /** From now on `viewer` is told of every look. Returns the function that ends it. */
  add(viewer: Viewer): () => void {
    this.#viewers.add(viewer);
    const last = this.#last;
    if (last !== undefined && this.#deps.now() - last.report.at < MAX_PAUSE_MS) {
      viewer({ report: last.report, history: [...this.#history], happenings: [...this.#happenings] });
    }
    this.#look();
    return () => {
      this.#viewers.delete(viewer);
      if (this.#viewers.size === 0) {
        clearTimeout(this.#timer);
        this.#timer = undefined;
      }
    };
  }

  /** Somebody did something: it is told with the next look. */
  note(kind: HappeningKind, text: string): void {
    const happening = { at: this.#deps.now(), kind, text };
    this.#happenings.push(happening);
    this.#happenings.splice(0, this.#happenings.length - MAX_HAPPENINGS);
    this.#untold.push(happening);
  }

  #look(): void {
    if (this.#isLooking || this.#timer !== undefined) {
      return;
    }
    this.#isLooking = true;
    const started = this.#deps.now();
    void this.#deps
      .overview()
      .then(
        (overview) => {
          this.#learn(overview);
        },
        () => {
          // The server has not started or is stopping: it is asked again.
        },
      )
      .then(() => {
        this.#isLooking = false;
        if (this.#viewers.size > 0) {
          const wait = Math.max(0, this.#deps.everyMs - Math.max(0, this.#deps.now() - started));
          this.#timer = setTimeout(() => {
            this.#timer = undefined;
            this.#look();
          }, wait);
          this.#timer.unref();
        }
      });
  }

  #learn(overview: ClusterOverview): void {
    const at = this.#deps.now();
    const before = this.#last !== undefined && at - this.#last.report.at < MAX_PAUSE_MS ? this.#last : undefined;
    const known = learn(before?.known ?? new Map(), overview, at);
    const report = reportOf(before?.known ?? new Map(), known, overview.complete, at);
    const now = { known, report };
    if (before === undefined) {
      this.#history = [];
    } else {
      for (const { kind, text } of happenings(before, now)) {
        this.note(kind, text);
      }
    }
    this.#last = now;
    this.#history.push(report.point);
    this.#history.splice(0, this.#history.length - MAX_POINTS);
    const message = { report, history: [report.point], happenings: this.#untold };
    this.#untold = [];
    for (const viewer of this.#viewers) {
      viewer(message);
    }
  }
}
