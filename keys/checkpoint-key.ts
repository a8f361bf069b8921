import { type KeyObject, randomBytes, sign } from 'node:crypto';
import type { CheckpointKey, CheckpointSigner } from '../server/core/audit.ts';
import { sealPlain } from './key-care.ts';
import type { KeyPlace } from './key-change.ts';
import { generateKey } from './key-kind.ts';
import { publicJwk, thumbprint } from './thumbprint.ts';

/** Where the private keys lie, and where the public ones are registered. */
export type CheckpointKeyPlace = KeyPlace & {
  /** Whether keys in the clear are sealed now. */
  readonly sealsPlain?: boolean;
};

/** It has one state, and no life as the keys of tokens have. */
const SIGNS = { kinds: ['ed25519'], states: ['active'] } as const;

/**
 * Opens the key that signs checkpoints of the audit, Ed25519: the newest one registered whose file lies here. Where there is none, at
 * the first start or after the files were lost, one is made and registered; what older ones have signed can still be verified, because
 * every public key stays registered. `PV-SEC-107`
 * @throws {KeyUnusable} naming the file and the remedy. `PV-SEC-093`, `PV-SEC-095`
 * @throws {StoreUnavailable}
 */
export async function openCheckpointKey(place: CheckpointKeyPlace): Promise<CheckpointSigner> {
  const { folder, storage, clock, sealsPlain = false } = place;
  const at = Math.floor(clock.now());
  const found = newestHere(place, await storage.audit.keys()) ?? (await makeFirst(place, at));
  if (sealsPlain) {
    const keys = folder.plain().map((kid) => ({ kid, kinds: SIGNS.kinds, state: 'active' }) as const);
    await sealPlain({ folder, storage, at }, keys);
  }
  return signer(found, await folder.open(found, SIGNS));
}

function newestHere({ folder }: KeyPlace, keys: readonly CheckpointKey[]): string | undefined {
  const files = folder.names();
  return keys.findLast(({ kid }) => files.includes(kid))?.kid;
}

/** @returns the kid of the one that was made, by this process or another. */
async function makeFirst(place: KeyPlace, at: number): Promise<string> {
  const { folder, storage } = place;
  const key = await generateKey('EdDSA');
  const jwk = publicJwk(key);
  const kid = thumbprint(jwk);
  const sealed = await folder.seal(kid, key, 'active');
  return storage.transaction(async (changes) => {
    const other = newestHere(place, await changes.checkpointKeys.list());
    if (other !== undefined) return other;
    folder.put(kid, sealed);
    await changes.checkpointKeys.put({ kid, jwk, created: at });
    await changes.audit.append({
      type: 'audit.key_created',
      at,
      correlationId: randomBytes(16).toString('hex'),
      details: { kid },
    });
    return kid;
  });
}

function signer(kid: string, key: KeyObject): CheckpointSigner {
  return { kid, sign: (text) => sign(null, Buffer.from(text), key).toString('base64url') };
}
