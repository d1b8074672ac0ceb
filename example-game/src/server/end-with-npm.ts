/**
 * Ends this process when the npm that has started it ends. The shell between
 * the two does not pass signals on, so a killed `npm start` would leave the
 * server running.
 */
import { execFileSync } from 'node:child_process';

const CHECK_MS = 500;

export function endWithNpm(): void {
  if (process.env['npm_lifecycle_event'] === undefined || process.platform === 'win32') {
    return;
  }
  const npm = npmPid();
  const timer = setInterval(() => {
    if (!isRunning(npm)) {
      clearInterval(timer);
      process.kill(process.pid, 'SIGTERM');
    }
  }, CHECK_MS);
  timer.unref();
}

/** The parent, or its parent if that is a shell: some shells replace themselves by the only command they run. */
function npmPid(): number {
  try {
    const output = execFileSync('ps', ['-o', 'ppid=,comm=', '-p', String(process.ppid)], { encoding: 'utf8' });
    const [, pid, command] = /^\s*(\d+)\s+(.*\S)/.exec(output) ?? [];
    return pid !== undefined && command?.endsWith('sh') === true ? Number(pid) : process.ppid;
  } catch {
    return process.ppid;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
