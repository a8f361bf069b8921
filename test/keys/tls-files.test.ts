import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmodSync, chownSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { KeyUnusable } from '../../keys/key-file.ts';
import { readTlsFiles } from '../../keys/tls-files.ts';
import { openTls } from '../../server/tls.ts';
import { chainFor, KEYS, NOW, writeTls } from '../operations/tls-files.ts';

const DAY = 86_400;

function refuses(t: Test, files: Parameters<typeof openTls>[0], message: RegExp): void {
  try {
    openTls(files);
    t.fail(`it is not refused: ${message}`);
  } catch (error) {
    t.ok(error instanceof KeyUnusable);
    t.match((error as Error).message, message);
  }
}

const pem = (key: KeyObject, options: object = {}) => key.export({ type: 'pkcs8', format: 'pem', ...options } as never) as string;

t.test('certificate and key are read where they belong together, and the chain ends with its first certificate', async (t) => {
  const files = writeTls(t.testdir({}), { ends: NOW + 5 * DAY });
  const { certificates, ends, chain } = readTlsFiles(files);
  t.equal(certificates.length, 2);
  t.equal(ends, NOW + 5 * DAY);
  t.equal(chain.match(/BEGIN CERTIFICATE/g)?.length, 2);
});

t.test('PV-SEC-095 a key that others may read, that is a link, or another user’s is refused, with the remedy', async (t) => {
  const files = writeTls(t.testdir({}));
  for (const mode of [0o640, 0o604, 0o620, 0o602, 0o644, 0o666]) {
    chmodSync(files.key, mode);
    refuses(t, files, /tls\.key is open to other users: chmod 600 it/);
  }
  chmodSync(files.key, 0o400);
  t.ok(readTlsFiles(files), 'read-only is enough');
  if (process.geteuid?.() === 0) {
    chownSync(files.key, 65534, 65534);
    refuses(t, files, /tls\.key belongs to another user: chown it/);
    chownSync(files.key, 0, 0);
  }
  renameSync(files.key, `${files.key}.real`);
  symlinkSync(`${files.key}.real`, files.key);
  refuses(t, files, /a link stands in place of the TLS key/);
  rmSync(files.key);
  refuses(t, files, /the file of a TLS key is missing/);
});

t.test('what is no certificate, no key, or not of one another is refused, and named', async (t) => {
  const files = writeTls(t.testdir({}));
  const [leaf = '', issuer = ''] = chainFor().split(/(?<=-----END CERTIFICATE-----\n)/);
  for (const [chain, message] of [
    ['', /tls\.pem holds no certificate in PEM/],
    [pem(KEYS.first.privateKey), /holds no certificate in PEM/],
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', /holds what is no certificate/],
    [`${issuer}${leaf}`, /certificate 2 in \S+ did not issue the one before it/],
    [`${leaf}${leaf}`, /certificate 2 in \S+ did not issue the one before it/],
    [chainFor({ key: KEYS.second }), /tls\.key is not the key of the first certificate in \S+tls\.pem/],
  ] as const) {
    writeFileSync(files.certificate, chain);
    refuses(t, files, message);
  }
  rmSync(files.certificate);
  refuses(t, files, /the TLS certificate \S+ cannot be read: ENOENT/);
  const other = writeTls(t.testdir({ b: {} }));
  for (const [key, message] of [
    ['', /is no unencrypted private key in PEM/],
    [pem(KEYS.first.privateKey, { cipher: 'aes-256-cbc', passphrase: 'x' }), /is no unencrypted private key in PEM/],
    [pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey), /is no RSA key of at least 2048 bits/],
    [pem(generateKeyPairSync('x25519').privateKey), /is no RSA key of at least 2048 bits/],
    [pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey), /is not the key of the first certificate/],
  ] as const) {
    writeFileSync(other.key, key);
    refuses(t, other, message);
  }
});

t.test('PV-SEC-064 a certificate that is not for the issuer’s host is refused: no client would connect', async (t) => {
  const files = writeTls(t.testdir({}), { names: ['token.example.no', '*.prove.example.no'] });
  for (const host of ['token.example.no', 'TOKEN.example.no', 'a.prove.example.no']) t.ok(openTls({ ...files, host }), host);
  for (const host of ['example.no', 'a.token.example.no', 'a.b.prove.example.no', 'localhost', '127.0.0.1', '[::1]'])
    refuses(t, { ...files, host }, /tls\.pem is not for .*, the issuer's host/);
  t.ok(openTls(files), 'behind a proxy nobody looks for it');
});
