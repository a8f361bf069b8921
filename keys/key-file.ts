import { createPrivateKey, type KeyObject } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** A private key of the server's cannot be used as it lies there. The message names the file and the remedy. `PV-SEC-095` */
export class KeyUnusable extends Error {
  override readonly name = 'KeyUnusable';
}

/** Makes the folder for private keys, mode 0700, or sees that it is one. @throws {KeyUnusable} */
export function preparePrivateFolder(directory: string): void {
  usable(directory, () => mkdirSync(directory, { recursive: true, mode: 0o700 }));
  const stat = lstatSync(directory);
  if (!stat.isDirectory()) throw new KeyUnusable(`${directory} is not a folder: put the keys in a folder of their own`);
  assertPrivate(directory, stat, '700');
}

/** The `kid`s of all key files in the folder. @throws {KeyUnusable} */
export function listKeyFiles(directory: string): readonly string[] {
  return usable(directory, () => readdirSync(directory))
    .filter((name) => name.endsWith('.pem'))
    .map((name) => name.slice(0, -'.pem'.length));
}

/**
 * Writes a private key as PKCS#8 PEM, mode 0600, so that after a crash the file is there whole or not at all. It lies safely on
 * the disk when this returns. Synchronous: it stands inside a transaction of the store.
 * @throws {KeyUnusable}
 */
export function writeKeyFile(directory: string, kid: string, key: KeyObject): void {
  const path = keyPath(directory, kid);
  const half = `${path}.new`;
  usable(path, () => {
    writeDurably(half, key.export({ type: 'pkcs8', format: 'pem' }));
    renameSync(half, path);
    if (process.platform !== 'win32') flush(directory);
  });
}

/** Reads the key of that name. @throws {KeyUnusable} as {@link readPrivateKey} */
export function readKeyFile(directory: string, kid: string, kinds: readonly KeyKind[]): KeyObject {
  return readPrivateKey(keyPath(directory, kid), kinds);
}

/** The kinds of private keys that there are here, and how a message calls them. `PV-SEC-097` */
const KINDS = { rsa: 'RSA key of at least 2048 bits', ec: 'P-256 key', ed25519: 'Ed25519 key' } as const;

export type KeyKind = keyof typeof KINDS;

/**
 * Reads a private key of one of these kinds.
 * @throws {KeyUnusable} when it is missing, a link, another user's, open to others, or no such key
 */
export function readPrivateKey(path: string, kinds: readonly KeyKind[] = ['rsa']): KeyObject {
  const key = parse(path, readPrivately(path));
  if (kinds.some((kind) => isOf(kind, key))) return key;
  throw new KeyUnusable(`${path} is no ${kinds.map((kind) => KINDS[kind]).join(', nor a ')}: put the right one there`);
}

function isOf(
  kind: KeyKind,
  { asymmetricKeyType, asymmetricKeyDetails: { modulusLength = 0, namedCurve } = {} }: KeyObject,
): boolean {
  if (asymmetricKeyType !== kind) return false;
  return kind === 'rsa' ? modulusLength >= 2048 : kind === 'ed25519' || namedCurve === 'prime256v1';
}

/** Where the key of that name lies. */
export function keyPath(directory: string, kid: string): string {
  return join(directory, `${kid}.pem`);
}

function writeDurably(path: string, text: string | Buffer): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function flush(directory: string): void {
  const folder = openSync(directory, 'r');
  fsyncSync(folder);
  closeSync(folder);
}

/** The file that is judged is the file that is read: both through one descriptor, which no link leads to. */
function readPrivately(path: string): string {
  const file = usable(path, () => openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)));
  try {
    assertPrivate(path, fstatSync(file), '600');
    return usable(path, () => readFileSync(file, 'utf8'));
  } finally {
    closeSync(file);
  }
}

function parse(path: string, pem: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, format: 'pem' });
  } catch (cause) {
    throw new KeyUnusable(`${path} is no unencrypted private key in PEM: restore it from a backup`, { cause });
  }
}

/** Windows has neither modes nor owners of this kind. */
function assertPrivate(path: string, stat: Stats, mode: string): void {
  if (process.geteuid === undefined) return;
  if (stat.uid !== process.geteuid()) throw new KeyUnusable(`${path} belongs to another user: chown it to the server's`);
  if ((stat.mode & 0o077) !== 0) throw new KeyUnusable(`${path} is open to other users: chmod ${mode} it`);
}

function usable<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    throw new KeyUnusable(`${path}: ${explain(cause as NodeJS.ErrnoException)}`, { cause });
  }
}

function explain({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return "the file of a signing key is missing: restore it from a backup, with the server's user as owner";
  if (code === 'ELOOP') return 'a link stands in place of the signing key: put the file itself there';
  return message;
}
