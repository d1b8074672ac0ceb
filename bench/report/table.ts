/** The results as markdown, for the terminal and for `latest.md`. */
import {
  compare,
  metricOf,
  type MetricName,
  type Results,
  type ScenarioResult,
  type Spread,
  type TargetResult,
} from '../results.ts';
import { caseLabel } from '../scenarios.ts';

/** Columns in order; a scenario shows those it measured. */
export const COLUMNS: ReadonlyArray<{ metric: MetricName; head: string; percent?: true }> = [
  { metric: 'cpuPerDelivery', head: 'CPU µs / delivery' },
  { metric: 'cpuPerDeliveryNet', head: 'without idle' },
  { metric: 'deliveriesPerSecond', head: 'deliveries/s' },
  { metric: 'p50Ms', head: 'p50 ms' },
  { metric: 'p99Ms', head: 'p99 ms' },
  { metric: 'bytesPerDelivery', head: 'bytes / delivery' },
  { metric: 'framesPerDelivery', head: 'frames / delivery' },
  { metric: 'merged', head: 'merged', percent: true },
  { metric: 'serverLoad', head: 'server load', percent: true },
  { metric: 'generatorLoad', head: 'generator load', percent: true },
  { metric: 'rssKbPerConnection', head: 'KB / connection (RSS)' },
  { metric: 'heapKbPerConnection', head: 'KB / connection (live)' },
  { metric: 'cpuMsPerJoin', head: 'CPU ms / join' },
  { metric: 'cpuMsPerFollow', head: 'CPU ms / follow of 100' },
  { metric: 'idlePercent', head: '% of a core' },
  { metric: 'redisCommandsPerUpdate', head: 'Redis commands / update' },
  { metric: 'blockedMs', head: 'longest block ms' },
  { metric: 'othersCores', head: 'other load', percent: true },
];

/** What a scenario is about: the metric that ratios and the chart show. */
export function leadingMetric(scenario: ScenarioResult): MetricName | null {
  return COLUMNS.find(({ metric }) => scenario.cases.some((one) => metricOf(one, metric)))?.metric ?? null;
}

export function renderMarkdown(results: Results): string {
  const { date, machine, rounds, quick, versions } = results;
  return (
    [
      '# Benchmark results',
      `${date} · ${machine.cpu}, ${machine.cores} cores · Node ${machine.node} · ${machine.os}`,
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(' · '),
      `${rounds === 1 ? 'One round' : `${rounds} rounds, interleaved; medians, ratios within a round (min..max)`}.${quick ? ' Quick run: small sizes, indicative only.' : ''}`,
      ...results.scenarios.map(renderScenario),
      ...(results.targets.length > 0 ? [renderTargets(results.targets)] : []),
    ].join('\n\n') + '\n'
  );
}

function renderScenario(scenario: ScenarioResult): string {
  const columns = COLUMNS.filter(({ metric }) => scenario.cases.some((one) => metricOf(one, metric)));
  const leading = leadingMetric(scenario);
  const reference = scenario.cases.find(({ name }) => name === scenario.reference);
  const head = [
    'system',
    ...columns.map((column) => column.head),
    ...(reference ? [`× ${scenario.reference}`] : []),
    'checks',
  ];
  const rows = scenario.cases.map((one) => [
    caseLabel(one),
    ...columns.map(({ metric, percent }) => cell(metricOf(one, metric), percent)),
    ...(reference ? [leading ? range(compare(one, reference, leading)) : ''] : []),
    one.problems.length === 0 ? 'ok' : `**${one.problems.join('; ')}**`,
  ]);
  return [`## ${scenario.title}`, '', ...lines(head, rows)].join('\n');
}

function renderTargets(targets: readonly TargetResult[]): string {
  const rows = targets.map(({ id, what, limit, unit, value, met }) => [
    id,
    what,
    `≤ ${limit} ${unit}`.trim(),
    value ? `${range(value)} ${unit}`.trim() : 'not measured',
    met === null ? '–' : met ? 'met' : '**missed**',
  ]);
  return ['## Targets', '', ...lines(['#', 'what', 'target', 'measured', ''], rows)].join('\n');
}

/** A few significant digits, thousands separated. */
export function figure(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 || size === 0 ? 2 : 3;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function cell(spread: Spread | null, percent?: true): string {
  if (!spread) {
    return '–';
  }
  return percent ? `${Math.round(spread.median * 100)} %` : figure(spread.median);
}

function range(spread: Spread | null): string {
  if (!spread) {
    return '–';
  }
  return spread.min === spread.max
    ? figure(spread.median)
    : `${figure(spread.median)} (${figure(spread.min)}..${figure(spread.max)})`;
}

/** A markdown table whose source is aligned, so that it reads in a terminal too. */
function lines(head: string[], rows: string[][]): string[] {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (row: string[]) =>
    `| ${row.map((text, i) => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!))).join(' | ')} |`;
  return [
    line(head),
    `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`,
    ...rows.map(line),
  ];
}
