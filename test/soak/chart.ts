/** What was measured during a soak, as a chart, and whether it grew. Pure. */
export interface Sample {
  minute: number;
  /** After a garbage collection. */
  heapMb: number;
  /** Handles and timers that keep the event loop busy. */
  resources: number;
  listeners: number;
  users: number;
  connections: number;
  /** In Redis. */
  keys: number;
}

const SERIES = ['heapMb', 'resources', 'listeners', 'users', 'connections', 'keys'] as const;
type Series = (typeof SERIES)[number];

/** Growth that counts: the load itself goes up and down. */
const TOLERANCE = 0.25;
const SLACK: Record<Series, number> = { heapMb: 3, resources: 20, listeners: 10, users: 20, connections: 15, keys: 30 };

export interface Growth {
  name: Series;
  /** Median of the second sixth: the first is for warming up. */
  first: number;
  /** Median of the last sixth. */
  last: number;
  grew: boolean;
}

export function growth(samples: readonly Sample[]): Growth[] {
  const sixth = Math.max(1, Math.floor(samples.length / 6));
  return SERIES.map((name) => {
    const values = samples.map((sample) => sample[name]);
    const first = median(values.slice(sixth, 2 * sixth));
    const last = median(values.slice(-sixth));
    return { name, first, last, grew: last > first * (1 + TOLERANCE) + SLACK[name] };
  });
}

function median(values: readonly number[]): number {
  return Number((values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0).toFixed(2));
}

const WIDTH = 720;
const HEIGHT = 90;
const LEFT = 110;

/** An SVG with one row for each series, from zero. */
export function chart(samples: readonly Sample[]): string {
  const end = samples.at(-1)?.minute ?? 1;
  const rows = SERIES.map((name, row) => {
    const values = samples.map((sample) => sample[name]);
    const top = Math.max(1, ...values);
    const bottom = (row + 1) * HEIGHT - 10;
    const points = samples.map(({ minute, [name]: value }) => {
      const x = LEFT + (minute / end) * (WIDTH - LEFT - 10);
      return `${x.toFixed(1)},${(bottom - (value / top) * (HEIGHT - 25)).toFixed(1)}`;
    });
    return `<text x="5" y="${bottom - 30}">${name}</text><text x="5" y="${bottom - 14}" fill="#777">up to ${top.toFixed(0)}</text>
<line x1="${LEFT}" y1="${bottom}" x2="${WIDTH - 10}" y2="${bottom}" stroke="#ccc"/><polyline fill="none" stroke="#1668b8" points="${points.join(' ')}"/>`;
  });
  const height = SERIES.length * HEIGHT + 20;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
${rows.join('\n')}
<text x="${LEFT}" y="${height - 5}">0 to ${end.toFixed(0)} minutes</text>
</svg>
`;
}
