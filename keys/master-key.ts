import { hkdfSync, randomBytes, scrypt } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { promisify } from 'node:util';
import type { KeySettings, MasterKeySetting } from '../server/core/settings.ts';
import { decrypt, encrypt } from './aead.ts';
import { KeyUnusable, makePrivately, readPrivately } from './key-file.ts';

/** A data key that a master key has wrapped, as a sealed file holds it. */
export type WrappedKey = {
  /** Which kind of master key wrapped it. */
  readonly kind: string;
  /** Which one of them. */
  readonly id: string;
  readonly data: string;
  /** What the master key is derived with, where it is derived. */
  readonly scrypt?: { readonly n: number; readonly r: number; readonly p: number; readonly salt: string };
};

/**
 * Wraps data keys and unwraps them: from a file, from a passphrase, or, where somebody writes it, by a key service or a token that never
 * shows its key. `PV-SEC-093`
 */
export interface MasterKey {
  /** @param bound what the wrapped key is bound to. @throws {KeyUnusable} */
  wrap(dataKey: Uint8Array, bound: Uint8Array): Promise<WrappedKey>;
  /** @returns the data key; or `another` master key has wrapped it, or it is `changed`. @throws {KeyUnusable} */
  unwrap(wrapped: WrappedKey, bound: Uint8Array): Promise<Uint8Array | 'another' | 'changed'>;
  /** Whether it, and no former one, has wrapped this. */
  hasWrapped(wrapped: WrappedKey): Promise<boolean>;
}

/** The master key of the settings; what a former one has wrapped it unwraps, and wraps nothing more by it. Opens no file yet. */
export function openMasterKey({ master, former }: Pick<KeySettings, 'master' | 'former'>): MasterKey {
  const current = open(master);
  if (!former) return current;
  const before = open(former);
  return {
    ...current,
    unwrap: async (wrapped, bound) => {
      const found = await current.unwrap(wrapped, bound);
      return found === 'another' ? before.unwrap(wrapped, bound) : found;
    },
  };
}

function open(setting: MasterKeySetting): MasterKey {
  return setting.kind === 'file' ? masterOfFile(setting) : masterOfPassphrase(setting);
}

/** What is made of the secret: one key that wraps, and a name for it that tells nothing. RFC 5869 */
type Derived = { readonly key: Uint8Array; readonly id: string };

function derive(secret: Uint8Array): Derived {
  const part = (name: string, length: number) =>
    Buffer.from(hkdfSync('sha256', secret, '', `portvakt master key: ${name}`, length));
  return { key: part('wrap', 32), id: part('id', 12).toString('base64url') };
}

function unwrapWith({ key, id }: Derived, wrapped: WrappedKey, bound: Uint8Array): Uint8Array | 'another' | 'changed' {
  return wrapped.id === id ? (decrypt(key, wrapped.data, bound) ?? 'changed') : 'another';
}

/** How long a master key in a file is, in bytes. */
const LENGTH = 32;

/** Makes a master key in a file of its own. @returns false when there is a file. @throws {KeyUnusable} */
export function makeMasterKeyFile(path: string): boolean {
  return makePrivately(path, randomBytes(LENGTH));
}

function masterOfFile({ file, mayBeMade }: MasterKeySetting): MasterKey {
  let known: Derived | undefined;
  const read = (): Derived => {
    known ??= derive(readKey(file));
    return known;
  };
  return {
    wrap: async (dataKey, bound) => {
      if (mayBeMade && !isThere(file)) makeMasterKeyFile(file);
      const { key, id } = read();
      return { kind: 'file', id, data: encrypt(key, dataKey, bound) };
    },
    unwrap: async (wrapped, bound) => (wrapped.kind === 'file' ? unwrapWith(read(), wrapped, bound) : 'another'),
    hasWrapped: async ({ kind, id }) => kind === 'file' && id === read().id,
  };
}

function isThere(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

function readKey(file: string): Buffer {
  const key = readPrivately(file, 'master key');
  if (key.length === LENGTH) return key;
  throw new KeyUnusable(
    `${file} holds ${key.length} bytes, and a master key has ${LENGTH}: restore it, or name a passphrase file as one`,
  );
}

/** Fewest and most rounds, in powers of two; the fewest take 128 MiB and about half a second. `PV-SEC-093`, RFC 7914 */
const ROUNDS = { n: 2 ** 17, most: 2 ** 20, r: 8, p: 1 } as const;

/** What a passphrase has to have at least, in characters, and a file of one at most, in bytes. */
const SHORTEST = 16;
const LARGEST = 1_024;

function masterOfPassphrase({ file }: MasterKeySetting): MasterKey {
  const derived = new Map<string, Promise<Derived>>();
  let wraps: NonNullable<WrappedKey['scrypt']> | undefined;
  const ofRounds = (rounds: NonNullable<WrappedKey['scrypt']>): Promise<Derived> => {
    const name = JSON.stringify([rounds.n, rounds.salt]);
    const made = derived.get(name) ?? stretch(readPassphrase(file), rounds);
    derived.set(name, made);
    return made;
  };
  const find = async ({ kind, id, scrypt: rounds }: WrappedKey): Promise<Derived | undefined> => {
    if (kind !== 'passphrase' || !rounds || !areAllowed(rounds)) return undefined;
    const found = await ofRounds(rounds);
    if (found.id !== id) return undefined;
    // What it wraps from now on takes no derivation of its own.
    wraps ??= rounds;
    return found;
  };
  return {
    wrap: async (dataKey, bound) => {
      wraps ??= { n: ROUNDS.n, r: ROUNDS.r, p: ROUNDS.p, salt: randomBytes(16).toString('base64url') };
      const { key, id } = await ofRounds(wraps);
      return { kind: 'passphrase', id, scrypt: wraps, data: encrypt(key, dataKey, bound) };
    },
    unwrap: async (wrapped, bound) => {
      const found = await find(wrapped);
      return found ? unwrapWith(found, wrapped, bound) : 'another';
    },
    hasWrapped: async (wrapped) => (await find(wrapped)) !== undefined,
  };
}

/** The file is not the master key's to trust: neither cheap rounds nor endless ones. */
function areAllowed({ n, r, p, salt }: NonNullable<WrappedKey['scrypt']>): boolean {
  const isPower = Number.isInteger(Math.log2(n));
  return isPower && n >= ROUNDS.n && n <= ROUNDS.most && r === ROUNDS.r && p === ROUNDS.p && salt.length >= 22;
}

async function stretch(passphrase: Buffer, { n, r, p, salt }: NonNullable<WrappedKey['scrypt']>): Promise<Derived> {
  const run = promisify<Buffer, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt);
  return derive(await run(passphrase, Buffer.from(salt, 'base64url'), 32, { N: n, r, p, maxmem: 256 * n * r }));
}

/** Without the line end that editors leave. */
function readPassphrase(file: string): Buffer {
  const bytes = readPrivately(file, 'passphrase');
  const text = bytes.toString('utf8').replace(/\r?\n$/, '');
  if (bytes.length > LARGEST)
    throw new KeyUnusable(`${file} holds more than ${LARGEST} bytes: a passphrase stands in a line of its own`);
  if ([...text].length >= SHORTEST) return Buffer.from(text);
  throw new KeyUnusable(`${file} holds a passphrase of fewer than ${SHORTEST} characters: choose a longer one`);
}
