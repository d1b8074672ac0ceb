/** Each promise of docs/guarantees.md names tests: they exist. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const rows = readFileSync('docs/guarantees.md', 'utf8')
  .split('## Promises')[1]!
  .split('\n## ')[0]!
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| promise') && !line.startsWith('| ---'))
  .map((line) => line.split(' | ').map((cell) => cell.replaceAll(/^\| | \|$/g, '').trim()));

test('there are promises, each with a bound and a proof', () => {
  expect(rows.length).toBeGreaterThan(20);
  expect(rows.filter((cells) => cells.length !== 4 || cells.slice(0, 3).some((cell) => cell === ''))).toEqual([]);
});

const proofs = rows.flatMap(([promise, , proof = '']) =>
  proof.split('; ').map((one) => {
    const [, path = '', name = ''] = /^`([^`]+)`(?:: (.+))?$/.exec(one) ?? [];
    return [path, name, promise!] as const;
  }),
);

test.each(proofs)('%s: %s', (path, name) => {
  expect(existsSync(path)).toBe(true);
  const named = [...readFileSync(path, 'utf8').matchAll(/(['"`])((?:(?!\1).)*)\1/g)].map(([, , text]) => text!);
  const fault = readFileSync('test/chaos/faults.ts', 'utf8');
  expect(named.some((text) => text.includes(name)) || (path.includes('chaos') && fault.includes(name))).toBe(true);
});
