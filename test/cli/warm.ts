import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Ended } from './portvakt.ts';

/** A command line, and where it is typed. */
export type Asked = {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly input?: string;
};

/**
 * A process that has the command line loaded and runs one command after the other, each with its own arguments, folder, environment,
 * streams and exit code. To start Node for every command takes most of the time of a test that has many.
 */
export class WarmCommandLine {
  #child: Promise<ChildProcess> | undefined;
  #busy = false;

  /** Whether a command could be run now: two at once need processes of their own. */
  get isFree(): boolean {
    return !this.#busy;
  }

  async run(asked: Asked): Promise<Ended> {
    this.#busy = true;
    const over = new AbortController();
    try {
      this.#child ??= start();
      const child = await this.#child;
      hold(child, true);
      const died = once(child, 'exit', over).then(([code, signal]) => {
        throw new Error(`the command line ended by itself (${code ?? signal}) at: ${asked.args.join(' ')}`);
      });
      const answered = once(child, 'message', over);
      child.send(asked);
      const [ended] = await Promise.race([answered, died]);
      hold(child, false);
      return ended as Ended;
    } finally {
      over.abort();
      this.#busy = false;
    }
  }
}

async function start(): Promise<ChildProcess> {
  const { NODE_OPTIONS: _, NODE_V8_COVERAGE: __, ...env } = process.env;
  const file = fileURLToPath(new URL('warm-child.ts', import.meta.url));
  const child = fork(file, { env, execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  await once(child, 'message');
  return child;
}

/** The test's process may end while nothing runs; the child goes with it. */
function hold(child: ChildProcess, isRunning: boolean): void {
  if (isRunning) {
    child.ref();
    child.channel?.ref();
  } else {
    child.unref();
    child.channel?.unref();
  }
}
