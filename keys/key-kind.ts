import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { SigningAlgorithm } from '../server/core/signing-algorithm.ts';
import { KeyUnusable, readPrivately } from './key-file.ts';

/** The kinds of private keys that there are here, and how a message calls them. `PV-SEC-097` */
const KINDS = { rsa: 'RSA key of at least 2048 bits', ec: 'P-256 key', ed25519: 'Ed25519 key' } as const;

export type KeyKind = keyof typeof KINDS;

/** The kind of key that each algorithm signs with. RFC 7518 §3.1, RFC 8037 §3.1 */
export const KIND_OF: Readonly<Record<SigningAlgorithm, KeyKind>> = { RS256: 'rsa', PS256: 'rsa', ES256: 'ec', EdDSA: 'ed25519' };

/** A size that every verifier of RS256 handles, and the cheapest that is safe before 2030. `PV-SEC-097` */
const MODULUS_LENGTH = 2048;

/** Makes a private key for the algorithm. */
export async function generateKey(alg: SigningAlgorithm): Promise<KeyObject> {
  const make = promisify(generateKeyPair);
  const kind = KIND_OF[alg];
  if (kind === 'rsa') return (await make('rsa', { modulusLength: MODULUS_LENGTH })).privateKey;
  if (kind === 'ec') return (await make('ec', { namedCurve: 'P-256' })).privateKey;
  return (await make('ed25519')).privateKey;
}

/**
 * Reads a private key of one of these kinds that lies in the clear.
 * @throws {KeyUnusable} when it is missing, a link, another user's, open to others, or no such key
 */
export function readPrivateKey(path: string, kinds: readonly KeyKind[] = ['rsa']): KeyObject {
  return assertKind(path, parse(path, readPrivately(path)), kinds);
}

/** The key, when it is of one of these kinds. @throws {KeyUnusable} */
export function assertKind(path: string, key: KeyObject, kinds: readonly KeyKind[]): KeyObject {
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

function parse(path: string, pem: Buffer): KeyObject {
  try {
    return createPrivateKey({ key: pem, format: 'pem' });
  } catch (cause) {
    throw new KeyUnusable(`${path} is no unencrypted private key in PEM: restore it from a backup`, { cause });
  }
}
