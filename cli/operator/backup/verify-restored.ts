import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { KeyUnusable } from '../../../keys/keystore.ts';
import { thumbprint } from '../../../keys/thumbprint.ts';
import { AuditBroken } from '../../../server/audit/line.ts';
import { AuditVerifier } from '../../../server/audit/verify.ts';
import type { Config } from '../../../server/config.ts';
import type { Storage } from '../../../server/core/ports.ts';
import { keyFolders } from '../../../server/foundations.ts';
import { bent } from '../../audit-file.ts';
import { Failure } from '../../failure.ts';
import { openAsRecorded } from '../signing-key-view.ts';

/** What is read of a store that was restored, committed or not. */
type Restored = {
  readonly signingKeys: Pick<Storage['signingKeys'], 'list'>;
  readonly audit: Pick<Storage['audit'], 'end' | 'lines' | 'keys'>;
};

/** Holds the whole audit of a store to its hashes and signatures. @returns how many records @throws {Failure} `unhealthy` */
export async function verifyAudit({ audit }: Restored): Promise<number> {
  const keys = (await audit.keys()).map(
    ({ kid, jwk }) => [kid, createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })] as const,
  );
  try {
    const { sequence, heads } = await audit.end();
    const verifier = new AuditVerifier(new Map(keys));
    for await (const line of audit.lines(sequence)) verifier.take(line);
    return verifier.end(heads).records;
  } catch (error) {
    throw error instanceof AuditBroken ? bent(error) : error;
  }
}

/**
 * Opens every private key that the store signs with.
 * @param keys the settings that say which master key they are sealed with.
 * @returns how many @throws {KeyUnusable | Failure} `unhealthy`
 */
export async function verifyKeys({ dataDir, keys }: Pick<Config, 'dataDir' | 'keys'>, storage: Restored): Promise<number> {
  const { signing, audit } = keyFolders({ dataDir, keys });
  const active = (await storage.signingKeys.list()).filter(({ state }) => state === 'active');
  for (const key of active) {
    if (thumbprint(key.jwk) !== key.kid)
      throw new KeyUnusable(`the signing key ${key.kid} is registered with another public key: restore another backup`);
    await openAsRecorded(signing, key);
  }
  const sealing = await storage.audit.keys();
  if (sealing.length === 0) return active.length;
  const found = audit.names();
  const newest = sealing.findLast(({ kid }) => found.includes(kid));
  if (!newest) throw new Failure('unhealthy', `${audit.directory} holds no key that seals the audit`);
  await audit.open(newest.kid, { kinds: ['ed25519'], states: ['active'] });
  return active.length + 1;
}
