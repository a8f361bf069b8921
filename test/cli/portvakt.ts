import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { WarmCommandLine } from './warm.ts';

export const BIN = fileURLToPath(new URL('../../cli/bin.js', import.meta.url));

export type Ended = {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type Surroundings = {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Flags of Node itself. */
  readonly nodeFlags?: readonly string[];
  /** NODE_OPTIONS as the user has set it; not on Windows. */
  readonly nodeOptions?: string;
  /** For standard input, which otherwise is closed. */
  readonly input?: string;
};

/** A user of the command line on a machine of their own: a home, a working directory and temporary files, gone with the test. */
export type User = {
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs `portvakt …` to its end; alone, in a process that has run others before. */
  readonly run: (args: readonly string[], surroundings?: Surroundings) => Promise<Ended>;
  /** Starts `portvakt …`; it is ended with the test if it still runs. */
  readonly start: (args: readonly string[], surroundings?: Surroundings) => Running;
  /** Starts `portvakt dev` on a free port. */
  readonly dev: (...args: readonly string[]) => Promise<Dev>;
};

export type Running = {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** The first line on standard output, or undefined when it ends without one. */
  readonly line: Promise<string | undefined>;
  readonly ended: Promise<Ended>;
};

export type Dev = Running & {
  readonly issuer: string;
  readonly token_endpoint: string;
  readonly data_dir: string;
  readonly clients: readonly { readonly name: string; readonly client_id: string; readonly client_orgno: string }[];
};

const warm = new WarmCommandLine();

/** Whether a command runs until it is stopped, or ends the process itself. */
function needsAProcess([name, ...flags]: readonly string[]): boolean {
  return name === 'dev' || name === '__complete' || (name === 'serve' && !flags.includes('--check'));
}

export async function newUser(t: Test): Promise<User> {
  const home = await mkdtemp(join(tmpdir(), 'portvakt-test-'));
  await chmod(home, 0o700);
  const env = { PATH: process.env.PATH ?? '', HOME: home, TMPDIR: home, XDG_RUNTIME_DIR: home, TZ: 'UTC', PORTVAKT_WORKERS: '1' };
  const running = new Set<Running>();
  t.teardown(async () => {
    for (const { child } of running) child.kill('SIGKILL');
    await Promise.all([...running].map(({ ended }) => ended));
    await rm(home, { recursive: true, force: true });
  });
  const start = (args: readonly string[], surroundings: Surroundings = {}): Running => {
    const process = launch(args, { cwd: home, ...surroundings, env: { ...env, ...surroundings.env } });
    running.add(process);
    process.ended.finally(() => running.delete(process));
    return process;
  };
  const dev = async (...args: readonly string[]): Promise<Dev> => {
    const process = start(['dev', '--port', '0', '-o', 'json', ...args]);
    const line = await process.line;
    if (line === undefined) throw new Error(`dev did not start: ${(await process.ended).stderr}`);
    return { ...process, ...JSON.parse(line) };
  };
  const run = (args: readonly string[], surroundings: Surroundings = {}): Promise<Ended> => {
    if (!warm.isFree || needsAProcess(args) || surroundings.nodeFlags) return start(args, surroundings).ended;
    return warm.run({ args, cwd: home, ...surroundings, env: { ...env, ...surroundings.env } });
  };
  return { home, env, start, run, dev };
}

/**
 * tap loads modules of its own into every child by NODE_OPTIONS. With some flags of Node it dies of them, and a user has none: a
 * command starts as it starts for him, in half the time.
 */
const UNTRACED = process.platform === 'win32' ? [] : ['env', '-u', 'NODE_OPTIONS', '-u', 'NODE_V8_COVERAGE'];

function launch(args: readonly string[], { cwd, env, input, nodeFlags = [], nodeOptions }: Surroundings): Running {
  const options = nodeOptions === undefined ? [] : [`NODE_OPTIONS=${nodeOptions}`];
  const [command = '', ...first] = [...UNTRACED, ...options, process.execPath, ...nodeFlags];
  const child = spawn(command, [...first, BIN, ...args], { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => {}).end(input);
  const line = Promise.withResolvers<string | undefined>();
  createInterface({ input: child.stdout })
    .once('line', line.resolve)
    .once('close', () => line.resolve(undefined));
  return { child, line: line.promise, ended: end(child) };
}

async function end(child: ChildProcessByStdio<Writable, Readable, Readable>): Promise<Ended> {
  const [stdout, stderr, [code, signal]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, signal, stdout, stderr };
}
