/** A copy of the repository in which files can be broken, and the tests that look at them. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { basename, dirname, join } from 'node:path';
import type { Job, Verdict } from './bench.ts';

const COPIED = [
  'src',
  'test',
  'docs',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
  'README.md',
  'CHANGELOG.md',
];

/** Longer than any honest test: the fault loops. */
const TIMEOUT_MS = 90_000;

const LOOP: Verdict = { killedBy: 'a timeout' };
const END: Verdict = { killedBy: 'the end of the process' };

/** Tests that need a real Redis or sockets. */
const LEFT_OUT = ['over-sockets', 'server-restart', 'redis-trouble', 'sharded', 'subscription'];

/** Tests with timers, of some seconds: asked last. */
const SLOW = ['contract', 'lost-data', 'guarded-host', 'attach-late'];

export class Workshop {
  readonly root = mkdtempSync(join(tmpdir(), 'presence-mutation-'));
  #bench: ChildProcess | undefined;

  constructor() {
    for (const name of COPIED) {
      cpSync(name, join(this.root, name), { recursive: true });
    }
    symlinkSync(join(process.cwd(), 'node_modules'), join(this.root, 'node_modules'));
  }

  read(file: string): string {
    return readFileSync(join(this.root, file), 'utf8');
  }

  async judge(job: Job): Promise<Verdict> {
    const original = this.read(job.file);
    const bench = await this.#open();
    const ended = new AbortController();
    const { signal } = ended;
    bench.send(job);
    const verdict = await Promise.race([
      once(bench, 'message', { signal }).then(([answer]) => answer as Verdict),
      once(bench, 'exit', { signal }).then(() => END),
      setTimeout(TIMEOUT_MS, LOOP, { signal }),
    ]);
    ended.abort();
    if (verdict === END || verdict === LOOP) {
      bench.kill('SIGKILL');
      this.#bench = undefined;
      writeFileSync(join(this.root, job.file), original);
    }
    return verdict;
  }

  async #open(): Promise<ChildProcess> {
    if (this.#bench === undefined) {
      this.#bench = fork('test/mutation/bench.ts', [], { cwd: this.root, execArgv: [], silent: true });
      this.#bench.stdout?.resume();
      this.#bench.stderr?.resume();
      await once(this.#bench, 'message');
    }
    return this.#bench;
  }

  close(): void {
    this.#bench?.kill('SIGKILL');
    rmSync(this.root, { recursive: true, force: true });
  }

  /** The unit test of a file, then the quick tests of its folder, then its slow ones. */
  stepsFor(file: string): string[][] {
    const folder = join('test', dirname(file).replace(/^src\/?/, ''));
    const isOneOf = (list: readonly string[], name: string): boolean => list.some((one) => name.startsWith(`${one}.`));
    const tests = readdirSync(join(this.root, folder)).filter(
      (name) => name.endsWith('.test.ts') && !isOneOf(LEFT_OUT, name),
    );
    const own = `${basename(file, '.ts')}.test.ts`;
    const others = tests.filter((name) => name !== own);
    return [
      tests.filter((name) => name === own),
      others.filter((name) => !isOneOf(SLOW, name)),
      others.filter((name) => isOneOf(SLOW, name)),
    ]
      .filter(({ length }) => length > 0)
      .map((step) => step.map((name) => join(folder, name)));
  }
}
