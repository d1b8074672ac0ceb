/** Rules of the house: what docs/architecture.md says about the code is so. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import { dirname, join, posix, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const RINGS = ['agreement', 'pure', 'process', 'edge', 'client'] as const;
type Ring = (typeof RINGS)[number];

interface Source {
  /** Relative to src. */
  path: string;
  ring: Ring | undefined;
  /** Relative to src, or the name of a package. */
  imports: string[];
  /** Those that remain when types are taken out. */
  values: string[];
  /** Without types and comments. */
  code: string;
}

/** The table of rings in docs/architecture.md: which ring names which file. `x/*` takes what no other row names. */
function ringsOfDocs(): (path: string) => Ring | undefined {
  const rows = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8').split('\n').flatMap((line) => {
    const [, ring, files] = line.split('|').map((cell) => cell.trim());
    return RINGS.includes(ring as Ring) ? [{ ring: ring as Ring, patterns: [...(files ?? '').matchAll(/`([\w/*.-]+)`/g)].map((match) => match[1] ?? '') }] : [];
  });
  const named = new Map(rows.flatMap(({ ring, patterns }) => patterns.map((pattern) => [pattern, ring] as const)));
  return (path) => named.get(path) ?? named.get(`${dirname(path)}/*`);
}

function importsOf(code: string, path: string): string[] {
  return [...code.matchAll(/(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*'([^']+)'|(?:^|\n)import\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/g)]
    .map((match) => match[1] ?? match[2] ?? match[3] ?? '')
    .map((name) => (name.startsWith('.') ? posix.join(posix.dirname(path), name) : name));
}

const withoutComments = (code: string): string => code.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '$1');

const ringOf = ringsOfDocs();
const sources: Source[] = globSync('**/*.ts', { cwd: join(ROOT, 'src') }).sort().map((path) => {
  const text = withoutComments(readFileSync(join(ROOT, 'src', path), 'utf8'));
  const code = stripTypeScriptTypes(text);
  return { path, ring: ringOf(path), imports: importsOf(text, path), values: importsOf(code, path), code };
});
const offences = (find: (source: Source) => readonly string[]): string[] => (
  sources.flatMap((source) => find(source).map((what) => `src/${source.path}: ${what}`))
);

/** What a ring may import from src, types included. */
const INWARD: Record<Ring, readonly Ring[]> = {
  agreement: [],
  pure: ['agreement', 'pure'],
  process: ['agreement', 'pure', 'process'],
  edge: ['agreement', 'pure', 'process', 'edge'],
  client: ['agreement', 'client'],
};

describe('rings', () => {
  test('there are sources, and the parser sees their imports', () => {
    expect(sources.length).toBeGreaterThan(60);
    const engine = sources.find(({ path }) => path === 'engine.ts');
    expect(engine?.imports).toEqual(expect.arrayContaining(['tracker.ts', 'protocol.ts', '@colyseus/core']));
    expect(engine?.values).not.toContain('model.ts');
  });

  test('every source is in a ring of docs/architecture.md', () => {
    expect(offences(({ ring }) => (ring === undefined ? ['is in no ring'] : []))).toEqual([]);
  });

  test('imports point inward, types included', () => {
    expect(offences(({ ring, imports }) => imports.filter((name) => {
      const other = ringOf(name);
      // The client also reads what a status is.
      return name.endsWith('.ts') && ring !== undefined && (other === undefined || !INWARD[ring].includes(other)) && !(ring === 'client' && name === 'status.ts');
    }))).toEqual([]);
  });

  test('only the edge runs Colyseus; the process ring and the client know its types at most', () => {
    // Where the cluster's ports get their defaults: Colyseus's logger is one.
    const defaults = 'cluster/deps.ts';
    expect(offences(({ path, ring, values }) => (ring === 'edge' || path === defaults ? [] : values.filter((name) => name.startsWith('@colyseus/'))))).toEqual([]);
    expect(offences(({ ring, imports }) => (ring === 'agreement' || ring === 'pure' ? imports.filter((name) => !name.endsWith('.ts')) : []))).toEqual([]);
  });

  test('only the composition root and the edge of matchmaking import the match-maker', () => {
    const allowed = ['runtime.ts', 'matchmaking.ts', 'presence-server.ts'];
    expect(offences(({ path, code }) => (/\bmatchMaker\b/.test(code) && !allowed.includes(path) ? ['matchMaker'] : []))).toEqual([]);
  });

  test('the client imports nothing of the server, not even through others', () => {
    const byPath = new Map(sources.map((source) => [source.path, source]));
    const reached = new Set<string>();
    const walk = (path: string): void => {
      if (!reached.has(path)) {
        reached.add(path);
        byPath.get(path)?.values.forEach(walk);
      }
    };
    walk('client/index.ts');
    expect([...reached].filter((path) => !path.startsWith('client/')).sort()).toEqual(['protocol.ts', 'status.ts']);
  });
});

