/**
 * The schema state. Written from docs/protocol.md only; imports nothing. Every
 * number becomes a 32-bit float, as in the strictest of the engines (Unity).
 */
export interface PlainConnection {
  connectionId: string;
  status: string;
  matchId: string;
  /** JSON, or empty. */
  match: string;
}

export interface PlainUser {
  userId: string;
  username: string;
  general: string;
  connections: Record<string, PlainConnection>;
}

export interface PlainState {
  me: PlainUser | null;
  users: Record<string, PlainUser>;
}

type Kind = 'state' | 'user' | 'connection' | 'map of user' | 'map of connection';

/** The fields of a structure, by their index, with what they hold. */
const FIELDS: Record<'state' | 'user' | 'connection', ReadonlyArray<readonly [name: string, holds: Kind | 'text']>> = {
  state: [
    ['me', 'user'],
    ['users', 'map of user'],
  ],
  user: [
    ['userId', 'text'],
    ['username', 'text'],
    ['general', 'text'],
    ['connections', 'map of connection'],
  ],
  connection: [
    ['connectionId', 'text'],
    ['status', 'text'],
    ['matchId', 'text'],
    ['match', 'text'],
  ],
};

class Structure {
  readonly kind: Kind;
  /** Texts, and the numbers of other structures, by field name or map key. */
  readonly values = new Map<string, string | number>();
  /** Of a map: the keys by index. */
  readonly keys = new Map<number, string>();

  constructor(kind: Kind) {
    this.kind = kind;
  }
}

const ADD = 0x80;
const DELETE = 0x40;
const SWITCH_TO_STRUCTURE = 0xff;

export class StateReader {
  #structures = new Map<number, Structure>();
  #bytes: Uint8Array = new Uint8Array();
  #view: DataView = new DataView(new ArrayBuffer(0));
  #at = 0;

  /** A full state replaces everything that is known. */
  readFull(bytes: Uint8Array): void {
    this.#structures = new Map([[0, new Structure('state')]]);
    this.readPatch(bytes);
  }

  readPatch(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = 0;
    let current = this.#structure(0);
    while (this.#at < bytes.length) {
      if (bytes[this.#at] === SWITCH_TO_STRUCTURE) {
        this.#at++;
        current = this.#structure(this.#number());
      } else if (current.kind === 'state' || current.kind === 'user' || current.kind === 'connection') {
        this.#readField(current, FIELDS[current.kind]);
      } else {
        this.#readEntry(current, current.kind === 'map of user' ? 'user' : 'connection');
      }
    }
    this.#forgetUnreachable();
  }

  state(): PlainState {
    return this.#plain(0) as unknown as PlainState;
  }

  #readField({ values }: Structure, fields: ReadonlyArray<readonly [string, Kind | 'text']>): void {
    const head = this.#byte();
    const field = fields[head & 0x3f];
    if ((head & 0xc0) !== ADD || field === undefined) {
      throw new Error(`0x${head.toString(16)} is no operation of a structure.`);
    }
    const [name, holds] = field;
    values.set(name, holds === 'text' ? this.#text() : this.#reference(holds));
  }

  #readEntry({ keys, values }: Structure, holds: Kind): void {
    const operation = this.#byte();
    const index = this.#number();
    if (operation === ADD) {
      const key = this.#text();
      keys.set(index, key);
      values.set(key, this.#reference(holds));
    } else if (operation === DELETE) {
      values.delete(keys.get(index) ?? '');
      keys.delete(index);
    } else {
      throw new Error(`0x${operation.toString(16)} is no operation of a map.`);
    }
  }

  #reference(kind: Kind): number {
    const number = this.#number();
    if (this.#structures.get(number)?.kind !== kind) {
      this.#structures.set(number, new Structure(kind));
    }
    return number;
  }

  #structure(number: number): Structure {
    const structure = this.#structures.get(number);
    if (structure === undefined) {
      throw new Error(`There is no structure ${number}.`);
    }
    return structure;
  }

  #forgetUnreachable(): void {
    const reachable = new Map<number, Structure>();
    const visit = (number: number): void => {
      const structure = this.#structure(number);
      reachable.set(number, structure);
      for (const value of structure.values.values()) {
        if (typeof value === 'number') {
          visit(value);
        }
      }
    };
    visit(0);
    this.#structures = reachable;
  }

  #plain(number: number): Record<string, unknown> {
    const { kind, values } = this.#structure(number);
    const plain = [...values].map(([name, value]) => [name, typeof value === 'number' ? this.#plain(value) : value]);
    return { ...(kind === 'state' && { me: null }), ...Object.fromEntries(plain) };
  }

  #byte(): number {
    return this.#view.getUint8(this.#at++);
  }

  #take(size: number): number {
    this.#at += size;
    return this.#at - size;
  }

  #number(): number {
    return Math.fround(this.#wideNumber());
  }

  #wideNumber(): number {
    const head = this.#byte();
    switch (head) {
      case 0xcc:
        return this.#byte();
      case 0xcd:
        return this.#view.getUint16(this.#take(2), true);
      case 0xce:
        return this.#view.getUint32(this.#take(4), true);
      default:
        if (head < 0x80) {
          return head;
        }
        throw new Error(`0x${head.toString(16)} starts no number of the state.`);
    }
  }

  #text(): string {
    const head = this.#byte();
    const length =
      head === 0xd9 ? this.#byte() : head === 0xda ? this.#view.getUint16(this.#take(2), true) : head & 0x1f;
    const start = this.#take(length);
    return new TextDecoder().decode(this.#bytes.subarray(start, this.#at));
  }
}
