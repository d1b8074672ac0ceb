/** The results as a bar chart: one panel per scenario, its leading metric, shorter is better. */
import { metricOf, type MetricName, type Results, type ScenarioResult } from '../results.ts';
import { caseLabel } from '../scenarios.ts';
import type { SystemName } from '../systems.ts';
import { COLUMNS, figure, leadingMetric } from './table.ts';

const WIDTH = 880;
const LABEL_WIDTH = 250;
const VALUE_WIDTH = 80;
const BAR = 18;
const STEP = 24;
const PANEL_HEAD = 46;
const MARGIN = 24;

/** The plugin in a strong color, the other systems in pale ones. */
function colorOf(system: SystemName): string {
  if (system.startsWith('plugin')) {
    return system === 'plugin-both' ? '#1f6feb' : '#79b0ff';
  }
  return system.startsWith('colyseus') || system === 'stateview' ? '#9a8fc2' : '#b4bcc6';
}

export function renderSvg({ scenarios, machine, date, quick }: Results): string {
  const body: string[] = [];
  let y = MARGIN + 44;
  for (const scenario of scenarios) {
    const metric = leadingMetric(scenario);
    if (metric) {
      body.push(panel(scenario, metric, y));
      y += PANEL_HEAD + scenario.cases.length * STEP + 18;
    }
  }
  const subtitle = `${machine.cpu} · Node ${machine.node} · ${date.slice(0, 10)}${quick ? ' · quick run' : ''} · shorter is better`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y + MARGIN}" viewBox="0 0 ${WIDTH} ${y + MARGIN}" font-family="system-ui, sans-serif" role="img">`,
    '<title>colyseus-presence benchmark</title>',
    `<rect width="${WIDTH}" height="${y + MARGIN}" fill="#ffffff"/>`,
    text(MARGIN, MARGIN + 8, 'What a status update costs', 'font-size="20" font-weight="600" fill="#1b1f24"'),
    text(MARGIN, MARGIN + 29, subtitle, 'font-size="12" fill="#57606a"'),
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

function panel(scenario: ScenarioResult, metric: MetricName, top: number): string {
  const values = scenario.cases.map((one) => ({ one, value: metricOf(one, metric) }));
  const longest = Math.max(...values.map(({ value }) => value?.median ?? 0)) || 1;
  const scale = (WIDTH - 2 * MARGIN - LABEL_WIDTH - VALUE_WIDTH) / longest;
  const unit = COLUMNS.find((column) => column.metric === metric)?.head ?? '';
  const rows = values.map(({ one, value }, i) => {
    const y = top + PANEL_HEAD - 8 + i * STEP;
    const width = Math.max(1, Math.max(0, value?.median ?? 0) * scale);
    return [
      text(MARGIN + LABEL_WIDTH - 10, y + 13, caseLabel(one), 'font-size="12.5" fill="#1b1f24" text-anchor="end"'),
      ...(value
        ? [
            `<rect x="${MARGIN + LABEL_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="2" fill="${colorOf(one.system)}"/>`,
          ]
        : []),
      text(
        MARGIN + LABEL_WIDTH + (value ? width : 0) + 6,
        y + 13,
        value ? figure(value.median) : 'failed',
        'font-size="12.5" fill="#1b1f24"',
      ),
    ].join('\n');
  });
  return [
    text(MARGIN, top + 10, scenario.title, 'font-size="14" font-weight="600" fill="#1b1f24"'),
    text(MARGIN, top + 27, unit, 'font-size="12" fill="#57606a"'),
    ...rows,
  ].join('\n');
}

function text(x: number, y: number, content: string, attributes: string): string {
  const safe = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${safe}</text>`;
}