describe('pure means pure', () => {
  test('no clock, timer, promise or randomness in the inner rings', () => {
    const impure = /\b(Date\b|performance|setTimeout|setInterval|setImmediate|queueMicrotask|nextTick|Math\.random|crypto|async|await|Promise|process\.)\b/g;
    expect(offences(({ ring, code }) => (ring === 'agreement' || ring === 'pure' ? [...code.matchAll(impure)].map(([word]) => word) : []))).toEqual([]);
  });

  test('no mutable state in modules: two servers in one process do not see each other', () => {
    expect(offences(({ code }) => [...code.matchAll(/^(?:export )?(?:let|var) .*$/gm)].map(([line]) => line))).toEqual([]);
    expect(offences(({ ring, code }) => (ring === 'edge' || ring === 'client' ? [] : [...code.matchAll(/^(?:export )?const .*new (?:Weak)?(?:Map|Set)\(\).*$/gm)].map(([line]) => line)))).toEqual([]);
  });

  test('no leftovers: any, TODO, debugger, console', () => {
    const leftovers = /\bas any\b|: any\b|<any>|\bTODO\b|\bFIXME\b|\bdebugger\b|\bconsole\.(?:log|debug|trace)\b/g;
    expect(globSync('**/*.ts', { cwd: join(ROOT, 'src') }).flatMap((path) => (
      [...readFileSync(join(ROOT, 'src', path), 'utf8').matchAll(leftovers)].map(([word]) => `src/${path}: ${word}`)
    ))).toEqual([]);
  });
});

describe('the package', () => {
  const { name, exports, dependencies, type } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    name: string; type: string; dependencies?: object; exports: Record<string, string | { types: string; default: string }>;
  };
  let project: string;
  let built: string;

  beforeAll(() => {
    const cache = join(ROOT, 'node_modules', '.cache');
    mkdirSync(cache, { recursive: true });
    project = mkdtempSync(join(cache, 'presence-house-'));
    built = join(project, 'node_modules', name);
    mkdirSync(built, { recursive: true });
    cpSync(join(ROOT, 'package.json'), join(built, 'package.json'));
    const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
    execFileSync(process.execPath, [tsc, '-p', join(ROOT, 'tsconfig.build.json'), '--outDir', join(built, 'dist')], { cwd: ROOT });
  }, 120_000);
  afterAll(() => { rmSync(project, { recursive: true }); });

  const run = (...args: string[]): string => execFileSync(process.execPath, args, { cwd: project, encoding: 'utf8' }).trim();

  test('is ESM, has no runtime dependency, and every export has its code and its types', () => {
    expect(type).toBe('module');
    expect(Object.keys(dependencies ?? {})).toEqual([]);
    for (const target of Object.values(exports).flatMap((entry) => (typeof entry === 'string' ? [entry] : Object.values(entry)))) {
      expect([target, existsSync(join(built, target))]).toEqual([target, true]);
    }
  });

  test.each([['', 'PresenceRoom,PresenceLobbyRoom,PresencePlugin,presence'], ['/client', 'PresenceClient,PresenceError']])('%j resolves by import and by require()', (path, wanted) => {
    const show = `(m) => console.log('${wanted}'.split(',').map((name) => typeof m[name]).join())`;
    const types = wanted.split(',').map((member) => (member === 'presence' ? 'object' : 'function')).join();
    expect(run('--input-type=module', '-e', `(${show})(await import('${name}${path}'))`)).toBe(types);
    expect(run('--input-type=commonjs', '-e', `(${show})(require('${name}${path}'))`)).toBe(types);
  });

  test('what is not exported cannot be imported', () => {
    expect(run('--input-type=module', '-e', `import('${name}/dist/tracker.js').catch((error) => console.log(error.code))`)).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  test('the client runs without a server package: its code reaches only itself, the protocol and the status', () => {
    expect(run('--input-type=module', '-e', `
      import { register } from 'node:module';
      register('data:text/javascript,' + encodeURIComponent(\`
        export async function resolve(specifier, context, next) {
          if (specifier.startsWith('@colyseus/')) { throw new Error('reached ' + specifier); }
          return next(specifier, context);
        }\`));
      const { PresenceClient } = await import('${name}/client');
      console.log(typeof PresenceClient.join);
    `)).toBe('function');
  });
});
