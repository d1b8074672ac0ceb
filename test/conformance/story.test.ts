/** The story of the conformance kit, read from its recording by the library's decoder and by a reader that has every number as a 32-bit float. */
import { Decoder, Reflection, type Schema } from '@colyseus/schema';
import { unpack } from 'msgpackr';
import { beforeAll, describe, expect, test } from 'vitest';
import { unpack as ownUnpack } from '../../conformance/client/message-pack.ts';
import { StateReader } from '../../conformance/client/state-reader.ts';
import { compare, type Printed } from '../../conformance/compare.ts';
import { recordStory } from '../../conformance/story.ts';
import { PresenceState } from '../../src/wire/state.ts';
import type { Line } from '../../conformance/recorder.ts';

let story: Line[];
beforeAll(async () => {
  const recording = (await recordStory()).toString();
  story = recording
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  console.info('Not run here: the decoders of Defold, Godot, Haxe and Unity. See conformance/README.md.');
});

/** What a runner would print. */
function read(
  join: (bytes: Buffer) => void,
  full: (bytes: Buffer) => unknown,
  patch: (bytes: Buffer) => unknown,
  message: (bytes: Buffer) => unknown,
): Printed[] {
  return story.flatMap((line): Printed[] => {
    switch (line.line) {
      case 'join':
        join(Buffer.from(line.bytes, 'hex'));
        return [];
      case 'state':
        return [{ tree: full(Buffer.from(line.bytes, 'hex')) }];
      case 'patch':
        return [{ tree: patch(Buffer.from(line.bytes, 'hex')) }];
      case 'message':
        return [{ payload: message(Buffer.from(line.bytes, 'hex')) }];
      case 'header':
      case 'return':
      case 'step':
        return [];
    }
  });
}

describe('the story', () => {
  test('has what it promises', () => {
    const count = (kind: Line['line']): number => story.filter(({ line }) => line === kind).length;
    expect(count('join')).toBe(1);
    expect(count('return')).toBe(1);
    expect(count('state')).toBe(3);
    expect(count('patch')).toBeGreaterThan(60);
    expect(count('message')).toBeGreaterThan(60);
    expect(count('step')).toBeGreaterThan(130);
    const sizes = story.flatMap((line) => (line.line === 'step' ? [Object.keys(line.tree.users).length] : []));
    expect(Math.max(...sizes)).toBe(200);
    const matches = story.flatMap((line) =>
      line.line === 'patch' ? Object.values(line.tree.users['bob']?.connections ?? {}).map(({ match }) => match) : [],
    );
    for (const told of ['"reason":"full"', '"reason":"locked"', '"reason":"private"', '"map":"dust"']) {
      expect(matches.filter((match) => match.includes(told))).not.toEqual([]);
    }
    // After a backlog a full state comes on the same connection.
    const full = story.flatMap((line, at) => (line.line === 'state' ? [story[at - 1]?.line] : []));
    expect(full).toEqual(['join', 'return', 'message']);
  });

  test("is read by the library's decoder", () => {
    let decoder: Decoder<Schema> = new Decoder(new PresenceState());
    const tree = (): unknown => structuredClone(decoder.state.toJSON());
    const printed = read(
      (bytes) => {
        decoder = Reflection.decode(bytes);
      },
      (bytes) => {
        decoder.decodeResync(bytes);
        return tree();
      },
      (bytes) => {
        decoder.decode(bytes);
        return tree();
      },
      (bytes) => unpack(bytes),
    );
    expect(compare(story, printed)).toMatchObject({ differences: [], ghosts: 0 });
  });

  test('is read by a reader that has every number as a 32-bit float', () => {
    const reader = new StateReader();
    const printed = read(
      () => {},
      (bytes) => {
        reader.readFull(bytes);
        return structuredClone(reader.state());
      },
      (bytes) => {
        reader.readPatch(bytes);
        return structuredClone(reader.state());
      },
      (bytes) => ownUnpack(bytes),
    );
    expect(compare(story, printed)).toMatchObject({ differences: [], ghosts: 0 });
  });
});

describe('the comparison', () => {
  const answers = (): Printed[] =>
    story.flatMap((line): Printed[] =>
      line.line === 'message'
        ? [{ payload: line.payload }]
        : line.line === 'state' || line.line === 'patch'
          ? [{ tree: structuredClone(line.tree) }]
          : [],
    );

  test('takes an empty object for an empty list, and nothing for null', () => {
    const lua = JSON.parse(JSON.stringify(answers()).replaceAll('[]', '{}').replaceAll('null', '{}')) as Printed[];
    const withoutNull = JSON.parse(
      JSON.stringify(lua, (_, value: unknown) => (value === null ? undefined : value)),
    ) as Printed[];
    expect(compare(story, withoutNull).differences).toEqual([]);
  });

  test('tells a wrong tree, a wrong message, an error and a missing line', () => {
    const wrong = answers();
    const tree = wrong.findLastIndex((answer) => answer.tree !== undefined);
    const message = wrong.findIndex((answer) => answer.payload !== undefined);
    wrong[tree] = { tree: { me: null, users: {} } };
    wrong[message] = { payload: {} };
    wrong[2] = { error: 'broken' };
    wrong.pop();
    expect(compare(story, wrong).differences).toHaveLength(4);
  });

  test('counts what is still there after a return apart', () => {
    const ghostly = answers();
    const last = ghostly.findLastIndex((answer) => answer.tree !== undefined);
    const tree = structuredClone(ghostly[last]?.tree) as { users: Record<string, unknown> };
    tree.users['ghost'] = { userId: 'ghost' };
    ghostly[last] = { tree };
    expect(compare(story, ghostly)).toMatchObject({ differences: [], ghosts: 1 });
  });
});
