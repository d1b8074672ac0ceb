import { expect, test } from 'vitest';
import { quietLog } from '../../src/server/quiet-log.ts';

test('one line per cause and second, whatever is quoted in it', () => {
  const lines: string[] = [];
  let now = 0;
  const write = (line: string): void => {
    lines.push(line);
  };
  const log = quietLog({ warn: write, error: write, info: write }, () => now);
  for (let i = 0; i < 1000; i++) {
    log.error(`user ${JSON.stringify(`"${i}`)} failed`);
  }
  log.error('another cause');
  expect(lines).toEqual(['user "\\"0" failed', 'another cause']);
  now = 1000;
  log.warn('user "b" failed');
  expect(lines).toHaveLength(3);
});

test('causes that a client can make up without an end are not all written', () => {
  const lines: string[] = [];
  let now = 0;
  const write = (line: string): void => {
    lines.push(line);
  };
  const log = quietLog({ warn: write, error: write, info: write }, () => now);
  for (let i = 0; i < 1000; i++) {
    log.warn(`cause ${i}`);
  }
  expect(lines).toHaveLength(100);
  now = 1000;
  log.warn('cause 999');
  expect(lines).toHaveLength(101);
});
