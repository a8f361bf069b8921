import { createPrivateKey, type KeyObject, randomBytes } from 'node:crypto';
import { SIGNING_KEY_STATES, type SigningKeyState } from '../server/core/signing-key.ts';
import { decrypt, encrypt } from './aead.ts';
import type { MasterKey, WrappedKey } from './master-key.ts';

/** What a private key is for: one that signs tokens never seals the audit, whoever renames its file. */
export const PURPOSES = ['token-signing', 'audit-checkpoint'] as const;
export type KeyPurpose = (typeof PURPOSES)[number];

/** What a sealed key is bound to: it opens as no other key, for nothing else and in no other state. `PV-SEC-093` */
export type Seal = { readonly kid: string; readonly purpose: KeyPurpose; readonly state: SigningKeyState };

/** A private key under a data key of its own, which a master key has wrapped. */
export type SealedKey = Seal & { readonly wrapped: WrappedKey; readonly key: string };

/** Seals a private key. @throws {KeyUnusable} where the master key cannot be used */
export async function sealKey(key: KeyObject, { kid, purpose, state }: Seal, master: MasterKey): Promise<SealedKey> {
  const seal = { kid, purpose, state };
  const dataKey = randomBytes(32);
  const plain = key.export({ type: 'pkcs8', format: 'der' });
  try {
    return { ...seal, wrapped: await master.wrap(dataKey, bound(seal)), key: encrypt(dataKey, plain, bound(seal)) };
  } finally {
    dataKey.fill(0);
    plain.fill(0);
  }
}

/** The private key; or `another` master key has sealed it, or a byte of it was `changed`. @throws {KeyUnusable} as {@link sealKey} */
export async function unsealKey(sealed: SealedKey, master: MasterKey): Promise<KeyObject | 'another' | 'changed'> {
  const dataKey = await master.unwrap(sealed.wrapped, bound(sealed));
  if (typeof dataKey === 'string') return dataKey;
  const plain = decrypt(dataKey, sealed.key, bound(sealed));
  dataKey.fill(0);
  if (!plain) return 'changed';
  try {
    return createPrivateKey({ key: plain, format: 'der', type: 'pkcs8' });
  } finally {
    plain.fill(0);
  }
}

/** The same sealed key, its data key wrapped by the master key that is used now. `PV-SEC-101` */
export async function rewrapKey(sealed: SealedKey, master: MasterKey): Promise<SealedKey | 'another' | 'changed'> {
  const dataKey = await master.unwrap(sealed.wrapped, bound(sealed));
  if (typeof dataKey === 'string') return dataKey;
  const wrapped = await master.wrap(dataKey, bound(sealed));
  dataKey.fill(0);
  return { ...sealed, wrapped };
}

/** The associated data of both encryptions. */
function bound({ kid, purpose, state }: Seal): Buffer {
  return Buffer.from(JSON.stringify([FORMAT, kid, purpose, state]));
}

/** Names the form of the file, and its version. */
const FORMAT = 'portvakt sealed key 1';

/** A sealed key as its file holds it. */
export function writeSealedKey({ kid, purpose, state, wrapped, key }: SealedKey): string {
  return `${JSON.stringify({ format: FORMAT, kid, purpose, state, wrapped, key }, null, 2)}\n`;
}

/** Reads a file. @returns undefined for anything that is none, or of another version */
export function readSealedKey(text: string): SealedKey | undefined {
  const value = parse(text);
  if (!isRecord(value) || value.format !== FORMAT) return undefined;
  const { kid, purpose, state, wrapped, key } = value;
  const purposeKnown = PURPOSES.find((known) => known === purpose);
  const stateKnown = SIGNING_KEY_STATES.find((known) => known === state);
  if (typeof kid !== 'string' || typeof key !== 'string' || !isWrapped(wrapped) || !purposeKnown || !stateKnown) return undefined;
  return { kid, purpose: purposeKnown, state: stateKnown, wrapped, key };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isWrapped(value: unknown): value is WrappedKey {
  if (!isRecord(value)) return false;
  const { kind, id, data, scrypt } = value;
  return [kind, id, data].every((member) => typeof member === 'string') && (scrypt === undefined || isRounds(scrypt));
}

function isRounds(value: unknown): boolean {
  return isRecord(value) && [value.n, value.r, value.p].every(Number.isSafeInteger) && typeof value.salt === 'string';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
