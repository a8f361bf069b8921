import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { constants } from 'node:fs';
import { access, link, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { publicFileOf } from './credential.ts';
import { Failure } from './failure.ts';
import { type PublicKeyJwk, toPublicJwk } from './public-key.ts';

/** A key pair in two files: the private key as PEM, the public one as a JWK beside it. */
export type KeyFiles = { readonly privateFile: string; readonly publicFile: string; readonly jwk: PublicKeyJwk };

/** What kind of key is made. */
export type KeyWish = { readonly bits: number; readonly kid?: string };

/** Makes an RSA key pair in memory. */
export async function makeKeyPair({
  bits,
  kid,
}: KeyWish): Promise<{ readonly privateKey: KeyObject; readonly jwk: PublicKeyJwk }> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: bits });
  return { privateKey, jwk: await toPublicJwk(createPublicKey(privateKey), kid === undefined ? {} : { kid }) };
}

/** Makes a key pair in two files that do not exist: both or neither. @throws {Failure} `conflict` */
export async function makeKeyFiles(out: string, wish: KeyWish): Promise<KeyFiles> {
  const publicFile = publicFileOf(out);
  for (const file of [out, publicFile]) await assertAbsent(file);
  const { privateKey, jwk } = await makeKeyPair(wish);
  await writeWhole(out, privateKey.export({ type: 'pkcs8', format: 'pem' }), 0o600);
  try {
    await writePublicFile(publicFile, jwk);
  } catch (error) {
    await rm(out);
    throw error;
  }
  return { privateFile: out, publicFile, jwk };
}

/** Writes the public key beside the private one. */
export async function writePublicFile(file: string, jwk: PublicKeyJwk): Promise<void> {
  await writeWhole(file, `${JSON.stringify(jwk, null, 2)}\n`, 0o666);
}

/** Whether there is such a file. */
export async function isThere(file: string): Promise<boolean> {
  return access(file, constants.F_OK).then(
    () => true,
    () => false,
  );
}

async function assertAbsent(file: string): Promise<void> {
  if (await isThere(file))
    throw new Failure('conflict', `${file} exists, and no key is overwritten`, { fix: 'choose another name with --out' });
}

/** The file with its whole text or no file, whenever the process ends; one that exists is not touched. */
async function writeWhole(file: string, text: string | Buffer, mode: number): Promise<void> {
  const draft = `${file}.${process.pid}.draft`;
  try {
    await writeFile(draft, text, { mode, flag: 'wx' });
    await link(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
}
