import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { CheckpointKey, CheckpointSigner } from '../server/core/audit.ts';
import type { Clock, Storage } from '../server/core/ports.ts';
import { listKeyFiles, preparePrivateFolder, readKeyFile, writeKeyFile } from './key-file.ts';
import { publicJwk, thumbprint } from './thumbprint.ts';

/** Where the private keys lie, one PEM file each, named by `kid`; and where the public ones are registered. */
export type CheckpointKeyPlace = { readonly directory: string; readonly storage: Storage; readonly clock: Clock };

/**
 * Opens the key that signs checkpoints of the audit, Ed25519: the newest one registered whose file lies here. Where there is none, at
 * the first start or after the files were lost, one is made and registered; what older ones have signed can still be verified, because
 * every public key stays registered. `PV-SEC-107`
 * @throws {KeyUnusable} naming the file and the remedy. `PV-SEC-095`
 * @throws {StoreUnavailable}
 */
export async function openCheckpointKey({ directory, storage, clock }: CheckpointKeyPlace): Promise<CheckpointSigner> {
  preparePrivateFolder(directory);
  const find = (keys: readonly CheckpointKey[]): CheckpointSigner | undefined => {
    const files = listKeyFiles(directory);
    const key = keys.findLast(({ kid }) => files.includes(kid));
    return key && signer(key.kid, readKeyFile(directory, key.kid, ['ed25519']));
  };
  const found = find(await storage.audit.keys());
  if (found) return found;
  return storage.transaction(async (changes) => {
    const other = find(await changes.checkpointKeys.list());
    if (other) return other;
    const { privateKey } = generateKeyPairSync('ed25519');
    const jwk = publicJwk(privateKey);
    const key = { kid: thumbprint(jwk), jwk, created: Math.floor(clock.now()) };
    writeKeyFile(directory, key.kid, privateKey);
    await changes.checkpointKeys.put(key);
    await changes.audit.append({
      type: 'audit.key_created',
      at: key.created,
      correlationId: randomBytes(16).toString('hex'),
      details: { kid: key.kid },
    });
    return signer(key.kid, privateKey);
  });
}

function signer(kid: string, key: KeyObject): CheckpointSigner {
  return { kid, sign: (text) => sign(null, Buffer.from(text), key).toString('base64url') };
}
