import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';

/** A process of its own that uses a store: {@link file://./child.ts}. */
export type Child = {
  say(line: string): void;
  /** The next line that it prints. @throws when it ends before */
  line(): Promise<string>;
  /** All lines that it printed and nobody has read. */
  rest(): Promise<string[]>;
  kill(): Promise<void>;
};

/**
 * Starts a process on a task and waits until it is about to begin.
 * @param shell words that a shell runs before it becomes the process: `ulimit -f 100`.
 */
export async function startChild(t: Test, task: string, location: string, shell?: string): Promise<Child> {
  const words = [process.execPath, `${import.meta.dirname}/child.ts`, task, location];
  const started =
    shell === undefined ? spawn(words[0] ?? '', words.slice(1)) : spawn('sh', ['-c', `${shell}; exec "$@"`, 'sh', ...words]);
  t.teardown(() => started.kill('SIGKILL'));
  const child = talkTo(started);
  const first = await child.line();
  if (first !== 'here') throw new Error(`the child said ${first}`);
  return child;
}

function talkTo(started: ChildProcessWithoutNullStreams): Child {
  const lines = createInterface(started.stdout)[Symbol.asyncIterator]();
  const errors: string[] = [];
  started.stderr.on('data', (text) => errors.push(String(text)));
  return {
    say: (line) => void started.stdin.write(`${line}\n`),
    line: async () => {
      const { done, value } = await lines.next();
      if (done) throw new Error(`the child ended: ${errors.join('')}`);
      return value;
    },
    rest: async () => {
      const rest: string[] = [];
      for (let next = await lines.next(); !next.done; next = await lines.next()) rest.push(next.value);
      return rest;
    },
    kill: async () => {
      const ended = once(started, 'exit');
      started.kill('SIGKILL');
      await ended;
    },
  };
}
