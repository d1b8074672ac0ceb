/**
 * A TCP proxy between one server process and Redis that misbehaves on demand.
 * It knows where an answer of Redis ends, so that whole messages can be lost
 * while the connection lives on.
 */
import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';

/** `both` directions are silent, or only what the process sends (`out`) or hears (`in`). */
export type Silence = 'both' | 'out' | 'in';

interface Link {
  readonly near: Socket;
  readonly far: Socket;
  silence: Silence | undefined;
  /** Of Redis, not passed on yet. */
  rest: Buffer;
}

export class RespProxy {
  /** Where new connections go. */
  target: number;
  delayMs = 0;
  jitterMs = 0;
  /** The share of published messages that is lost. */
  loss = 0;
  /** New connections are accepted and closed. */
  refuses = false;
  readonly random: () => number;
  readonly #links = new Set<Link>();
  readonly #server = createServer((near) => this.#accept(near));

  constructor(target: number, random: () => number) {
    this.target = target;
    this.random = random;
  }

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  get connections(): number {
    return this.#links.size;
  }

  /** The connections that exist now go silent for ever, without a FIN: half-open. Later ones work. */
  silence(how: Silence): void {
    this.#links.forEach((link) => (link.silence = how));
  }

  cut(): void {
    for (const { near, far } of this.#links) {
      near.destroy();
      far.destroy();
    }
  }

  /** No fault any more; what is half-open stays so. */
  heal(): void {
    Object.assign(this, { delayMs: 0, jitterMs: 0, loss: 0, refuses: false });
  }

  close(): void {
    this.#server.close();
    this.cut();
  }

  #accept(near: Socket): void {
    near.on('error', () => undefined);
    if (this.refuses) {
      near.destroy();
      return;
    }
    const far = connect(this.target, '127.0.0.1');
    const link: Link = { near, far, silence: undefined, rest: Buffer.alloc(0) };
    this.#links.add(link);
    far.on('error', () => undefined);
    for (const socket of [near, far]) {
      socket.setNoDelay();
      socket.on('close', () => {
        this.#links.delete(link);
        if (link.silence === undefined) {
          near.destroy();
          far.destroy();
        }
      });
    }
    const out = this.#line(far);
    const back = this.#line(near);
    near.on('data', (bytes) => {
      if (link.silence === undefined || link.silence === 'in') {
        out(bytes as Buffer);
      }
    });
    far.on('data', (bytes) => {
      if (link.silence === undefined || link.silence === 'out') {
        this.#answers(link, bytes as Buffer).forEach(back);
      }
    });
  }

  /** Passes bytes on in order, each as late as it has to be. */
  #line(to: Socket): (bytes: Buffer) => void {
    let due = 0;
    return (bytes) => {
      const now = performance.now();
      due = Math.max(due, now + this.delayMs + this.jitterMs * this.random());
      if (due <= now) {
        to.write(bytes);
      } else {
        setTimeout(() => to.write(bytes), due - now);
      }
    };
  }

  /** The whole answers that have arrived, without the messages that are lost. */
  #answers(link: Link, bytes: Buffer): Buffer[] {
    link.rest = Buffer.concat([link.rest, bytes]);
    const answers: Buffer[] = [];
    for (let end = answerEnd(link.rest, 0); end !== undefined; end = answerEnd(link.rest, 0)) {
      const answer = link.rest.subarray(0, end);
      link.rest = link.rest.subarray(end);
      if (!(isMessage(answer) && this.random() < this.loss)) {
        answers.push(answer);
      }
    }
    return answers;
  }
}

/** Where the RESP value that begins at `at` ends; `undefined` while it is not whole. */
export function answerEnd(bytes: Buffer, at: number): number | undefined {
  const line = bytes.indexOf('\r\n', at);
  if (line < 0) {
    return undefined;
  }
  const count = Number(bytes.toString('latin1', at + 1, line));
  switch (String.fromCharCode(bytes[at]!)) {
    case '$': {
      const end = line + 2 + (count < 0 ? 0 : count + 2);
      return end <= bytes.length ? end : undefined;
    }
    case '*': {
      let end: number | undefined = line + 2;
      for (let i = 0; i < count && end !== undefined; i++) {
        end = answerEnd(bytes, end);
      }
      return end;
    }
    default:
      return line + 2;
  }
}

function isMessage(answer: Buffer): boolean {
  return answer.subarray(0, 20).toString('latin1').includes('$7\r\nmessage');
}
