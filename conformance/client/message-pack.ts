/**
 * MessagePack, as far as the protocol uses it. Written from docs/protocol.md and
 * the MessagePack specification only; imports nothing.
 */
const utf8 = new TextEncoder();
const text = new TextDecoder();

/** The value at the start of `bytes`. */
export function unpack(bytes: Uint8Array): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;

  const skip = (count: number): number => {
    at += count;
    return at - count;
  };
  const string = (length: number): string => text.decode(bytes.subarray(skip(length), at));
  const list = (length: number): unknown[] => Array.from({ length }, () => value());
  const map = (length: number): Record<string, unknown> =>
    Object.fromEntries(Array.from({ length }, () => [String(value()), value()] as const));
  const small = (big: bigint): number | bigint => (Number.isSafeInteger(Number(big)) ? Number(big) : big);

  function value(): unknown {
    const head = view.getUint8(skip(1));
    if (head < 0x80) {
      return head;
    }
    if (head < 0x90) {
      return map(head & 0x0f);
    }
    if (head < 0xa0) {
      return list(head & 0x0f);
    }
    if (head < 0xc0) {
      return string(head & 0x1f);
    }
    if (head >= 0xe0) {
      return head - 0x100;
    }
    switch (head) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        return view.getFloat32(skip(4));
      case 0xcb:
        return view.getFloat64(skip(8));
      case 0xcc:
        return view.getUint8(skip(1));
      case 0xcd:
        return view.getUint16(skip(2));
      case 0xce:
        return view.getUint32(skip(4));
      case 0xcf:
        return small(view.getBigUint64(skip(8)));
      case 0xd0:
        return view.getInt8(skip(1));
      case 0xd1:
        return view.getInt16(skip(2));
      case 0xd2:
        return view.getInt32(skip(4));
      case 0xd3:
        return small(view.getBigInt64(skip(8)));
      case 0xd9:
        return string(view.getUint8(skip(1)));
      case 0xda:
        return string(view.getUint16(skip(2)));
      case 0xdb:
        return string(view.getUint32(skip(4)));
      case 0xdc:
        return list(view.getUint16(skip(2)));
      case 0xdd:
        return list(view.getUint32(skip(4)));
      case 0xde:
        return map(view.getUint16(skip(2)));
      case 0xdf:
        return map(view.getUint32(skip(4)));
      default:
        throw new Error(`MessagePack type 0x${head.toString(16)} is not part of the protocol.`);
    }
  }
  return value();
}

/** The bytes of a value that a client sends: null, booleans, integers, texts, lists, objects. */
export function pack(value: unknown): Uint8Array {
  const bytes: number[] = [];
  const header = (count: number, small: number, smallest: number, wide: number): void => {
    if (count < smallest) {
      bytes.push(small | count);
    } else {
      bytes.push(wide, count >> 8, count & 0xff);
    }
  };

  function put(given: unknown): void {
    if (given === null) {
      bytes.push(0xc0);
    } else if (typeof given === 'boolean') {
      bytes.push(given ? 0xc3 : 0xc2);
    } else if (typeof given === 'number') {
      bytes.push(...(given >= 0 && given < 0x80 ? [given] : [0xd2, ...bigEndian(given)]));
    } else if (typeof given === 'string') {
      const encoded = utf8.encode(given);
      header(encoded.length, 0xa0, 32, 0xda);
      bytes.push(...encoded);
    } else if (Array.isArray(given)) {
      header(given.length, 0x90, 16, 0xdc);
      given.forEach(put);
    } else {
      const entries = Object.entries(given as object);
      header(entries.length, 0x80, 16, 0xde);
      entries.flat().forEach(put);
    }
  }
  put(value);
  return Uint8Array.from(bytes);
}

function bigEndian(value: number): number[] {
  return [value >> 24, value >> 16, value >> 8, value].map((byte) => byte & 0xff);
}
