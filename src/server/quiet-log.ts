/** A log with one line per cause and second: whoever causes a failure in a loop must not fill the disk. */
type Lines = Pick<Console, 'warn' | 'error' | 'info'>;

const WINDOW_MS = 1000;
/** Causes told apart within a window; what comes on top is not logged. */
const MAX_CAUSES = 100;

/** Lines that differ only in what is quoted have one cause. */
export function quietLog(log: Lines, now: () => number): Lines {
  let since = -Infinity;
  const said = new Set<string>();
  const once =
    (write: (line: string) => void) =>
    (line: string): void => {
      if (Math.abs(now() - since) >= WINDOW_MS) {
        since = now();
        said.clear();
      }
      const cause = line.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
      if (!said.has(cause) && said.size < MAX_CAUSES) {
        said.add(cause);
        write(line);
      }
    };
  return {
    warn: once((line) => {
      log.warn(line);
    }),
    error: once((line) => {
      log.error(line);
    }),
    info: once((line) => {
      log.info(line);
    }),
  };
}
