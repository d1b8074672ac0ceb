/** The documents match the code: names, numbers and links are right, and every code example passes the type checker. */
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { DEFAULTS, ERRORS, PROTOCOL_VERSION, REQUEST_TYPES } from '../../src/index.ts';
import { REJOIN_DEFAULTS } from '../../src/client/timers.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const DOCS = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'example-game/README.md',
  ...globSync('docs/*.md', { cwd: ROOT }).sort(),
];
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** The rows below a heading of any level, as cells; heads of tables left out. */
function rowsBelow(path: string, heading: string): string[][] {
  const lines = read(path).split('\n');
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading);
  const end = lines.findIndex((line, at) => at > start && /^#+ /.test(line));
  const rows = start < 0 ? [] : lines.slice(start, end < 0 ? undefined : end).filter((line) => line.startsWith('|'));
  // A bar inside a cell is escaped. The line of dashes ends the head of a table.
  const cells = rows.map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return cells.filter((row, at) => !isRuler(row) && !isRuler(cells[at + 1]));
}

function isRuler(row: string[] | undefined): boolean {
  return row?.every((cell) => /^-+$/.test(cell)) === true;
}

const plain = (cell: string | undefined): string => (cell ?? '').replaceAll('`', '');
const names = (rows: readonly string[][]): string[] => rows.map(([name]) => plain(name).replace(/\(.*$/, ''));

/** The fields of an interface in a source, with the `Default …` of their docs. */
function fieldsOf(path: string, name: string): Map<string, string | undefined> {
  const [, body] = new RegExp(`interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)\\n\\}`).exec(read(path)) ?? [];
  if (body === undefined) {
    throw new Error(`${path} has no interface ${name}.`);
  }
  const fields = body.matchAll(/(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?(?:^|(?<=\n)) {2}(?:readonly )?(\w+)\??:/g);
  return new Map(
    [...fields].map(([, doc, field]) => [field!, /Default (`[^`]+`|\w+)/.exec(doc ?? '')?.[1]?.replaceAll('`', '')]),
  );
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}

describe('docs/protocol.md', () => {
  test('has the error table of the code', () => {
    const rows = rowsBelow('docs/protocol.md', 'Errors').map(([code, no, retry, meaning]) => [
      plain(code),
      no,
      retry,
      meaning,
    ]);
    expect(rows).toEqual(
      Object.entries(ERRORS).map(([name, { code, retryable, message }]) => [
        name,
        String(code),
        retryable ? 'yes' : 'no',
        message,
      ]),
    );
  });

  test('has every message of the code, and the version', () => {
    const [, events] = /type PresenceEvents = \{([^}]*)\}/.exec(read('src/protocol.ts')) ?? [];
    const sent = [...(events ?? '').matchAll(/'(presence:\w+)'/g)].map(([, name]) => name);
    expect(names(rowsBelow('docs/protocol.md', 'Client → server'))).toEqual(REQUEST_TYPES);
    expect(new Set(names(rowsBelow('docs/protocol.md', 'Server → client')))).toEqual(new Set(sent));
    expect(read('docs/protocol.md')).toContain(`version ${PROTOCOL_VERSION}.`);
    const known = new Set<string | undefined>([...REQUEST_TYPES, ...sent]);
    const named = DOCS.flatMap((path) => [...read(path).matchAll(/`(presence:\w+)/g)].map(([, name]) => name));
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  test('has the join options and the fields of the state', () => {
    expect(names(rowsBelow('docs/protocol.md', 'Join options')).sort()).toEqual(
      [...fieldsOf('src/protocol.ts', 'PresenceJoinOptions').keys()].sort(),
    );
    const said = rowsBelow('docs/protocol.md', 'Schema state').flatMap(([, cell]) =>
      [...(cell ?? '').replaceAll(/\([^)]*\)/g, '').matchAll(/`(\w+)`/g)].map(([, name]) => name),
    );
    const fields = [...read('src/wire/state.ts').matchAll(/^ +(\w+): t\./gm)].map(([, name]) => name);
    expect(new Set([...said, 'me', 'users'])).toEqual(new Set(fields));
  });

  test('has the default limits, and so has the README', () => {
    const {
      maxIdsPerFollow,
      maxIdsPerQuery,
      maxFollows,
      rateLimit,
      rateLimitIds,
      rateWindowMs,
      maxStatusBytes,
      graceSeconds,
      floodLimit,
    } = DEFAULTS;
    expect(read('README.md')).toContain(
      `${maxIdsPerFollow} ids per follow, ${maxIdsPerQuery} per query, ${maxFollows} follows, ${rateLimit} calls per ${rateWindowMs / 1000} s, ${maxStatusBytes} bytes of status`,
    );
    expect(read('README.md')).toContain(`a grace of ${graceSeconds} s`);
    expect(read('docs/protocol.md')).toContain(
      `${maxStatusBytes} UTF-8 bytes in a status, ${maxIdsPerFollow} ids in a follow or unfollow, ${maxIdsPerQuery} in a query, ${maxFollows} follows per connection, and ${rateLimit} calls of follow, unfollow, query and join together per user and ${rateWindowMs / 1000} s, with at most ${rateLimitIds} ids in them`,
    );
    expect(read('docs/protocol.md')).toContain(`default ${floodLimit})`);
  });
});

describe('docs/security.md', () => {
  test('has the default of every limit it names', () => {
    const limits = rowsBelow('docs/security.md', 'Limits').map(([name, value]) => [plain(name), plain(value)]);
    expect(limits.length).toBeGreaterThan(10);
    const defaults: Readonly<Record<string, unknown>> = DEFAULTS;
    expect(limits).toEqual(limits.map(([name = '']) => [name, literal(defaults[name])]));
  });
});

describe('docs/options.md', () => {
  const hooks = rowsBelow('docs/options.md', 'Hooks');
  const rooms = rowsBelow('docs/options.md', 'Rooms and the plugin');

  test('has every option of a room, and no other', () => {
    expect([...names(rooms), ...names(hooks)].sort()).toEqual(
      [...fieldsOf('src/options.ts', 'PresenceOptions').keys()].sort(),
    );
    expect(names(hooks).filter((name) => name in DEFAULTS)).toEqual([]);
  });

  test('has their defaults', () => {
    const { identify: _, features, cluster, ...values } = DEFAULTS;
    const said = new Map(rooms.map(([name, value]) => [plain(name), plain(value)]));
    expect(Object.fromEntries(Object.keys(values).map((name) => [name, said.get(name)]))).toEqual(
      Object.fromEntries(Object.entries(values).map(([name, value]) => [name, literal(value)])),
    );
    for (const [group, defaults] of Object.entries({ features, cluster })) {
      expect(
        Object.fromEntries(
          rowsBelow('docs/options.md', `\`${group}\``).map(([name, value]) => [plain(name), plain(value)]),
        ),
      ).toEqual(
        Object.fromEntries(Object.entries(defaults).map(([name, value]) => [`${group}.${name}`, literal(value)])),
      );
    }
  });

  test('has every option of the client, with the default its docs say', () => {
    const rows = new Map(rowsBelow('docs/options.md', 'Client').map(([name, value]) => [plain(name), plain(value)]));
    const fields = new Map(
      ['CommonOptions', 'PresenceClientOptions', 'AttachOptions'].flatMap((name) => [
        ...fieldsOf('src/client/types.ts', name),
      ]),
    );
    fields.set('resume', undefined);
    for (const [name, value] of Object.entries(REJOIN_DEFAULTS)) {
      fields.set(`rejoin.${name}`, String(value));
    }
    expect([...rows.keys()].sort()).toEqual([...fields.keys()].sort());
    const defaults = [...fields].flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
    expect(defaults.length).toBeGreaterThan(8);
    expect(defaults.map(([name = '']) => [name, rows.get(name)])).toEqual(defaults);
  });
});

describe('docs/architecture.md', () => {
  test('names only files that exist', () => {
    const named = [...read('docs/architecture.md').matchAll(/`((?:[\w-]+\/)*[\w.-]+\.ts)`/g)].map(
      ([, path = '']) => path,
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((path) => !existsSync(join(ROOT, path.startsWith('test/') ? '' : 'src', path)))).toEqual([]);
  });

  test('shows the tree: every folder and every file beside them', () => {
    const [, tree = ''] = /```\nsrc\/\n([\s\S]*?)```/.exec(read('docs/architecture.md')) ?? [];
    const shown = tree.split('\n').flatMap((line) => /^ {2}([\w.-]+)/.exec(line)?.[1] ?? []);
    expect(shown.toSorted()).toEqual(globSync('*', { cwd: join(ROOT, 'src') }).toSorted());
  });

  test('answers each question with one file', () => {
    const rows = rowsBelow('docs/architecture.md', 'Where is it decided?');
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.filter(([, file = '']) => !/^`[\w/-]+\.ts`$/.test(file))).toEqual([]);
  });
});

