/** The few msgpack shapes that the bench sends: maps of strings and lists of strings. */
export function pack(value: string | readonly string[] | Readonly<Record<string, string | readonly string[]>>): Buffer {
  if (typeof value === 'string') {
    return packString(value);
  }
  if (isList(value)) {
    return Buffer.concat([Buffer.from([0xdc, value.length >> 8, value.length & 0xff]), ...value.map(packString)]);
  }
  const entries = Object.entries(value);
  return Buffer.concat([
    Buffer.from([0x80 | entries.length]),
    ...entries.flatMap(([key, item]) => [packString(key), pack(item)]),
  ]);
}

/** Colyseus encodes the type of a message with the same string format. */
export function packString(text: string): Buffer {
  const body = Buffer.from(text);
  return Buffer.concat([Buffer.from(body.length < 32 ? [0xa0 | body.length] : [0xd9, body.length]), body]);
}

function isList(value: object): value is readonly string[] {
  return Array.isArray(value);
}
