/** Compares what a decoder printed with what the story expects. */
import { isDeepStrictEqual } from 'node:util';
import type { Line } from './recorder.ts';

/** One line of a runner: the tree after a frame, the payload of a message, or what went wrong. */
export interface Printed {
  tree?: unknown;
  payload?: unknown;
  error?: string;
}

export interface Comparison {
  states: number;
  messages: number;
  differences: string[];
  /** States after a second full one in which the decoder still has what left before it, and is right otherwise. */
  ghosts: number;
}

export function compare(story: readonly Line[], printed: readonly Printed[]): Comparison {
  const result: Comparison = { states: 0, messages: 0, differences: [], ghosts: 0 };
  let at = 0;
  let fullStates = 0;
  let step = 'the beginning';
  for (const line of story) {
    if (line.line === 'step') {
      step = line.name;
    } else if (line.line === 'state' || line.line === 'patch' || line.line === 'message') {
      fullStates += line.line === 'state' ? 1 : 0;
      const answer = printed[at++] ?? { error: 'printed nothing' };
      const [expected, actual] = line.line === 'message' ? [line.payload, answer.payload] : [line.tree, answer.tree];
      result[line.line === 'message' ? 'messages' : 'states']++;
      if (answer.error !== undefined) {
        result.differences.push(`${line.line} after "${step}": ${answer.error}`);
      } else if (!isDeepStrictEqual(plain(actual), plain(expected))) {
        if (fullStates > 1 && line.line !== 'message' && contains(plain(actual), plain(expected))) {
          result.ghosts++;
        } else {
          result.differences.push(
            `${line.line} after "${step}": expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`,
          );
        }
      }
    }
  }
  return result;
}

/** Some languages cannot tell an empty list from an empty object, or null from nothing. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) {
    return value ?? undefined;
  }
  const entries = Object.entries(value).flatMap(([key, item]) => {
    const inner = plain(item);
    return inner === undefined ? [] : [[key, inner] as const];
  });
  return Object.fromEntries(entries);
}

function contains(more: unknown, less: unknown): boolean {
  if (typeof less !== 'object' || less === null) {
    return more === less;
  }
  return (
    typeof more === 'object' &&
    more !== null &&
    Object.entries(less).every(([key, item]) => contains((more as Record<string, unknown>)[key], item))
  );
}
