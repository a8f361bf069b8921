import { lstat, readFile } from 'node:fs/promises';
import { Failure } from '../../failure.ts';
import { readPassword } from '../../password.ts';
import type { Terminal } from '../../terminal.ts';
import type { Secret } from './sealed-stream.ts';

/** Where the secret of a backup comes from. */
export type SecretOptions = {
  readonly passwordFile?: string;
  readonly keyFile?: string;
  /** It seals a new backup, which could not be opened with a mistyped one. */
  readonly isNew?: boolean;
};

/** Shorter ones can be guessed, however long each guess takes. */
const SHORTEST_PASSPHRASE = 12;
const SHORTEST_KEY = 32;

/**
 * The secret that seals or opens a backup.
 * @throws {Failure} for a key file that is a link or open to others, and for what is too short. `PV-SEC-095`
 */
export async function readSecret(
  file: string,
  { passwordFile, keyFile, isNew = false }: SecretOptions,
  terminal: Terminal,
): Promise<Secret> {
  if (keyFile !== undefined) return { key: await readKey(keyFile) };
  const passphrase = await readPassword(file, { isNew, ...(passwordFile !== undefined && { passwordFile }) }, terminal);
  if (passphrase.length < SHORTEST_PASSPHRASE)
    throw new Failure('invalid', `the passphrase has fewer than ${SHORTEST_PASSPHRASE} characters`);
  return { passphrase };
}

async function readKey(file: string): Promise<Buffer> {
  const stat = await lstat(file);
  if (!stat.isFile()) throw new Failure('invalid', `${file} is not a plain file`);
  if (process.getuid !== undefined && (stat.mode & 0o077) !== 0)
    throw new Failure('invalid', `${file} is open to other users`, { fix: `chmod 600 ${file}` });
  const key = await readFile(file);
  if (key.length < SHORTEST_KEY)
    throw new Failure('invalid', `${file} holds fewer than ${SHORTEST_KEY} bytes`, { fix: `openssl rand -out ${file} 32` });
  return key;
}
