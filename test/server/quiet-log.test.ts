import { expect, test } from 'vitest';
import { QuietLog } from '../../src/server/quiet-log.ts';

function setup(): { log: QuietLog; lines: string[]; time: { now: number } } {
  const lines: string[] = [];
  const time = { now: 0 };
  const write = (line: string): void => {
    lines.push(line);
  };
  return { log: new QuietLog({ warn: write, error: write, info: write }, () => time.now), lines, time };
}

test('one line per cause and second, whatever is quoted in it', () => {
  const { log, lines, time } = setup();
  for (let i = 0; i < 1000; i++) {
    log.error(`[presence:blocks_unknown] User ${JSON.stringify(`"${i}`)} failed`);
  }
  log.error('[presence:blocks_unknown] Another cause');
  expect(lines).toEqual(['[presence:blocks_unknown] User "\\"0" failed', '[presence:blocks_unknown] Another cause']);
  time.now = 1000;
  log.warn('[presence:blocks_unknown] User "b" failed');
  expect(lines).toHaveLength(3);
  expect(log.counts).toMatchObject({ blocks_unknown: 1002, hook_failed: 0 });
});

test('causes that a client can make up without an end are not all written', () => {
  const { log, lines, time } = setup();
  for (let i = 0; i < 1000; i++) {
    log.warn(`[presence:hook_failed] cause ${i}`);
  }
  expect(lines).toHaveLength(100);
  time.now = 1000;
  log.warn('[presence:hook_failed] cause 999');
  expect(lines).toHaveLength(101);
});

test('nothing in a line ends it, or makes it read otherwise', () => {
  const { log, lines } = setup();
  log.warn('[presence:hook_failed] a\r\n[presence:hook_failed] forged\u001b[31m\u2028\u0085\u202e\u0000é');
  expect(lines).toEqual([
    '[presence:hook_failed] a\\u000d\\u000a[presence:hook_failed] forged\\u001b[31m\\u2028\\u0085\\u202e\\u0000é',
  ]);
});

test('the last lines are remembered, with their time', () => {
  const { log, time } = setup();
  for (let i = 0; i < 50; i++) {
    time.now = i;
    log.info(`[presence:store_recovered] ${i}`);
  }
  expect(log.recent).toHaveLength(20);
  expect(log.recent.at(-1)).toEqual({ at: 49, line: '[presence:store_recovered] 49' });
});
