import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Authority, COMMON_NAME, issue, type KeyPair, makeKeyPair, makeTestCa } from '../../fixtures/test-ca.ts';
import type { TlsSettings } from '../../server/config.ts';
import { DAY, type EpochSeconds } from '../../server/core/time.ts';

export const NOW = Math.floor(Date.now() / 1000);

/** An authority, and two keys to have certified: made once a process. */
const [ca, first, second] = await Promise.all([makeTestCa({ now: NOW }), makeKeyPair(), makeKeyPair()]);

/** What clients trust. */
export const ROOT = ca.root.certificate.pem;
export const KEYS = { first, second } as const;

/** What a certificate of a server shall say. */
export type Wishes = {
  readonly names?: readonly string[];
  readonly ends?: EpochSeconds;
  readonly key?: KeyPair;
  readonly issuer?: Authority;
};

/** A certificate for TLS with the CA that issued it, in PEM. RFC 5280 §4.2.1.6 */
export function chainFor({
  names = ['localhost'],
  ends = NOW + 90 * DAY,
  key = first,
  issuer = ca.issuing,
}: Wishes = {}): string {
  const certificate = issue(issuer, {
    subject: [{ type: COMMON_NAME, value: 'Portvakt Test Server' }],
    publicKey: key.publicKey,
    ...{ notBefore: NOW - 200 * DAY, notAfter: ends },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: names.map((value) => ({ type: 2, value })) },
    ],
  });
  return `${certificate.pem}${issuer.certificate.pem}`;
}

/** Writes chain and key into the folder as a configuration names them. */
export function writeTls(folder: string, wishes: Wishes = {}): Pick<TlsSettings, 'certificate' | 'key'> {
  const files = { certificate: join(folder, 'tls.pem'), key: join(folder, 'tls.key') };
  writeFileSync(files.certificate, chainFor(wishes));
  const { privateKey } = wishes.key ?? first;
  writeFileSync(files.key, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return files;
}
