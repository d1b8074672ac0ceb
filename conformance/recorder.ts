/** Writes what the viewer of the story receives as JSON lines; their format is in conformance/README.md. */
import { readFileSync } from 'node:fs';
import { Reflection, type Decoder } from '@colyseus/schema';
import type { ConformanceClient, Frame } from './client/client.ts';
import type { PlainState } from './client/state-reader.ts';
import type { Presence } from '../src/protocol.ts';

export const FORMAT = 1;

export type Line =
  | { line: 'header'; format: number; package: string; schema: string; core: string }
  | { line: 'join'; bytes: string }
  | { line: 'return' }
  | { line: 'state' | 'patch'; bytes: string; tree: PlainState }
  | { line: 'message'; bytes: string; type: string; payload: unknown }
  | { line: 'step'; name: string; tree: PlainState; held: Presence[] };

export class Recorder {
  readonly lines: Line[] = [
    {
      line: 'header',
      format: FORMAT,
      package: versionOf('../package.json'),
      schema: versionOf('../node_modules/@colyseus/schema/package.json'),
      core: versionOf('../node_modules/@colyseus/core/package.json'),
    },
  ];
  onMessage: (type: string, payload: unknown) => void = () => {};
  #decoder: Decoder | undefined;

  record(client: ConformanceClient): void {
    client.onFrame = (frame) => {
      this.#take(frame);
    };
  }

  /** The state by the library's own decoder. */
  tree(): PlainState {
    const state = this.#decoder?.state as { toJSON(): PlainState } | undefined;
    return state === undefined ? { me: null, users: {} } : structuredClone(state.toJSON());
  }

  endStep(name: string, tree: PlainState, held: Presence[]): void {
    this.lines.push({ line: 'step', name, tree, held });
  }

  toString(): string {
    return this.lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  }

  #take(frame: Frame): void {
    const bytes = Buffer.from(frame.body).toString('hex');
    switch (frame.kind) {
      case 'join':
        if (this.#decoder === undefined) {
          this.#decoder = Reflection.decode(frame.body);
          this.lines.push({ line: 'join', bytes });
        } else {
          this.lines.push({ line: 'return' });
        }
        break;
      case 'state':
        this.#decoder?.decodeResync(frame.body);
        this.lines.push({ line: 'state', bytes, tree: this.tree() });
        break;
      case 'patch':
        this.#decoder?.decode(frame.body);
        this.lines.push({ line: 'patch', bytes, tree: this.tree() });
        break;
      case 'message': {
        const { type = '', payload } = frame;
        this.lines.push({ line: 'message', bytes: Buffer.from(frame.packed ?? []).toString('hex'), type, payload });
        this.onMessage(type, payload);
        break;
      }
      case 'error':
      case 'leave':
      case 'response':
      case 'other':
        break;
    }
  }
}

function versionOf(path: string): string {
  return (JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string }).version;
}
