/** The page: connects to the stream and draws what it tells. */
import { byId } from './dom.ts';
import { MAX_POINTS, renderCharts, renderHappenings, renderReport } from './render.ts';
import { watchSearch } from './user.ts';
import type { Happening, Point, StreamMessage } from '../types.ts';

const MAX_HAPPENINGS = 100;

const show = watchSearch();
const history: Point[] = [];
const happenings = new Map<string, Happening>();

const stream = new EventSource('stream');
stream.addEventListener('message', ({ data }: MessageEvent<string>) => {
  const message = JSON.parse(data) as StreamMessage;
  // After a reconnection everything comes again.
  const known = new Set(history.map(({ at }) => at));
  history.push(...message.history.filter(({ at }) => !known.has(at)));
  history.splice(0, history.length - MAX_POINTS);
  for (const happening of message.happenings) {
    happenings.set(`${happening.at} ${happening.text}`, happening);
  }
  renderReport(message.report, show);
  renderCharts(history);
  renderHappenings([...happenings.values()].slice(-MAX_HAPPENINGS));
});
stream.addEventListener('error', () => {
  const state = byId('state');
  state.textContent = 'The server that serves this page does not answer. What is shown is as last seen.';
  state.className = 'bad';
});
