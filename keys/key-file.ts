import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** A private key of the server's cannot be used as it lies there. The message names the file and the remedy. `PV-SEC-095` */
export class KeyUnusable extends Error {
  override readonly name = 'KeyUnusable';
}

/** Makes the folder for private keys, mode 0700, or sees that it is one. @throws {KeyUnusable} */
export function preparePrivateFolder(directory: string): void {
  usable(directory, () => mkdirSync(directory, { recursive: true, mode: 0o700 }));
  assertPrivateFolder(directory);
}

/** Sees that the folder for private keys is one, and its user's alone. @throws {KeyUnusable} also when it is missing. `PV-SEC-095` */
export function assertPrivateFolder(directory: string): void {
  const stat = usable(directory, () => lstatSync(directory));
  if (!stat.isDirectory()) throw new KeyUnusable(`${directory} is not a folder: put the keys in a folder of their own`);
  assertPrivate(directory, stat, '700');
}

/** The names of all files in the folder. @throws {KeyUnusable} */
export function listFiles(directory: string): readonly string[] {
  return usable(directory, () => readdirSync(directory));
}

/** What the name of a file ends in that was being written when the process ended. */
export const HALF_WRITTEN = '.new';

/**
 * Writes a file with mode 0600, in place of one that is there, so that after a crash either is there whole. It lies safely on the disk
 * when this returns. Synchronous: it stands inside a transaction of the store.
 * @throws {KeyUnusable}
 */
export function replacePrivately(path: string, content: string | Uint8Array): void {
  writeBeside(path, content, (half) => renameSync(half, path));
}

/** As {@link replacePrivately}, where nothing is there. @returns false when something is, and stays. @throws {KeyUnusable} */
export function makePrivately(path: string, content: string | Uint8Array): boolean {
  return writeBeside(path, content, (half) => {
    try {
      linkSync(half, path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    } finally {
      rmSync(half);
    }
  });
}

function writeBeside<T>(path: string, content: string | Uint8Array, place: (half: string) => T): T {
  const half = `${path}.${randomBytes(6).toString('hex')}${HALF_WRITTEN}`;
  return usable(path, () => {
    writeDurably(half, content);
    const result = place(half);
    flush(dirname(path));
    return result;
  });
}

/** Removes a file, where it is there, for good. @throws {KeyUnusable} */
export function removeDurably(path: string): void {
  usable(path, () => {
    rmSync(path, { force: true });
    flush(dirname(path));
  });
}

/**
 * Reads a file that nobody else may read. The file that is judged is the file that is read: both through one descriptor, which no link
 * leads to.
 * @param what it holds, as a message calls it.
 * @throws {KeyUnusable} when it is missing, a link, no plain file, another user's, or open to others. `PV-SEC-095`
 */
export function readPrivately(path: string, what = 'signing key'): Buffer {
  return judged(path, what, (file) => usable(path, () => readFileSync(file)));
}

/** Judges a file as {@link readPrivately} does, and leaves it unread. @throws {KeyUnusable} */
export function assertPrivateFile(path: string, what = 'signing key'): void {
  judged(path, what, () => {});
}

/** Follows no link, and waits for nobody who would write into a pipe. */
const READ = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

function judged<T>(path: string, what: string, use: (file: number) => T): T {
  const file = usable(path, () => openSync(path, READ), what);
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new KeyUnusable(`${path} is not a plain file: put the ${what} itself there`);
    assertPrivate(path, stat, '600');
    return use(file);
  } finally {
    closeSync(file);
  }
}

function writeDurably(path: string, content: string | Uint8Array): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Windows flushes no folders. */
function flush(directory: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(directory, 'r');
  fsyncSync(folder);
  closeSync(folder);
}

/** Windows has neither modes nor owners of this kind. */
function assertPrivate(path: string, stat: Stats, mode: string): void {
  if (process.geteuid === undefined) return;
  if (stat.uid !== process.geteuid()) throw new KeyUnusable(`${path} belongs to another user: chown it to the server's`);
  if ((stat.mode & 0o077) !== 0) throw new KeyUnusable(`${path} is open to other users: chmod ${mode} it`);
}

function usable<T>(path: string, act: () => T, what = 'signing key'): T {
  try {
    return act();
  } catch (cause) {
    throw new KeyUnusable(`${path}: ${explain(cause as NodeJS.ErrnoException, what)}`, { cause });
  }
}

function explain({ code, message }: NodeJS.ErrnoException, what: string): string {
  if (code === 'ENOENT') return `the file of a ${what} is missing: restore it from a backup, with the server's user as owner`;
  if (code === 'ELOOP') return `a link stands in place of the ${what}: put the file itself there`;
  return message;
}
