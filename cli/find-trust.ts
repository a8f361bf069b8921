import { createHash } from 'node:crypto';
import type { ApiClient } from './api-client.ts';
import { readAll } from './api-list.ts';
import { OPERATE } from './api-scopes.ts';
import { readDerFiles } from './certificate-files.ts';
import { Failure } from './failure.ts';
import { type TrustEntry, trustEntry } from './trust-shapes.ts';

/** All trusted CAs, in the order of their ids. */
export async function trustedAuthorities(api: ApiClient): Promise<readonly TrustEntry[]> {
  return readAll(api, '/operator/trust', { shape: trustEntry, scopes: OPERATE });
}

/**
 * The trusted CA that is meant: by its id, the beginning of that, or the file of its certificate.
 * @throws {Failure} `not-found`; `usage` when several begin alike
 */
export async function findTrust(api: ApiClient, named: string): Promise<TrustEntry> {
  const isId = /^[0-9a-f]{8,64}$/.test(named);
  const id = isId ? named : await fingerprintOf(named);
  const [found, ...more] = (await trustedAuthorities(api)).filter((entry) => entry.id.startsWith(id));
  if (!found) throw new Failure('not-found', `${named} is not trusted here`, { fix: 'portvakt trust list' });
  if (more.length > 0) throw new Failure('usage', `${more.length + 1} ids begin with ${named}`, { fix: 'write more of it' });
  return found;
}

/** The file's one certificate. @throws {Failure} `invalid` */
export async function readAuthorityFile(file: string): Promise<Buffer> {
  const [der, ...more] = await readDerFiles([file], 'CERTIFICATE');
  if (der && more.length === 0) return der;
  throw new Failure('invalid', `${file} holds ${more.length + 1} certificates`, { fix: 'one CA certificate a file' });
}

async function fingerprintOf(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readAuthorityFile(file))
    .digest('hex');
}
