// Types, lint, build, all tests; the last line counts: `N passed, N failed`.
// Arguments go to vitest: `npm test -- test/rules`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';

// The example is checked against the built types.
const steps = { Build: 'build:all', Types: 'types', Lint: 'lint' };
const report = 'test-results/vitest.json';
let passed = 0;
let failed = 0;
let skipped = 0;

mkdirSync('test-results', { recursive: true });
rmSync(report, { force: true });

for (const [name, script] of Object.entries(steps)) {
  const started = Date.now();
  const ok = run('npm', ['run', '--silent', script]);
  console.log(`${ok ? '✓' : '✗'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  if (ok) {
    passed++;
  } else {
    failed++;
  }
}

const testsOk = run('vitest', [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
]);
if (existsSync(report)) {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numFailedTestSuites } = JSON.parse(
    readFileSync(report, 'utf8'),
  );
  passed += numPassedTests;
  // A file that could not even be loaded fails without failing a test.
  failed += numFailedTests === 0 && numFailedTestSuites > 0 ? numFailedTestSuites : numFailedTests;
  skipped = numPendingTests + numTodoTests;
}
if (!testsOk && failed === 0) {
  failed++;
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed === 0 ? 0 : 1);

function run(command, args) {
  return spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' }).status === 0;
}
