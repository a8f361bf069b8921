import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { join } from 'node:path';
import { openCheckpointKey } from '../../../keys/checkpoint-key.ts';
import { listKeyFiles } from '../../../keys/key-file.ts';
import { openKeystore } from '../../../keys/keystore.ts';
import { AuditBroken } from '../../../server/audit/line.ts';
import { AuditVerifier } from '../../../server/audit/verify.ts';
import type { Clock, Storage } from '../../../server/core/ports.ts';
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

/** Reads every private key that the store names. @returns how many @throws {KeyUnusable | Failure} `unhealthy` */
export async function verifyKeys(dataDir: string, storage: Storage): Promise<number> {
  const clock: Clock = { now: () => Date.now() / 1000 };
  const signing = await storage.signingKeys.list();
  const directory = join(dataDir, 'keys');
  if (signing.length > 0) await openKeystore({ directory, storage, clock, algorithms: signing.map(({ alg }) => alg) });
  const sealing = await storage.audit.keys();
  const folder = join(dataDir, 'audit-keys');
  if (sealing.length === 0) return signing.length;
  const files = listKeyFiles(folder);
  if (!sealing.some(({ kid }) => files.includes(kid)))
    throw new Failure('unhealthy', `${folder} holds no key that seals the audit`);
  await openCheckpointKey({ directory: folder, storage, clock });
  return signing.length + 1;
}
