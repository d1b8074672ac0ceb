// What npm would publish, judged by publint (fields and files) and by attw (what TypeScript finds under
// every module resolution). Usage: node scripts/check-package.mjs TARBALL
import { readFileSync } from 'node:fs';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const tarball = readFileSync(process.argv[2]);

// On purpose: every Node that the package allows loads ES modules with require().
const accepted = new Set(['CJSResolvesToESM']);

const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
const { problems } = await checkPackage(createPackageFromTarballData(tarball));
const lines = [
  ...messages.map((message) => `publint: ${formatMessage(message, pkg)}`),
  ...problems.filter(({ kind }) => !accepted.has(kind)).map((problem) => `attw: ${JSON.stringify(problem)}`),
];

for (const line of lines) {
  console.error(line);
}
console.log(`${lines.length} problems`);
process.exitCode = lines.length === 0 ? 0 : 1;
