import { execSync } from 'node:child_process';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { Failure } from './failure.ts';
import { readInput } from './input.ts';
import type { Terminal } from './terminal.ts';

/** Where a password comes from; two of them are for contexts. */
export type PasswordSource = {
  readonly passwordFile?: string;
  /** Name of an environment variable. */
  readonly passwordEnv?: string;
  /** A command whose first line of output it is. */
  readonly passwordCommand?: string;
  /** It locks something from now on: whoever types it types it twice. */
  readonly isNew?: boolean;
};

/**
 * The password of a key file: from its source, from `PORTVAKT_PASSWORD`, or asked for at a terminal; never an argument,
 * which every user of the machine could read. `PV-SEC-096`
 * @throws {Failure} naming the flag, where there is nobody to ask
 */
export async function readPassword(file: string, source: PasswordSource, terminal: Terminal): Promise<string> {
  const { passwordFile, passwordEnv, passwordCommand, isNew } = source;
  if (passwordFile !== undefined) return (await readInput(passwordFile)).replace(/\r?\n$/, '');
  if (passwordCommand !== undefined) return fromCommand(passwordCommand);
  if (passwordEnv !== undefined) return fromVariable(passwordEnv);
  const { PORTVAKT_PASSWORD, CI } = process.env;
  if (PORTVAKT_PASSWORD !== undefined) {
    terminal.warn('the password comes from the environment, which other programs may see; --password-file is safer');
    return PORTVAKT_PASSWORD;
  }
  if (!process.stdin.isTTY || CI) {
    throw new Failure('usage', `${file} needs a password`, { fix: 'give it with --password-file FILE' });
  }
  const password = await prompt(`Password of ${file}: `);
  if (isNew && (await prompt('The same once more: ')) !== password)
    throw new Failure('invalid', 'the two passwords differ', { fix: 'begin again; nothing was written' });
  return password;
}

function fromCommand(command: string): string {
  try {
    return execSync(command, { encoding: 'utf8', stdio: ['inherit', 'pipe', 'inherit'] }).split(/\r?\n/, 1)[0] ?? '';
  } catch (cause) {
    throw new Failure('config', `the command that tells the password failed: ${command}`, { cause });
  }
}

function fromVariable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Failure('config', `${name} is not set, and should hold the password`);
  return value;
}

/** Asks without showing what is typed. */
async function prompt(question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await reader.question('');
  } finally {
    reader.close();
    process.stderr.write('\n');
  }
}
