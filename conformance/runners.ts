/** How the decoders of other engines are started. Each gets the story and prints one line of JSON for each of its frames and messages. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, cpSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { startReplay } from './replay.ts';
import type { Printed } from './compare.ts';
import type { Line } from './recorder.ts';

const HERE = import.meta.dirname;
const CLASSES = resolve(HERE, '../engines/generated');

export interface Paths {
  defold?: string | undefined;
  /** `addons/colyseus` of the Godot SDK, with its extension for this machine in `bin`. */
  godot?: string | undefined;
  haxe?: string | undefined;
  /** Checkouts of the libraries of the Haxe SDK, where there is no haxelib. */
  haxeLibraries?: string | undefined;
  /** The command that runs `Live.hx`, compiled for a target with sockets. */
  haxeLive?: string | undefined;
  /** `native/decode.c`, as compiled with the library of native-sdk. It reads the states, not the messages. */
  native?: string | undefined;
  /** A folder with the assemblies that Unity has made of the SDK. */
  unity?: string | undefined;
}

/** Those with a small client in engines/. */
export const PLAYERS = ['defold', 'godot', 'haxe', 'unity'] as const;
export type Player = (typeof PLAYERS)[number];
export const DECODERS = [...PLAYERS, 'native'] as const;
export type EngineDecoder = (typeof DECODERS)[number];

/** The command line of our decoder in the language of an engine. `story`: the file, or for Godot the URL of its replay. */
function decoderOf(engine: EngineDecoder, paths: Paths, story: string): string[] {
  switch (engine) {
    case 'defold':
      return [lua(), join(HERE, 'defold/decode.lua'), story, resolve(paths.defold ?? '')];
    case 'godot':
      return godotScript('decode.gd', paths, story);
    case 'haxe':
      return [...haxe(paths), '--run', 'Decode', story];
    case 'unity':
      return ['mono', unityProgram('Decode', resolve(paths.unity ?? '')), story];
    case 'native':
      return [resolve(paths.native ?? ''), story];
  }
}

/** The command line of the small client of an engine, which plays its flows against the server at `url`. */
export function playerOf(engine: Player, paths: Paths, url: string): string[] {
  switch (engine) {
    case 'defold':
      return [lua(), join(HERE, 'defold/live.lua'), url, resolve(paths.defold ?? '')];
    case 'godot':
      return godotScript('live.gd', paths, url);
    case 'haxe':
      return [...(paths.haxeLive ?? '').split(' '), url];
    case 'unity':
      return ['mono', unityProgram('Live', resolve(paths.unity ?? '')), url];
  }
}

/** What the decoder of an engine makes of the recording `lines`, which is in `file`, too. */
export async function runDecoder(
  engine: EngineDecoder,
  paths: Paths,
  lines: readonly Line[],
  file: string,
): Promise<Printed[]> {
  const replay = engine === 'godot' ? await startReplay(lines) : undefined;
  try {
    const [command = '', ...args] = decoderOf(engine, paths, replay?.url ?? file);
    const { stdout } = await promisify(execFile)(command, args, { maxBuffer: 2 ** 28 });
    return stdout
      .split('\n')
      .filter((line) => line.startsWith('{"'))
      .map((line) => JSON.parse(line) as Printed);
  } finally {
    replay?.stop();
  }
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
  const folders = [join(sdk, 'src'), join(CLASSES, 'haxe'), join(HERE, 'haxe')].flatMap((path) => ['-cp', path]);
  // The SDK's classes are found by name at run time.
  return [process.env['HAXE'] ?? 'haxe', ...libraries, ...folders, '-dce', 'full'];
}

/** In a project with the SDK, the small client and the generated classes. The first look of the editor registers their names. */
function godotScript(script: string, { godot: addon = '' }: Paths, url: string): string[] {
  const godot = process.env['GODOT'] ?? 'godot';
  const folder = mkdtempSync(join(tmpdir(), 'presence-godot-'));
  cpSync(resolve(addon), join(folder, 'addons/colyseus'), { recursive: true });
  writeFileSync(join(folder, 'project.godot'), 'config_version=5\n');
  for (const file of ['engines/godot/presence_client.gd', 'engines/generated/gdscript/schema.gd']) {
    cpSync(resolve(HERE, '..', file), join(folder, basename(file)));
  }
  cpSync(join(HERE, 'godot', script), join(folder, script));
  spawnSync(godot, ['--headless', '--path', folder, '--import'], { stdio: 'ignore' });
  return [godot, '--headless', '--path', folder, '--script', script, '--', url];
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
