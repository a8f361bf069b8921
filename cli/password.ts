import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { Failure } from './failure.ts';
import { readInput } from './input.ts';
import type { Terminal } from './terminal.ts';

/**
 * The password of a key file: from `--password-file`, from `PORTVAKT_PASSWORD`, or asked for at a terminal; never an argument,
 * which every user of the machine could read. `PV-SEC-096`
 * @throws {Failure} naming the flag, where there is nobody to ask
 */
export async function readPassword(
  file: string,
  { passwordFile }: { readonly passwordFile?: string },
  terminal: Terminal,
): Promise<string> {
  if (passwordFile !== undefined) return (await readInput(passwordFile)).replace(/\r?\n$/, '');
  const { PORTVAKT_PASSWORD, CI } = process.env;
  if (PORTVAKT_PASSWORD !== undefined) {
    terminal.warn('the password comes from the environment, which other programs may see; --password-file is safer');
    return PORTVAKT_PASSWORD;
  }
  if (!process.stdin.isTTY || CI) {
    throw new Failure('usage', `${file} needs a password`, { fix: 'give it with --password-file FILE' });
  }
  return prompt(`Password of ${file}: `);
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
