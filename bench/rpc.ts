/**
 * Calls between the bench's processes, over the IPC channel of a fork. Only
 * plain data travels; an error arrives as its text.
 */
import { type ChildProcess, fork } from 'node:child_process';

/** Operations a child process offers. */
export type Ops = Record<string, (argument: never) => unknown>;

/** The same operations as seen from the parent. */
export type Remote<T extends Ops> = {
  [Name in keyof T]: (...argument: Parameters<T[Name]>) => Promise<Awaited<ReturnType<T[Name]>>>;
};

interface Call {
  id: number;
  op: string;
  argument: unknown;
}
interface Answer {
  id: number;
  result?: unknown;
  error?: string;
}
interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

/** Answers the parent's calls until it hangs up; then the process ends. */
export function serve(ops: Ops): void {
  const table = new Map(Object.entries(ops));
  process.on('message', (call: Call) => void answer(table, call));
  process.on('disconnect', () => process.exit(0));
  process.send?.({ id: 0 } satisfies Answer);
}

async function answer(table: Map<string, (argument: never) => unknown>, call: Call): Promise<void> {
  try {
    const result = await table.get(call.op)?.(call.argument as never);
    process.send?.({ id: call.id, result } satisfies Answer);
  } catch (error) {
    process.send?.({
      id: call.id,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    } satisfies Answer);
  }
}

/** One child process. A crash rejects every open and later call with what it printed last. */
export class Child<T extends Ops> {
  readonly ops: Remote<T>;
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #output = '';
  #ended: Error | null = null;
  #lastId = 0;

  private constructor(child: ChildProcess) {
    this.#process = child;
    this.ops = new Proxy({} as Remote<T>, {
      get: (_target, op) => (argument: unknown) => this.#call(String(op), argument),
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-4000);
      });
    }
    child.on('message', (message: Answer) => this.#settle(message));
    child.on('exit', (code, signal) => {
      this.#fail(new Error(`A process of the bench ended (${signal ?? code}).\n${this.#output}`));
    });
    child.on('error', (error) => this.#fail(error));
  }

  /** Forks `module` and resolves when it serves. `argument` is its only argument, as JSON. */
  static async start<T extends Ops>(module: URL, argument: unknown, execArgv: string[] = []): Promise<Child<T>> {
    const child = new Child<T>(
      fork(module, [JSON.stringify(argument)], {
        execArgv: ['--disable-warning=ExperimentalWarning', ...execArgv],
        env: { ...process.env, NODE_ENV: 'production' },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      }),
    );
    await new Promise((resolve, reject) => child.#waiting.set(0, { resolve, reject }));
    return child;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Ends the process and resolves when it is gone. Idempotent. */
  async stop(): Promise<void> {
    if (this.#ended) {
      return;
    }
    const gone = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await gone;
  }

  #call(op: string, argument: unknown): Promise<unknown> {
    if (this.#ended) {
      return Promise.reject(this.#ended);
    }
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#process.send({ id, op, argument } satisfies Call);
    });
  }

  #settle(message: Answer): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.error === undefined) {
      waiting?.resolve(message.result);
    } else {
      waiting?.reject(new Error(message.error));
    }
  }

  #fail(error: Error): void {
    this.#ended ??= error;
    for (const waiting of this.#waiting.values()) {
      waiting.reject(this.#ended);
    }
    this.#waiting.clear();
  }
}