describe('links', () => {
  /** As a heading is named in an address. */
  const anchor = (heading: string): string =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');

  function anchorsOf(path: string): string[] {
    const text = readFileSync(path, 'utf8');
    return [
      ...[...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchor(heading)),
      ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id),
    ];
  }

  test.each(DOCS)('of %s lead somewhere', (path) => {
    const links = [...read(path).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !/^[a-z]+:/.test(link));
    const broken = links.filter((link) => {
      const [file = '', id] = link.split('#');
      const target = file === '' ? join(ROOT, path) : join(ROOT, dirname(path), file);
      return !existsSync(target) || (id !== undefined && !anchorsOf(target).includes(id));
    });
    expect(broken).toEqual([]);
  });

  test('from the README lead to every document', () => {
    const linked = [...read('README.md').matchAll(/\]\((docs\/\w+\.md)\)/g)].map(([, link]) => link);
    expect(DOCS.filter((path) => path.startsWith('docs/') && !linked.includes(path))).toEqual([]);
  });
});

describe('the code in the documents', () => {
  const cache = join(ROOT, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const project = mkdtempSync(join(cache, 'presence-docs-'));
  afterAll(() => {
    rmSync(project, { recursive: true, force: true });
  });

  /** What the pieces take for granted: what the text around them has introduced, and the game's own. */
  const GIVEN = `
    declare const client: import('@colyseus/sdk').Client;
    declare const match: import('@colyseus/sdk').Room;
    declare const friends: import('colyseus-presence/client').PresenceClient;
    declare const PresenceClient: typeof import('colyseus-presence/client').PresenceClient;
    declare const PresenceError: typeof import('colyseus-presence/client').PresenceError;
    declare const defineRoom: typeof import('@colyseus/core').defineRoom;
    declare const db: { friendsOf(id: string): Promise<string[]>; friendRows(id: string): Promise<{ userId: number; username: string }[]>; profiles(ids: readonly string[]): Promise<{ userId: string; username: string }[]>; areFriends(id: string, ids: readonly string[]): Promise<boolean[]>; blockersOf(id: string): Promise<string[]>; storeBlock(id: string, blockedId: string, blocked: boolean): Promise<void> };
    declare function verify(token: string): Promise<{ steamId: string; nick: string }>;
    declare function verifyId(token: string): Promise<string>;
    declare function areFriends(a: string, b: string): boolean;
    declare function isAdmin(cookie: string | undefined): boolean;
    declare function friendsInMemory(a: string, b: string): boolean;
    declare function notifyFriendsOf(id: string): void;
    declare const rows: { friendIdsOf(id: number): Promise<number[]>; accountOf(token: string): Promise<{ id: number; name: string }> };
    declare function sendPush(userIds: readonly string[], text: string): Promise<void>;
    declare module 'pg' {
      export class Pool {
        constructor(options: { connectionString: string | undefined });
        query<Row>(text: string, values: unknown[]): Promise<{ rows: Row[] }>;
      }
    }
    declare module 'phaser' {
      namespace Phaser {
        class Scene {
          events: { once(event: string, listener: () => void): void };
          add: { text(x: number, y: number, text: string): GameObjects.Text };
          scene: { start(key: string, data?: object): void };
        }
        namespace Scenes.Events { const SHUTDOWN: string; }
        namespace GameObjects {
          class Text {
            destroy(): void;
            setAlpha(alpha: number): this;
            setInteractive(): this;
            on(event: string, listener: () => void): this;
          }
        }
      }
      export default Phaser;
    }
    declare module 'colyseus/plugins/unique-session' {
      import { RoomPlugin } from '@colyseus/core';
      export class UniqueSessionPlugin extends RoomPlugin {
        readonly pluginName: 'uniqueSession';
        constructor(options?: { max?: number; onDuplicate?: 'reject' | 'replace' });
      }
    }`;

  test('passes the strict type checker', () => {
    const pieces = DOCS.flatMap((path) =>
      [...read(path).matchAll(/```(tsx?)\b ?([^\n]*)\n([\s\S]*?)```/g)].map(
        ([, language = '', name = '', code = ''], at) => ({
          // A piece that another one imports has a name of its own.
          file: name.endsWith('.ts') ? name : `${path.replaceAll(/\W/g, '-')}-${at + 1}.${language}`,
          code,
        }),
      ),
    );
    expect(pieces.length).toBeGreaterThan(20);
    for (const { file, code } of pieces) {
      writeFileSync(join(project, file), `${code}\nexport {};\n`);
    }
    writeFileSync(join(project, 'given.d.ts'), GIVEN);
    const src = relative(project, join(ROOT, 'src'));
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({
        extends: relative(project, join(ROOT, 'tsconfig.json')),
        compilerOptions: {
          // A piece may show a value without using it, and what is given is global.
          noUnusedLocals: false,
          moduleDetection: 'auto',
          jsx: 'react-jsx',
          paths: {
            'colyseus-presence': [`${src}/index.ts`],
            'colyseus-presence/client': [`${src}/client/index.ts`],
            'colyseus-presence/monitor': [`${src}/monitor/index.ts`],
            'colyseus-presence/react': [`${src}/react/index.ts`],
            'colyseus-presence/testing': [`${src}/testing/index.ts`],
          },
        },
        include: ['*.ts', '*.tsx'],
      }),
    );
    const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
    let problems = '';
    try {
      execFileSync(process.execPath, [tsc, '-p', project], { cwd: project, stdio: 'pipe' });
    } catch (error) {
      problems = (error as { stdout: Buffer }).stdout.toString();
    }
    expect(problems).toBe('');
  }, 60_000);
});
