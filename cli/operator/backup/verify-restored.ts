import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { openCheckpointKey } from '../../../keys/checkpoint-key.ts';
import { openKeystore } from '../../../keys/keystore.ts';
import { AuditBroken } from '../../../server/audit/line.ts';
import { AuditVerifier } from '../../../server/audit/verify.ts';
import type { Config } from '../../../server/config.ts';
import type { Clock, Storage } from '../../../server/core/ports.ts';
import { keyFolders } from '../../../server/foundations.ts';
import { bent } from '../../audit-file.ts';
import { Failure } from '../../failure.ts';

/** Holds the whole audit of a store to its hashes and signatures. @returns how many records @throws {Failure} `unhealthy` */
export async function verifyAudit({ audit }: Storage): Promise<number> {
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
export async function verifyKeys({ dataDir, keys }: Pick<Config, 'dataDir' | 'keys'>, storage: Storage): Promise<number> {
  const clock: Clock = { now: () => Date.now() / 1000 };
  const { signing, audit } = keyFolders({ dataDir, keys });
  const active = (await storage.signingKeys.list()).filter(({ state }) => state === 'active');
  if (active.length > 0) await openKeystore({ folder: signing, storage, clock, algorithms: active.map(({ alg }) => alg) });
  const sealing = await storage.audit.keys();
  if (sealing.length === 0) return active.length;
  const found = audit.names();
  if (!sealing.some(({ kid }) => found.includes(kid)))
    throw new Failure('unhealthy', `${audit.directory} holds no key that seals the audit`);
  await openCheckpointKey({ folder: audit, storage, clock });
  return active.length + 1;
}
