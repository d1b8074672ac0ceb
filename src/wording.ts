/** Words for the messages that tell a developer what was wrong. Pure; also used by the client. */

/** Maximum of characters shown of a text. */
const MAX_TEXT_LENGTH = 40;

/** Maximum of fields named of an object. */
const MAX_FIELDS = 8;

/** What was given, by its type: `the number 1.5`, `an object with the fields friend_id, name`. Never throws, and shows no values but short texts and numbers. */
export function given(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return 'undefined';
    case 'string':
      return value.length > MAX_TEXT_LENGTH
        ? `a text of ${value.length} characters`
        : JSON.stringify(value.toWellFormed());
    case 'number':
    case 'bigint':
      return `the number ${value}`;
    case 'boolean':
      return String(value);
    case 'object':
      return value === null ? 'null' : givenObject(value);
    case 'function':
    case 'symbol':
      return `a ${typeof value}`;
  }
}

function givenObject(value: object): string {
  if (Array.isArray(value)) {
    return 'a list';
  }
  const name = classOf(value);
  if (name !== undefined && name !== '' && name !== 'Object') {
    return `a ${name}`;
  }
  const fields = Object.keys(value).slice(0, MAX_FIELDS);
  return fields.length === 0 ? 'an empty object' : `an object with the fields ${fields.join(', ')}`;
}

function classOf(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  return typeof prototype === 'object' && prototype !== null ? prototype.constructor.name : undefined;
}

/** `. Did you mean "x"?` when one of the known names is near, else `.`: the end of a sentence. */
export function didYouMean(name: string, known: readonly string[]): string {
  const near = known
    .map((each) => ({ each, distance: distance(name.toLowerCase(), each.toLowerCase()) }))
    .filter(({ each, distance }) => distance <= Math.max(1, Math.floor(each.length / 3)))
    .sort((a, b) => a.distance - b.distance)[0];
  return near === undefined ? '.' : `. Did you mean "${near.each}"?`;
}

/** Insertions, deletions and replacements between two names. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
