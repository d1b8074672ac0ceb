/** The code follows the rules in docs/architecture.md. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import { dirname, join, posix, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
/** Innermost first. Their files are in the table of docs/architecture.md. */
const RINGS = [
  'agreement',
  'core',
  'wire',
  'cluster',
  'server',
  'rooms',
  'exports',
  'monitor',
  'page',
  'client',
  'react',
  'testing',
] as const;
type Ring = (typeof RINGS)[number];

/** What a ring may import from src, types included, beside itself. */
const INWARD: Record<Ring, readonly Ring[]> = {
  agreement: [],
  core: ['agreement'],
  wire: ['agreement', 'core'],
  cluster: ['agreement', 'core'],
  server: ['agreement', 'core', 'wire', 'cluster'],
  rooms: ['agreement', 'core', 'wire', 'server'],
  exports: ['agreement', 'core', 'wire', 'server', 'rooms'],
  monitor: ['agreement', 'core', 'server'],
  page: ['monitor', 'server'],
  client: ['agreement'],
  react: ['client'],
  testing: ['client'],
};

/** The files of the core that wait for somebody: a hook, the cluster, the match-maker. The rest is pure. */
const WAITING = ['tracker', 'following', 'query', 'names', 'hooks', 'join-friend'].map((name) => `core/${name}.ts`);

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

/** The table of rings in docs/architecture.md: `x/*` is a folder, other names are single files. */
function ringsOfDocs(): (path: string) => Ring | undefined {
  const rows = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, ring, files] = line.split('|').map((cell) => cell.trim());
      const patterns = [...(files ?? '').matchAll(/`([\w/*.-]+)`/g)].map((match) => match[1] ?? '');
      return RINGS.includes(ring as Ring) ? patterns.map((pattern) => [pattern, ring as Ring] as const) : [];
    });
  const rings = new Map(rows);
  return (path) => rings.get(path) ?? rings.get(`${dirname(path)}/*`);
}

function importsOf(code: string, path: string): string[] {
  return [
    ...code.matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*'([^']+)'|(?:^|\n)import\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/g,
    ),
  ]
    .map((match) => match[1] ?? match[2] ?? match[3] ?? '')
    .map((name) => (name.startsWith('.') ? posix.join(posix.dirname(path), name) : name));
}

const withoutComments = (code: string): string =>
  code.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '$1');

const ringOf = ringsOfDocs();
const sources: Source[] = globSync('**/*.ts', { cwd: join(ROOT, 'src') })
  .sort()
  .map((path) => {
    const text = withoutComments(readFileSync(join(ROOT, 'src', path), 'utf8'));
    const code = stripTypeScriptTypes(text);
    return { path, ring: ringOf(path), imports: importsOf(text, path), values: importsOf(code, path), code };
  });
const offences = (find: (source: Source) => readonly string[]): string[] =>
  sources.flatMap((source) => find(source).map((what) => `src/${source.path}: ${what}`));

