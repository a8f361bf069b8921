import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { EpochSeconds } from '../server/core/time.ts';
import { KeyUnusable, readPrivately } from './key-file.ts';

/** Where the server's own certificate lies, with those that lead up to its authority, and the key of it. */
export type TlsFiles = { readonly certificate: string; readonly key: string };

/** What a server shows and proves in a TLS handshake. */
export type TlsIdentity = {
  /** PEM: the certificate first, then each one that issued the one before. */
  readonly chain: string;
  /** PEM, PKCS#8. */
  readonly key: string;
  readonly certificates: readonly X509Certificate[];
  /** When the first certificate of the chain to end does so. */
  readonly ends: EpochSeconds;
};

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * Reads certificate and key, and sees that they belong together. One that has ended is read all the same: whoever connects refuses it,
 * and a clock that is wrong is no reason to be gone.
 * @throws {KeyUnusable} naming the file and the remedy. `PV-SEC-064`, `PV-SEC-095`
 */
export function readTlsFiles({ certificate: path, key: keyPath }: TlsFiles): TlsIdentity {
  const certificates = readChain(path);
  const key = readKey(keyPath);
  const [leaf] = certificates;
  if (!leaf?.checkPrivateKey(key))
    throw new KeyUnusable(
      `${keyPath} is not the key of the first certificate in ${path}: put the two there that belong together`,
    );
  return {
    chain: certificates.map(String).join(''),
    key: String(key.export({ type: 'pkcs8', format: 'pem' })),
    certificates,
    ends: Math.min(...certificates.map(({ validToDate }) => validToDate.getTime() / 1000)),
  };
}

/** Whether the first certificate is for the host, a name or an address, by its alternative names alone. RFC 9525 §6.3 */
export function isForHost({ certificates: [leaf] }: TlsIdentity, host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '');
  const found = isIP(address) === 0 ? leaf?.checkHost(host, { subject: 'never' }) : leaf?.checkIP(address);
  return found !== undefined;
}

/** A certificate is no secret, and may be a link. */
function readChain(path: string): readonly X509Certificate[] {
  const found = read(path).match(CERTIFICATE) ?? [];
  if (found.length === 0)
    throw new KeyUnusable(`${path} holds no certificate in PEM: put the chain there, the server's own first`);
  const certificates = found.map((pem) => parse(pem, path));
  for (const [place, issued] of certificates.entries()) {
    const issuer = certificates[place + 1];
    if (issuer && !issued.checkIssued(issuer))
      throw new KeyUnusable(
        `certificate ${place + 2} in ${path} did not issue the one before it: order them, the server's own first`,
      );
  }
  return certificates;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new KeyUnusable(`the TLS certificate ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function parse(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new KeyUnusable(`${path} holds what is no certificate: ${(cause as Error).message}`, { cause });
  }
}

/** RSA of 2048 bits, or an elliptic curve: what public authorities certify. `PV-SEC-097` */
function readKey(path: string): KeyObject {
  const pem = readPrivately(path, 'TLS key');
  const key = parseKey(pem, path);
  const { asymmetricKeyType: type, asymmetricKeyDetails: { modulusLength = 0 } = {} } = key;
  if (type === 'ec' || type === 'ed25519' || (type === 'rsa' && modulusLength >= 2048)) return key;
  throw new KeyUnusable(`${path} is no RSA key of at least 2048 bits, nor one of an elliptic curve: have another certified`);
}

function parseKey(pem: Buffer, path: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, format: 'pem' });
  } catch (cause) {
    throw new KeyUnusable(`${path} is no unencrypted private key in PEM: write it anew, protected by mode 0600`, { cause });
  }
}
