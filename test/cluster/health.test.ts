import { describe, expect, test } from 'vitest';
import { Health } from '../../src/cluster/health.ts';

function makeHealth() {
  const lines: string[] = [];
  const write = (line: string): void => {
    lines.push(line);
  };
  let downs = 0;
  const health = new Health({ info: write, warn: write, error: write }, () => {
    downs++;
  });
  return { health, lines, downs: () => downs };
}

describe('the health of the shared store', () => {
  test('one line per change, however many commands fail, and one for its return', () => {
    const { health, lines, downs } = makeHealth();
    for (let i = 0; i < 100; i++) {
      health.failed(health.epoch, new Error(`command ${i}`));
    }
    expect(health.state).toBe('down');
    expect(downs()).toBe(1);
    expect(lines).toEqual([expect.stringContaining('does not answer ("command 0")')]);
    expect(health.recovered()).toBe(true);
    expect(health.recovered()).toBe(false);
    expect(lines).toHaveLength(2);
  });

  test('a failure of a command from before the last recovery says nothing', () => {
    const { health } = makeHealth();
    const { epoch } = health;
    health.failed(epoch, 'gone');
    health.recovered();
    health.failed(epoch, 'late');
    expect(health.state).toBe('up');
  });

  test('what the store says cannot forge a line, nor fill one', () => {
    const { health, lines } = makeHealth();
    health.failed(health.epoch, new Error(`no\n\u001b[31mcolyseus-presence: all is fine${'x'.repeat(10_000)}\ud800`));
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('\n');
    expect(lines[0]).not.toContain('\u001b');
    expect(lines[0]!.length).toBeLessThan(500);
  });
});