describe('rings', () => {
  test('there are sources, and the parser sees their imports', () => {
    expect(sources.length).toBeGreaterThan(60);
    const engine = sources.find(({ path }) => path === 'rooms/engine.ts');
    expect(engine?.imports).toEqual(expect.arrayContaining(['core/tracker.ts', 'protocol.ts', '@colyseus/core']));
    expect(engine?.values).not.toContain('core/model.ts');
  });

  test('every source is in a ring of docs/architecture.md', () => {
    expect(offences(({ ring }) => (ring === undefined ? ['is in no ring'] : []))).toEqual([]);
  });

  test('imports point inward, types included', () => {
    expect(
      offences(({ ring, imports }) =>
        imports.filter((name) => {
          const other = ringOf(name);
          return (
            name.endsWith('.ts') &&
            ring !== undefined &&
            (other === undefined || (other !== ring && !INWARD[ring].includes(other)))
          );
        }),
      ),
    ).toEqual([]);
  });

  test('inside a ring, no file imports one that imports it, types included', () => {
    const byPath = new Map(sources.map((source) => [source.path, source.imports]));
    expect(offences(({ path, imports }) => imports.filter((name) => byPath.get(name)?.includes(path)))).toEqual([]);
  });

  test('only the outer rings run Colyseus; the cluster and the client know its types at most, the core nothing of it', () => {
    // Where the cluster's ports get their defaults: Colyseus's logger is one.
    const defaults = 'cluster/deps.ts';
    expect(
      offences(({ path, ring, values }) =>
        (ring === 'cluster' || ring === 'client') && path !== defaults
          ? values.filter((name) => name.startsWith('@colyseus/'))
          : [],
      ),
    ).toEqual([]);
    expect(
      offences(({ path, ring, imports }) =>
        ring === 'agreement' || ring === 'core'
          ? imports.filter((name) => !name.endsWith('.ts') && !(WAITING.includes(path) && name === 'node:util'))
          : [],
      ),
    ).toEqual([]);
  });

  test('the page of the monitor runs in a browser: of other folders it knows types only', () => {
    expect(
      offences(({ ring, values }) =>
        ring === 'page' ? values.filter((name) => !name.startsWith('monitor/page/')) : [],
      ),
    ).toEqual([]);
  });

  test('only the composition root and the edge of matchmaking import the match-maker', () => {
    const allowed = ['server/runtime.ts', 'server/matchmaking.ts', 'server/presence-server.ts', 'server/shutdown.ts'];
    expect(
      offences(({ path, code }) => (/\bmatchMaker\b/.test(code) && !allowed.includes(path) ? ['matchMaker'] : [])),
    ).toEqual([]);
  });

  test('no two classes have one name', () => {
    const classes = sources.flatMap(({ path, code }) =>
      [...code.matchAll(/^(?:export )?class (\w+)/gm)].map(([, name]) => ({ name, path })),
    );
    expect(classes.length).toBeGreaterThan(30);
    expect(
      classes.filter(({ name, path }) => classes.some((other) => other.name === name && other.path !== path)),
    ).toEqual([]);
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
    expect([...reached].filter((path) => !path.startsWith('client/')).sort()).toEqual([
      'ids.ts',
      'protocol.ts',
      'status.ts',
      'wording.ts',
    ]);
  });
});

describe('pure means pure', () => {
  test('no clock and no randomness in the inner rings; no timer and no promise but where it waits', () => {
    const impure =
      /\b(Date\b|performance|setInterval|setImmediate|queueMicrotask|nextTick|Math\.random|crypto|process\.)/g;
    const waits = /\b(setTimeout|async|await|Promise)\b/g;
    const wordsOf = (code: string, pattern: RegExp): string[] => [...code.matchAll(pattern)].map(([word]) => word);
    expect(
      offences(({ path, ring, code }) =>
        ring !== 'agreement' && ring !== 'core'
          ? []
          : [...wordsOf(code, impure), ...(WAITING.includes(path) ? [] : wordsOf(code, waits))],
      ),
    ).toEqual([]);
  });

  test('no mutable state in modules: two servers in one process do not see each other', () => {
    const inner: ReadonlyArray<Ring | undefined> = ['agreement', 'core', 'cluster'];
    expect(offences(({ code }) => [...code.matchAll(/^(?:export )?(?:let|var) .*$/gm)].map(([line]) => line))).toEqual(
      [],
    );
    expect(
      offences(({ ring, code }) =>
        inner.includes(ring)
          ? [...code.matchAll(/^(?:export )?const .*new (?:Weak)?(?:Map|Set)\(\).*$/gm)].map(([line]) => line)
          : [],
      ),
    ).toEqual([]);
  });

  test('no leftovers: any, TODO, debugger, console', () => {
    const leftovers = /\bas any\b|: any\b|<any>|\bTODO\b|\bFIXME\b|\bdebugger\b|\bconsole\.(?:log|debug|trace)\b/g;
    expect(
      globSync('**/*.ts', { cwd: join(ROOT, 'src') }).flatMap((path) =>
        [...readFileSync(join(ROOT, 'src', path), 'utf8').matchAll(leftovers)].map(([word]) => `src/${path}: ${word}`),
      ),
    ).toEqual([]);
  });
});

