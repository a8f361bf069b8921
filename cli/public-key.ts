import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import type { EpochSeconds } from '../server/core/time.ts';
import { Failure } from './failure.ts';
import { readInput } from './input.ts';
import { isRecord, parseJson } from './json.ts';

/** A public key as it is registered on a client. Contract §5.3 */
export type PublicKeyJwk = {
  readonly kty: 'RSA';
  readonly n: string;
  readonly e: string;
  readonly use: 'sig';
  readonly alg: string;
  readonly kid: string;
  readonly exp?: EpochSeconds;
  /** Base64 DER, leaf first. */
  readonly x5c?: readonly string[];
};

/**
 * Reads a public key, as a JWK or as PEM. A private key is refused: it has no business where it would be sent on. `PV-SEC-014`
 * @param kid its name; without one the JWK's, else the thumbprint. RFC 7638
 * @throws {Failure} `invalid`, naming the file
 */
export async function readPublicKey(file: string, kid?: string): Promise<PublicKeyJwk> {
  const text = await readInput(file);
  const jwk = text.trimStart().startsWith('{') ? readJwk(file, text) : undefined;
  if (/BEGIN [A-Z ]*PRIVATE KEY/.test(text)) throw privateKey(file);
  if (text.includes('BEGIN CERTIFICATE')) {
    throw new Failure('invalid', `${file} is a certificate`, { fix: `portvakt cert add CLIENT ${file} binds one to a client` });
  }
  const key = jwk ? fromJwk(file, jwk) : fromPem(file, text);
  const { alg, exp } = jwk ?? {};
  const members = {
    ...(typeof alg === 'string' && { alg }),
    ...(typeof exp === 'number' && { exp }),
    ...(kid !== undefined ? { kid } : typeof jwk?.kid === 'string' && { kid: jwk.kid }),
  };
  return toPublicJwk(key, members);
}

/**
 * Reads a certificate, alone or with its chain, as a key that is bound to it: it ends with the certificate at the latest.
 * @throws {Failure} `invalid`, naming the file
 */
export async function readCertificateKey(file: string, kid?: string): Promise<PublicKeyJwk> {
  const text = await readInput(file);
  const pems = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const chain = leafFirst(pems.map((pem) => readCertificate(file, pem)));
  const [leaf] = chain;
  if (!leaf) throw new Failure('invalid', `${file} holds no certificate in PEM form`);
  const exp = Math.floor(leaf.validToDate.getTime() / 1000);
  return toPublicJwk(leaf.publicKey, {
    exp,
    x5c: chain.map(({ raw }) => raw.toString('base64')),
    ...(kid !== undefined && { kid }),
  });
}

/** The members of a registered key, named by its thumbprint and good for RS256 unless told. */
export async function toPublicJwk(
  key: KeyObject,
  members: Partial<Pick<PublicKeyJwk, 'alg' | 'kid' | 'exp' | 'x5c'>> = {},
): Promise<PublicKeyJwk> {
  const { n = '', e = '' } = key.export({ format: 'jwk' });
  const { kid = await calculateJwkThumbprint({ kty: 'RSA', n, e }) } = members;
  return { kty: 'RSA', n, e, kid, use: 'sig', alg: 'RS256', ...members };
}

function readJwk(file: string, text: string): Readonly<Record<string, unknown>> {
  const jwk = parseJson(text);
  if (!isRecord(jwk)) throw new Failure('invalid', `${file} is no JWK`);
  if ('keys' in jwk) throw new Failure('invalid', `${file} is a set of keys; give one key`);
  if ('d' in jwk || 'k' in jwk) throw privateKey(file);
  return jwk;
}

function privateKey(file: string): Failure {
  const beside = `${file.replace(/\.pem$/, '')}.pub.jwk`;
  return new Failure('invalid', `${file} is a private key, which never leaves this machine; nothing was sent`, {
    fix: `give the public key, such as ${beside}`,
  });
}

function fromJwk(file: string, { kty, n, e }: Readonly<Record<string, unknown>>): KeyObject {
  if (kty !== 'RSA' || typeof n !== 'string' || typeof e !== 'string') throw new Failure('invalid', `${file} is no RSA key`);
  try {
    return createPublicKey({ key: { kty, n, e }, format: 'jwk' });
  } catch (cause) {
    throw new Failure('invalid', `${file} is no JWK that can be read`, { cause });
  }
}

function fromPem(file: string, text: string): KeyObject {
  try {
    const key = createPublicKey(text);
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch (cause) {
    throw new Failure('invalid', `${file} is no public key in PEM or JWK form`, {
      fix: 'portvakt key generate makes one',
      cause,
    });
  }
  throw new Failure('invalid', `${file} is no RSA key`);
}

function readCertificate(file: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new Failure('invalid', `${file}: a certificate in it cannot be read`, { cause });
  }
}

/** Many files hold the chain the other way round: the leaf is the one that has issued none of the others. */
function leafFirst(certificates: readonly X509Certificate[]): readonly X509Certificate[] {
  const leaf = certificates.find((one) => certificates.every((other) => other === one || !other.checkIssued(one)));
  return leaf ? [leaf, ...certificates.filter((other) => other !== leaf)] : certificates;
}
