import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FAULTS } from './faults.ts';
import { applyMutant, mutantsOf } from './mutants.ts';

test.each(FAULTS.map((fault) => [fault.name, fault] as const))('the fault still fits: %s', (_, { file, from, to }) => {
  expect(readFileSync(file, 'utf8').split(from)).toHaveLength(2);
  expect(to).not.toBe(from);
});

test('each mutant is another program; types and texts stay', () => {
  const source = "import a from 'a';\nexport function f(x: 1 | 2): boolean {\n  return x < 1 && !a?.b;\n}\n";
  const mutants = mutantsOf('f.ts', source);
  const programs = mutants.map((mutant) => applyMutant(source, mutant));
  expect(new Set(programs).size).toBe(programs.length);
  expect(programs).not.toContain(source);
  expect(mutants.map(({ what }) => what)).toEqual([
    'the body of a function is empty',
    '&& → ||',
    '< → <=',
    '1 → 2',
    '!a?.b without !',
    'a?. → .',
  ]);
  expect(programs.every((program) => program.startsWith("import a from 'a';\nexport function f(x: 1 | 2)"))).toBe(true);
});