describe('the package', () => {
  const { name, exports, dependencies, type } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    name: string;
    type: string;
    dependencies?: object;
    exports: Record<string, string | { types: string; default: string }>;
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
    execFileSync(process.execPath, [tsc, '-p', join(ROOT, 'tsconfig.build.json'), '--outDir', join(built, 'dist')], {
      cwd: ROOT,
    });
  }, 120_000);
  afterAll(() => {
    rmSync(project, { recursive: true });
  });

  const run = (...args: string[]): string =>
    execFileSync(process.execPath, args, { cwd: project, encoding: 'utf8' }).trim();

  test('is ESM, has no runtime dependency, and every export has its code and its types', () => {
    expect(type).toBe('module');
    expect(Object.keys(dependencies ?? {})).toEqual([]);
    for (const target of Object.values(exports).flatMap((entry) =>
      typeof entry === 'string' ? [entry] : Object.values(entry),
    )) {
      expect([target, existsSync(join(built, target))]).toEqual([target, true]);
    }
  });

  test.each([
    ['', 'PresenceRoom,PresenceLobbyRoom,PresencePlugin,presence'],
    ['/client', 'PresenceClient,PresenceError'],
    ['/monitor', 'presenceMonitor'],
    ['/react', 'PresenceProvider,useFriends,useFriend,useMyStatus,useConnection,useInvites'],
    ['/testing', 'bootPresence,until'],
  ])('%j resolves by import and by require()', (path, wanted) => {
    const show = `(m) => console.log('${wanted}'.split(',').map((name) => typeof m[name]).join())`;
    const types = wanted
      .split(',')
      .map((member) => (member === 'presence' ? 'object' : 'function'))
      .join();
    // @colyseus/testing says which .env file it has read.
    const last = (...args: string[]): string | undefined =>
      run(...args)
        .split('\n')
        .at(-1);
    expect(last('--input-type=module', '-e', `(${show})(await import('${name}${path}'))`)).toBe(types);
    expect(last('--input-type=commonjs', '-e', `(${show})(require('${name}${path}'))`)).toBe(types);
  });

  test('the built monitor serves its page, with every script that the page asks for', () => {
    const serve = `
      import { createServer } from 'node:http';
      const { presenceMonitor } = await import('${name}/monitor');
      const server = createServer(presenceMonitor({ auth: () => true })).listen(0, '127.0.0.1', async () => {
        const at = 'http://127.0.0.1:' + server.address().port;
        const read = async (path) => (await fetch(at + path)).text();
        const wanted = ['/style.css', '/page/main.js'];
        for (const path of wanted) {
          const text = await read(path);
          if (text.startsWith('{"error"')) { throw new Error(path); }
          for (const [, file] of text.matchAll(/from '\\.\\/([^']+)'/g)) {
            if (!wanted.includes('/page/' + file)) { wanted.push('/page/' + file); }
          }
        }
        console.log((await read('/')).includes('page/main.js'), wanted.length);
        server.close();
      });`;
    expect(run('--input-type=module', '-e', serve)).toBe('true 6');
  });

  test('what is not exported cannot be imported', () => {
    expect(
      run(
        '--input-type=module',
        '-e',
        `import('${name}/dist/core/tracker.js').catch((error) => console.log(error.code))`,
      ),
    ).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  test('the types of the server reach no inner class: engine, runtime, tracker', () => {
    const reached = new Set<string>();
    const walk = (path: string): void => {
      if (!reached.has(path)) {
        reached.add(path);
        const text = readFileSync(join(built, 'dist', path), 'utf8');
        const names = [...text.matchAll(/(?:from |import\()["']([^"']+)["']/g)].map(([, specifier = '']) => specifier);
        names
          .filter((specifier) => specifier.startsWith('.'))
          .forEach((specifier) => {
            walk(posix.join(posix.dirname(path), specifier).replace(/\.(?:js|ts)$/, '.d.ts'));
          });
      }
    };
    walk('index.d.ts');
    expect([...reached].sort()).toEqual([
      'ids.d.ts',
      'index.d.ts',
      'options.d.ts',
      'protocol.d.ts',
      'rooms/match-options.d.ts',
      'rooms/match-plugin.d.ts',
      'rooms/messages.d.ts',
      'rooms/presence-lobby-room.d.ts',
      'rooms/presence-plugin.d.ts',
      'rooms/presence-room.d.ts',
      'server/metrics-text.d.ts',
      'server/presence-server.d.ts',
      'server/report-types.d.ts',
      'server/types.d.ts',
      'wire/state.d.ts',
    ]);
  });

  test('the client runs without a server package: its code reaches only itself, the protocol and the status', () => {
    expect(
      run(
        '--input-type=module',
        '-e',
        `
      import { register } from 'node:module';
      register('data:text/javascript,' + encodeURIComponent(\`
        export async function resolve(specifier, context, next) {
          if (specifier.startsWith('@colyseus/')) { throw new Error('reached ' + specifier); }
          return next(specifier, context);
        }\`));
      const { PresenceClient } = await import('${name}/client');
      console.log(typeof PresenceClient.join);
    `,
      ),
    ).toBe('function');
  });
});
