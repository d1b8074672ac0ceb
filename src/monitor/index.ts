/** The monitor: a page on which an operator sees presence run, beside Colyseus's own. */
export { presenceMonitor, type MonitorOptions } from './presence-monitor.ts';
export type { MonitorAuth } from './access.ts';
