/** How the decoders of other engines are started. Each gets the story and prints one line of JSON for each of its frames and messages. */
import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, cpSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Printed } from './compare.ts';

const HERE = import.meta.dirname;
const CLASSES = resolve(HERE, '../engines/generated');

export interface Paths {
  defold?: string | undefined;
  haxe?: string | undefined;
  /** Checkouts of the libraries of the Haxe SDK, where there is no haxelib. */
  haxeLibraries?: string | undefined;
  unity?: string | undefined;
}

export const ENGINES = ['defold', 'haxe', 'unity'] as const;
export type Engine = (typeof ENGINES)[number];

/** The command line of a program of ours in the language of an engine. */
export function commandOf(engine: Engine, program: 'decode' | 'live', paths: Paths, args: readonly string[]): string[] {
  switch (engine) {
    case 'defold':
      return [lua(), join(HERE, `defold/${program}.lua`), ...args, resolve(paths.defold ?? '')];
    case 'haxe':
      return [...haxe(paths), '--run', program === 'decode' ? 'Decode' : 'Live', ...args];
    case 'unity':
      return ['mono', unityProgram(program === 'decode' ? 'Decode' : 'Live', resolve(paths.unity ?? '')), ...args];
  }
}

export function runDecoder(engine: Engine, paths: Paths, story: string): Printed[] {
  const [command = '', ...args] = commandOf(engine, 'decode', paths, [story]);
  return execFileSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'ignore'] })
    .split('\n')
    .filter((line) => line.startsWith('{"'))
    .map((line) => JSON.parse(line) as Printed);
}

function lua(): string {
  const found = ['luajit', 'lua5.1'].find((name) => spawnSync(name, ['-v']).status === 0);
  if (found === undefined) {
    throw new Error('The Defold decoders need luajit or lua5.1 on the PATH.');
  }
  return found;
}

function haxe({ haxe: sdk = '', haxeLibraries }: Paths): string[] {
  const libraries =
    haxeLibraries === undefined
      ? ['colyseus-websocket', 'tink_url', 'tink_http'].flatMap((name) => ['-lib', name])
      : globSync('*/src', { cwd: haxeLibraries }).flatMap((path) => ['-cp', join(haxeLibraries, path)]);
  const ours = [join(CLASSES, 'haxe'), join(HERE, 'haxe'), resolve(HERE, '../engines/haxe')];
  const folders = [join(sdk, 'src'), ...ours].flatMap((path) => ['-cp', path]);
  // The SDK's classes are found by name at run time.
  return [process.env['HAXE'] ?? 'haxe', ...libraries, ...folders, '-dce', 'full'];
}

/** Compiles our program against the assemblies that Unity has made of the SDK. */
function unityProgram(name: 'Decode' | 'Live', assemblies: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'presence-unity-'));
  const references = globSync('*.dll', { cwd: assemblies });
  for (const file of references) {
    cpSync(join(assemblies, file), join(folder, file));
  }
  const sources = [
    join(HERE, `unity/${name}.cs`),
    ...globSync('csharp/*.cs', { cwd: CLASSES }).map((path) => join(CLASSES, path)),
    ...(name === 'Live' ? [resolve(HERE, '../engines/unity/PresenceClient.cs')] : []),
  ];
  const program = join(folder, `${name}.exe`);
  execFileSync('mcs', [`-out:${program}`, ...references.map((file) => `-r:${join(folder, file)}`), ...sources], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return program;
}
