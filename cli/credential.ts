import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { Failure } from './failure.ts';
import { isRecord, parseJson } from './json.ts';
import { type PasswordSource, readPassword } from './password.ts';
import { openP12 } from './pkcs12.ts';
import type { Terminal } from './terminal.ts';

/** What a client signs with, and the header by which the token endpoint finds the key. Contract §1.3 */
export type Credential = {
  readonly key: KeyObject;
  readonly header: { readonly alg: string } & ({ readonly kid: string } | { readonly x5c: readonly string[] });
};

/** Where the key lies, as flags say it. */
export type CredentialOptions = PasswordSource & {
  readonly key?: string;
  readonly cert?: string;
  readonly p12?: string;
  readonly kid?: string;
};

/**
 * Reads what the client signs with: a PEM or JWK file, named by `kid`; a PEM file with its certificate chain; or a PKCS#12 file.
 * @throws {Failure} naming the file and what is wrong with it
 */
export async function readCredential(options: CredentialOptions, terminal: Terminal): Promise<Credential> {
  const { key: keyFile, cert, p12 } = options;
  if (p12 !== undefined) return fromP12(p12, options, terminal);
  if (keyFile === undefined) throw new Failure('usage', 'there is no key to sign with', { fix: 'give --key FILE or --p12 FILE' });
  await warnIfOpen(keyFile, terminal);
  const { key, kid, alg = 'RS256' } = await readKey(keyFile, options, terminal);
  assertStrong(key, keyFile);
  if (cert !== undefined) return { key, header: { alg, x5c: chain(splitPem(await readFile(cert, 'utf8')), key, cert) } };
  return { key, header: { alg, kid: options.kid ?? kid ?? (await publicKid(keyFile, key)) } };
}

async function fromP12(file: string, options: CredentialOptions, terminal: Terminal): Promise<Credential> {
  await warnIfOpen(file, terminal);
  const der = await readFile(file);
  const opened = (await openP12(file, der, '')) ?? (await openP12(file, der, await readPassword(file, options, terminal)));
  if (!opened) throw new Failure('invalid', `${file}: the password is wrong`);
  const key = createPrivateKey(opened.key);
  assertStrong(key, file);
  return { key, header: { alg: 'RS256', x5c: chain(opened.certificates, key, file) } };
}

/** A key that others can read is used all the same: it is the user's own to judge. */
async function warnIfOpen(file: string, terminal: Terminal): Promise<void> {
  const { mode } = await stat(file);
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    terminal.warn(`${file} can be read by other users of this machine; chmod 600 ${file}`);
  }
}

type KeyInFile = { readonly key: KeyObject; readonly kid?: string; readonly alg?: string };

async function readKey(file: string, options: CredentialOptions, terminal: Terminal): Promise<KeyInFile> {
  const text = await readFile(file, 'utf8');
  if (text.trimStart().startsWith('{')) return readJwk(file, text);
  const encrypted = /BEGIN ENCRYPTED PRIVATE KEY|^Proc-Type: 4,ENCRYPTED/m.test(text);
  const passphrase = encrypted ? await readPassword(file, options, terminal) : undefined;
  try {
    return { key: createPrivateKey({ key: text, ...(passphrase !== undefined && { passphrase }) }) };
  } catch (cause) {
    const why = encrypted ? 'the password is wrong, or it is no private key' : 'it is no private key in PEM or JWK form';
    throw new Failure('invalid', `${file}: ${why}`, { fix: 'portvakt key generate makes one', cause });
  }
}

function readJwk(file: string, text: string): KeyInFile {
  try {
    const jwk = JSON.parse(text) as JWK;
    const key = createPrivateKey({ key: jwk, format: 'jwk' });
    return { key, ...(jwk.kid !== undefined && { kid: jwk.kid }), ...(jwk.alg !== undefined && { alg: jwk.alg }) };
  } catch (cause) {
    throw new Failure('invalid', `${file}: it is no private JWK`, { cause });
  }
}

/** What the token endpoint would refuse anyway. `PV-SEC-013` */
function assertStrong(key: KeyObject, file: string): void {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType === 'rsa' && bits >= 2048) return;
  const found = key.asymmetricKeyType === 'rsa' ? `an RSA key of ${bits} bits` : `a key of type ${key.asymmetricKeyType}`;
  throw new Failure('invalid', `${file} holds ${found}; an RSA key of 2048 bits or more is needed`);
}

/** The certificates as `x5c` has them, the key's own first: many files hold the chain the other way round. */
function chain(pems: readonly string[], key: KeyObject, file: string): readonly string[] {
  const certificates = pems.map((pem) => readCertificate(pem, file));
  const leaf = certificates.find((certificate) => certificate.checkPrivateKey(key));
  if (!leaf) throw new Failure('invalid', `${file}: no certificate in it belongs to the key`);
  return [leaf, ...certificates.filter((other) => other !== leaf)].map(({ raw }) => raw.toString('base64'));
}

function readCertificate(pem: string, file: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new Failure('invalid', `${file}: a certificate in it cannot be read`, { cause });
  }
}

function splitPem(text: string): readonly string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

/** The name in the public key that `key generate` put beside the private one, else the thumbprint. RFC 7638 */
async function publicKid(keyFile: string, key: KeyObject): Promise<string> {
  const jwk = key.export({ format: 'jwk' });
  const text = await readFile(publicFileOf(keyFile), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  const beside: unknown = parseJson(text ?? '');
  if (isRecord(beside) && beside.n === jwk.n && typeof beside.kid === 'string') return beside.kid;
  return calculateJwkThumbprint({ kty: 'RSA', n: jwk.n ?? '', e: jwk.e ?? '' });
}

/** Where the public key of a private key file lies: `bygg.pem` has `bygg.pub.jwk` beside it. */
export function publicFileOf(keyFile: string): string {
  return `${keyFile.replace(/\.pem$/, '')}.pub.jwk`;
}
