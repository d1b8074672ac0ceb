/** Draws what the stream has told. */
import { chart } from './chart.ts';
import { byId, clock, count, cut, duration, el, fill } from './dom.ts';
import type { Happening, HappeningKind, MonitorReport, Point, ProcessRow } from '../types.ts';

export const MAX_POINTS = 150;

const BAD: ReadonlySet<HappeningKind> = new Set(['process_silent', 'process_gone', 'redis_down', 'users_lost']);
const STATES: Record<ProcessRow['state'], string> = {
  self: 'serves this page',
  up: 'up',
  silent: 'silent: its lease is looked at',
  gone: 'gone',
  leaving: 'shuts down',
};

export function renderReport(report: MonitorReport, show: (userId: string) => void): void {
  renderState(report);
  renderCards(report);
  fill(byId('processes'), report.processes.map(rowOf));
  fill(
    byId('refused'),
    report.refused.map(({ reason, count: n }) => bar(el('code', {}, reason), n)),
    'None.',
  );
  fill(
    byId('followed'),
    report.mostFollowed.map(({ userId, followers }) => bar(link(userId, show), followers)),
    'Nobody.',
  );
  fill(
    byId('stale'),
    report.stale.map(({ userId, delivery }) =>
      el(
        'li',
        {},
        link(userId, show),
        delivery === 'away' ? ' in its reconnection grace' : ' does not read fast enough',
      ),
    ),
    'None.',
  );
  fill(
    byId('log'),
    report.log
      .toReversed()
      .map(({ at, line, process }) => el('li', {}, clock(at), `${process.split('.')[0] ?? ''} `, el('code', {}, line))),
    'Nothing.',
  );
}

function renderState({ complete, processes }: MonitorReport): void {
  const self = processes.find(({ state }) => state === 'self');
  const silent = processes.filter(({ answered }) => !answered).length;
  const state = byId('state');
  const isDown = self?.health === 'down';
  const text = isDown
    ? 'Redis does not answer: other processes are shown as last seen.'
    : silent > 0
      ? `${silent} of ${processes.length} processes ${silent === 1 ? 'does' : 'do'} not answer.`
      : complete
        ? `All well: ${processes.length} ${processes.length === 1 ? 'process' : 'processes'}.`
        : 'Not every process has answered.';
  state.textContent = text;
  state.className = isDown ? 'bad' : silent > 0 || !complete ? 'warn' : 'good';
}

function renderCards({ totals, point }: MonitorReport): void {
  const cards: Array<[string, string, string]> = [
    ['online', 'users online', count(totals.online)],
    ['users', 'users connected', count(totals.users)],
    ['connections', 'connections', count(totals.connections)],
    ['visible', 'of them visible', count(totals.visible)],
    ['follows', 'follows', count(totals.follows)],
    ['stale', 'stale clients', count(totals.stale)],
    ['calls', 'calls per second', count(point.calls)],
  ];
  fill(
    byId('cards'),
    cards.map(([id, label, value]) =>
      el('div', { class: 'card' }, el('b', { 'data-testid': `card-${id}` }, value), el('span', {}, label)),
    ),
  );
}

export function renderCharts(history: readonly Point[]): void {
  const last = history.at(-1);
  const ms = (value: number | undefined): string => (value === undefined ? '–' : `≤ ${duration(value)}`);
  const draw = (title: string, now: string, read: (point: Point) => number | undefined): HTMLElement =>
    chart(title, now, history.map(read), MAX_POINTS);
  fill(byId('charts'), [
    draw('Users online', count(last?.online ?? 0), ({ online }) => online),
    draw('Updates per second', count(last?.updates ?? 0), ({ updates }) => updates),
    draw('Deliveries per second', count(last?.deliveries ?? 0), ({ deliveries }) => deliveries),
    draw('Flush latency, 99 of 100', ms(last?.flushP99Ms), ({ flushP99Ms }) => flushP99Ms),
    draw('Redis latency, 99 of 100', ms(last?.redisP99Ms), ({ redisP99Ms }) => redisP99Ms),
  ]);
}

export function renderHappenings(happenings: readonly Happening[]): void {
  fill(
    byId('happenings'),
    happenings
      .toReversed()
      .map(({ at, kind, text }) => el('li', { 'data-kind': kind, class: BAD.has(kind) ? 'bad' : '' }, clock(at), text)),
    'Nothing yet.',
  );
}

function rowOf(row: ProcessRow): HTMLElement {
  const isWell = row.answered && (row.health === 'up' || row.health === 'single');
  const state = row.answered
    ? `${STATES[row.state]}${isWell || row.health === undefined ? '' : `, ${row.health}`}`
    : row.state === 'up'
      ? `does not answer, heard ${duration(row.silentMs)} ago`
      : STATES[row.state];
  return el(
    'tr',
    { 'data-testid': 'process', 'data-answered': String(row.answered), 'data-state': row.state },
    el('td', {}, cut(row.process.split('.')[0] ?? row.process, 24), row.pid === undefined ? '' : ` (${row.pid})`),
    el('td', { class: isWell ? 'good' : row.answered ? 'warn' : 'bad' }, state),
    el('td', {}, count(row.connections)),
    el('td', {}, `${Math.round(row.share * 100)} %`),
    el('td', {}, row.leaseExpiresMs === undefined ? '–' : `ends in ${duration(row.leaseExpiresMs)}`),
    el('td', {}, row.behindMs === 0 ? '–' : duration(row.behindMs)),
    el('td', {}, row.uptimeMs === undefined ? '–' : duration(row.uptimeMs)),
  );
}

function bar(name: HTMLElement, value: number): HTMLElement {
  return el('li', {}, name, el('b', {}, count(value)));
}

function link(userId: string, show: (userId: string) => void): HTMLElement {
  const button = el('button', { type: 'button' }, cut(userId, 40));
  button.addEventListener('click', () => {
    show(userId);
  });
  return button;
}
