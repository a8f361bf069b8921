import { createPublicKey, type KeyObject } from 'node:crypto';
import type { PublicJwk } from '../../server/core/client.ts';
import { ed25519Flaw } from '../ed25519-point.ts';
import { CURVES, type KeyHolder, rsaFlaw } from '../key-policy.ts';
import type { Algorithm, Certificate, PublicKeyInfo } from './certificate.ts';
import { Members, positiveInteger, readDer, readOid, TAG } from './der.ts';
import { Refusal } from './refusal.ts';

const RSA_ENCRYPTION = '1.2.840.113549.1.1.1';
export const EC_PUBLIC_KEY = '1.2.840.10045.2.1';
/** The same for keys and for signatures. RFC 8410 §3 */
export const ED25519 = '1.3.101.112';
const NULL = Buffer.from([TAG.null, 0]);

/**
 * The public key of a certificate, checked before any library works with it: RSA by its numbers, EC on a named curve by its
 * uncompressed point, Ed25519 by its point. RFC 3279 §2.3.1, RFC 5480 §2, RFC 8410 §4, `PV-SEC-013`
 * @throws {Refusal} key_policy
 */
export function readPublicKey(info: PublicKeyInfo, holder: KeyHolder): PublicJwk {
  const kept = checked[holder].get(info);
  if (kept) return kept;
  const jwk = readAnyKey(info, holder);
  checked[holder].set(info, jwk);
  return jwk;
}

/** Kept as long as what they were read from: an issuer's key is asked for again with every chain below it. */
const checked: Readonly<Record<KeyHolder, WeakMap<PublicKeyInfo, PublicJwk>>> = { end_entity: new WeakMap(), ca: new WeakMap() };

function readAnyKey(info: PublicKeyInfo, holder: KeyHolder): PublicJwk {
  switch (info.algorithm.oid) {
    case RSA_ENCRYPTION:
      return readRsaKey(info, holder);
    case EC_PUBLIC_KEY:
      return readEcKey(info);
    case ED25519:
      return readEd25519Key(info);
    default:
      throw new Refusal('key_policy', `a key of type ${info.algorithm.oid}`);
  }
}

/** Kept as long as the certificate itself: those of the trust entries are prepared once. */
const prepared = new WeakMap<Certificate, KeyObject>();

/** The key that an issuer's signatures are verified with. @throws {Refusal} key_policy */
export function issuerKey(issuer: Certificate): KeyObject {
  const kept = prepared.get(issuer);
  if (kept) return kept;
  readPublicKey(issuer.publicKey, 'ca');
  const key = load(issuer.publicKey);
  prepared.set(issuer, key);
  return key;
}

function readRsaKey({ algorithm, key }: PublicKeyInfo, holder: KeyHolder): PublicJwk {
  if (!algorithm.parameters?.equals(NULL)) throw new Refusal('key_policy', 'an RSA key with parameters');
  const members = new Members(readDer(key));
  const n = positiveInteger(members.take(TAG.integer));
  const e = positiveInteger(members.take(TAG.integer));
  members.end();
  const flaw = rsaFlaw({ n, e }, holder);
  if (flaw !== undefined) throw new Refusal('key_policy', flaw);
  return { kty: 'RSA', n: n.toString('base64url'), e: e.toString('base64url') };
}

/** OpenSSL reads no point that is not on its curve. */
function readEcKey(info: PublicKeyInfo): PublicJwk {
  const curve = CURVES.get(namedCurve(info.algorithm));
  const [form, ...point] = info.key;
  if (!curve || form !== 0x04 || point.length !== 2 * curve.octets)
    throw new Refusal('key_policy', 'an EC key of another curve or form');
  load(info);
  const x = Buffer.from(point.slice(0, curve.octets));
  const y = Buffer.from(point.slice(curve.octets));
  return { kty: 'EC', crv: curve.crv, x: x.toString('base64url'), y: y.toString('base64url') };
}

function readEd25519Key({ algorithm, key }: PublicKeyInfo): PublicJwk {
  const flaw = algorithm.parameters ? 'an Ed25519 key with parameters' : ed25519Flaw(key);
  if (flaw !== undefined) throw new Refusal('key_policy', flaw);
  return { kty: 'OKP', crv: 'Ed25519', x: key.toString('base64url') };
}

function namedCurve({ parameters }: Algorithm): string {
  if (parameters?.[0] !== TAG.oid) throw new Refusal('key_policy', 'an EC key without a named curve');
  return readOid(readDer(parameters));
}

function load({ der }: PublicKeyInfo): KeyObject {
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch (cause) {
    throw new Refusal('key_policy', 'a key that cannot be read', { cause });
  }
}
