/** What has happened between two looks at the cluster, in the order of cause and effect. Pure. */
import type { KnownProcesses } from './report.ts';
import type { Happening, HappeningKind, MonitorReport } from './types.ts';

/** Fewest users that come or go between two looks to be worth a line, and their share of all. */
const MIN_USERS = 5;
const MIN_SHARE = 0.1;

type News = Pick<Happening, 'kind' | 'text'>;

export interface Look {
  readonly known: KnownProcesses;
  readonly report: MonitorReport;
}

export function happenings(before: Look, now: Look): News[] {
  return [...ofRedis(before, now), ...ofProcesses(before, now), ...ofUsers(before, now)];
}

/** The unique part of the name of a process is at its end; its beginning is Colyseus's id of it. */
export function shortName(process: string): string {
  return process.split('.')[0] ?? process;
}

function ofProcesses(before: Look, now: Look): News[] {
  const news: News[] = [];
  const say = (kind: HappeningKind, process: string, text: string): void => {
    news.push({ kind, text: `Process ${shortName(process)} ${text}` });
  };
  for (const [process, { report, answered, facts }] of now.known) {
    const last = before.known.get(process);
    if (last === undefined) {
      say('process_joined', process, 'has joined.');
    } else if (last.report.state !== 'leaving' && report.state === 'leaving') {
      say('process_leaving', process, 'shuts down, and hands its players over.');
    } else if (last.answered && !answered) {
      say(
        'process_silent',
        process,
        `does not answer. Its ${facts?.metrics.connections ?? 0} connections are shown as last seen.`,
      );
    } else if (!last.answered && answered && last.facts !== undefined) {
      say('process_answers', process, 'answers again.');
    }
  }
  for (const [process, { facts, report }] of before.known) {
    if (!now.known.has(process)) {
      const connections = facts?.metrics.connections ?? 0;
      say(
        'process_gone',
        process,
        report.state === 'leaving'
          ? 'has left.'
          : `is gone: its lease has ended, and its ${connections} connections with it.`,
      );
    }
  }
  return news;
}

function ofRedis(before: Look, now: Look): News[] {
  const wasDown = isDown(before);
  if (wasDown === isDown(now)) {
    return [];
  }
  return wasDown
    ? [{ kind: 'redis_up', text: 'Redis answers again.' }]
    : [{ kind: 'redis_down', text: 'Redis does not answer. Other processes are shown as last seen.' }];
}

/** As the process sees it that serves the page. */
function isDown({ known }: Look): boolean {
  return [...known.values()].some(({ report, facts }) => report.state === 'self' && facts?.health.state === 'down');
}

function ofUsers(before: Look, now: Look): News[] {
  const [was, is] = [before.report.totals.online, now.report.totals.online];
  const change = Math.abs(is - was);
  if (change < Math.max(MIN_USERS, MIN_SHARE * Math.max(was, is))) {
    return [];
  }
  return is < was
    ? [{ kind: 'users_lost', text: `${change} users went offline at once: ${was} before, ${is} now.` }]
    : [{ kind: 'users_came', text: `${change} users came online at once: ${was} before, ${is} now.` }];
}
