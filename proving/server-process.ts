import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { leaveNothing } from './leftovers.ts';
import { cpuOfTree, isRunning, killProcess, processTree } from './process-tree.ts';

/** A server as a person starts it: a process with its workers below. */
export type ServerProcess = {
  /** Milliseconds from the start to the line that says that it is ready. */
  readonly startTime: number;
  /** Microseconds of CPU of all its processes so far. */
  cpu(): Promise<number>;
  /** The processes that answer: all but the first, or the first where it is alone. */
  workers(): readonly number[];
  signal(signal: NodeJS.Signals): void;
  /** Kills all of it at once, as `kill -9` does, or the first process alone. Resolves when nothing of it runs any more. */
  kill(whom: 'all' | 'first'): Promise<void>;
  /** Rejects with what it said last when it ends in another way than it should, and resolves when it ends well. */
  readonly ended: Promise<void>;
  /** Asks it to stop. Resolves when all of it is gone, as it is after {@link kill}. @throws {Error} when it ended in another way than it should. */
  stop(): Promise<void>;
};

export type Program = { readonly args: readonly string[]; readonly env?: NodeJS.ProcessEnv };

/**
 * Starts a program of Node and waits for its first line on standard output, by which it says that it is ready.
 * @throws {Error} with what it said last, when it ends before that.
 */
export async function startServerProcess({ args, env = {} }: Program): Promise<ServerProcess> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  return watchServerProcess(child);
}

/** Waits until a program that has just been started is ready. @throws as {@link startServerProcess} */
export async function watchServerProcess(child: ChildProcess): Promise<ServerProcess> {
  const began = performance.now();
  const forget = leaveNothing(() => child.kill('SIGKILL'));
  const lastWords = keepLastWords(child);
  const exited = once(child, 'exit');
  const ended = exited.then(([code, signal]) => {
    if (code !== 0) throw new Error(`the server ended with ${signal ?? code}: ${lastWords()}`);
  });
  // It may end as nobody wishes while nobody listens.
  ended.catch(() => {});
  await ready(child, exited, lastWords);
  const startTime = performance.now() - began;
  const pid = child.pid ?? 0;
  let isKilled = false;
  return {
    ...{ startTime, ended },
    cpu: async () => cpuOfTree(pid),
    workers: () => {
      const [first = pid, ...below] = processTree(pid);
      return below.length === 0 ? [first] : below;
    },
    signal: (signal) => void child.kill(signal),
    kill: async (whom) => {
      isKilled = true;
      const tree = processTree(pid);
      // The first one first, or it would start those again that die.
      for (const one of whom === 'all' ? tree : [pid]) killProcess(one);
      await exited;
      forget();
      while (tree.some(isRunning)) await pause(LOOK);
    },
    stop: async () => {
      child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
      await exited;
      clearTimeout(kill);
      forget();
      if (!isKilled) await ended;
    },
  };
}

/** How long a server may take to end, in milliseconds. */
const PATIENCE = 30_000;

/** How often it is looked whether a killed process has gone, in milliseconds. */
const LOOK = 5;

/** What it writes after its first line is read and thrown away, as it would be by whoever keeps its log. */
async function ready({ stdout }: ChildProcess, exited: Promise<unknown[]>, lastWords: () => string): Promise<void> {
  if (!stdout) throw new Error('a server without standard output');
  const firstLine = once(createInterface({ input: stdout }), 'line').then(() => 'ready' as const);
  const outcome = await Promise.race([firstLine, exited]);
  if (outcome === 'ready') return void stdout.resume();
  const [code, signal] = outcome;
  throw new Error(`the server ended with ${signal ?? code} before it was ready: ${lastWords()}`);
}

/** How much of what the server writes to standard error is remembered, in characters. */
const LAST_WORDS = 4_000;

function keepLastWords({ stderr }: ChildProcess): () => string {
  let words = '';
  stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    words = (words + chunk).slice(-LAST_WORDS);
  });
  return () => words;
}
