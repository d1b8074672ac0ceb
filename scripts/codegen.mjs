// Writes the classes of the schema state for other languages: `npm run codegen [folder]`,
// by default into engines/generated. A test compares them with src/wire/state.ts.
import { mkdirSync, rmSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { join, resolve } from 'node:path';

const LANGUAGES = {
  c: [],
  cpp: [],
  csharp: ['--namespace', 'ColyseusPresence'],
  dart: [],
  // In separate files the generated classes do not find each other.
  gdscript: ['--bundle'],
  haxe: [],
  lua: [],
  swift: [],
};

const root = resolve(import.meta.dirname, '..');
const output = resolve(process.argv[2] ?? join(root, 'engines/generated'));
const typescript5 = new URL('typescript-5.cjs', import.meta.url).href;
registerHooks({
  resolve: (name, context, next) =>
    name === 'typescript' ? { url: typescript5, format: 'commonjs', shortCircuit: true } : next(name, context),
});

const require = createRequire(import.meta.url);
const codegen = join(require.resolve('@colyseus/schema'), '../../bin/schema-codegen');
const cli = join(codegen, '../../build/codegen/cli.cjs');
rmSync(output, { recursive: true, force: true });
for (const [language, options] of Object.entries(LANGUAGES)) {
  const folder = join(output, language);
  mkdirSync(folder, { recursive: true });
  process.argv = [
    process.execPath,
    codegen,
    join(root, 'src/wire/state.ts'),
    `--${language}`,
    '--output',
    folder,
    ...options,
  ];
  delete require.cache[cli];
  require(cli);
}
