/** The text for Prometheus, read by parsers that are not ours. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Histogram } from '../../src/core/histogram.ts';
import { noMetrics } from '../../src/server/metrics.ts';
import { METRICS, metricsText } from '../../src/server/metrics-text.ts';
import type { PresenceMetrics } from '../../src/index.ts';

const ROOT = resolve(import.meta.dirname, '../..');

interface Family {
  name: string;
  help: string;
  type: string;
  metrics: Array<{
    value?: string;
    labels?: Record<string, string>;
    buckets?: Record<string, string>;
    count?: string;
    sum?: string;
  }>;
}
const parse = createRequire(import.meta.url)('parse-prometheus-text-format') as (text: string) => Family[];

const durations = new Histogram();
[3, 30, 3000].forEach((ms) => {
  durations.note(ms);
});
const SAMPLE: PresenceMetrics = {
  ...noMetrics(),
  users: 7,
  flushBusyMs: 1500,
  flushLatency: durations.facts,
  logLines: { hook_failed: 2, store_unreachable: 1 },
  redis: {
    up: true,
    behindMs: 12,
    latency: durations.facts,
    failed: 0,
    published: 1,
    received: 2,
    dropped: 3,
    repaired: 4,
    renewals: 5,
    watched: 6,
  },
};
SAMPLE.calls['presence:follow'] = 9;

const withSuffix = ({ name, type }: (typeof METRICS)[number]): string => (type === 'counter' ? `${name}_total` : name);

describe('the text format 0.0.4', () => {
  const families = parse(metricsText(SAMPLE, 'prometheus'));
  const named = new Map(families.map((family) => [family.name, family]));

  test('has every metric once, with its type and its help', () => {
    expect(families.map(({ name, type, help }) => [name, type.toLowerCase(), help])).toEqual(
      METRICS.map((metric) => [withSuffix(metric), metric.type, metric.help]),
    );
  });

  test('has the values, in base units', () => {
    expect(named.get('presence_users')?.metrics).toEqual([{ value: '7' }]);
    expect(named.get('presence_flush_busy_seconds_total')?.metrics).toEqual([{ value: '1.5' }]);
    expect(named.get('presence_redis_behind_seconds')?.metrics).toEqual([{ value: '0.012' }]);
    expect(named.get('presence_log_lines_total')?.metrics).toEqual([
      { value: '2', labels: { code: 'hook_failed' } },
      { value: '1', labels: { code: 'store_unreachable' } },
    ]);
    expect(named.get('presence_calls_total')?.metrics).toContainEqual({ value: '9', labels: { request: 'follow' } });
  });

  test('has histograms whose buckets are cumulative', () => {
    const [histogram] = named.get('presence_flush_latency_seconds')!.metrics;
    expect(histogram).toMatchObject({ count: '3', sum: '3.033' });
    expect(histogram?.buckets).toMatchObject({ '0.002': '0', '0.005': '1', '0.05': '2', '2.5': '2', '+Inf': '3' });
  });

  const promtool = process.env['PROMTOOL'] ?? 'promtool';
  test.skipIf(spawnSync(promtool, ['--version']).status !== 0)('promtool has nothing to say of it', () => {
    expect(execFileSync(promtool, ['check', 'metrics'], { input: metricsText(SAMPLE, 'prometheus') }).toString()).toBe(
      '',
    );
  });
});

describe('OpenMetrics', () => {
  const text = metricsText(SAMPLE, 'openmetrics');

  test('has the same samples, units, and an end', () => {
    const samples = (all: string): string[] => all.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(samples(text)).toEqual(samples(metricsText(SAMPLE, 'prometheus')));
    expect(text.endsWith('\n# EOF\n')).toBe(true);
    const units = [...text.matchAll(/^# UNIT (\S+) (\S+)$/gm)];
    expect(units).toHaveLength(METRICS.filter(({ unit }) => unit !== undefined).length);
    expect(units.filter(([, name = '', unit = '']) => !name.endsWith(`_${unit}`))).toEqual([]);
  });

  test('a process without a shared store has no metrics of one', () => {
    expect(metricsText(noMetrics(), 'openmetrics')).not.toContain('redis');
  });

  const python = spawnSync('python3', ['-c', 'import prometheus_client.openmetrics.parser']).status === 0;
  test.skipIf(!python)('the strict parser of the Python client reads it', () => {
    const count = `import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read
print(len(list(read(sys.stdin.read()))))`;
    expect(Number(execFileSync('python3', ['-c', count], { input: text }).toString())).toBe(METRICS.length);
  });
});

describe('the documents', () => {
  test('say of each metric what the text says', () => {
    const page = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `(presence_\w+)`\s*\| (\w+)\s*\| (\S+)\s*\| (.*?)\s*\|$/gm)].map((row) =>
      row.slice(1),
    );
    expect(rows).toEqual(
      METRICS.map((metric) => [
        withSuffix(metric),
        metric.type,
        metric.label === undefined ? '–' : `\`${metric.label}\``,
        metric.help,
      ]),
    );
  });

  test('the dashboard asks for metrics that exist', () => {
    const dashboard = JSON.parse(readFileSync(join(ROOT, 'docs/grafana-dashboard.json'), 'utf8')) as {
      panels: Array<{ title: string; targets: Array<{ expr: string }> }>;
    };
    const samples = METRICS.flatMap((metric) =>
      metric.type === 'histogram'
        ? [`${metric.name}_bucket`, `${metric.name}_sum`, `${metric.name}_count`]
        : [withSuffix(metric)],
    );
    const asked = dashboard.panels.flatMap(({ targets }) =>
      targets.flatMap(({ expr }) => [...expr.matchAll(/presence_\w+/g)].map(([name]) => name)),
    );
    expect(asked.length).toBeGreaterThan(30);
    expect(asked.filter((name) => !samples.includes(name))).toEqual([]);
    const unasked = METRICS.filter((metric) => !asked.some((name) => name.startsWith(metric.name)));
    expect(unasked.map(({ name }) => name)).toEqual(['presence_connections_visible', 'presence_flushes']);
  });
});
