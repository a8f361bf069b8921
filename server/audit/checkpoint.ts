import { hash } from 'node:crypto';
import type { Checkpoint, CheckpointSigner, SignedCheckpoint } from '../core/audit.ts';
import { canonicalJson } from './canonical-json.ts';

/** Signs a checkpoint over its canonical JSON. */
export function signCheckpoint(checkpoint: Checkpoint, signer: CheckpointSigner): SignedCheckpoint {
  return { checkpoint, kid: signer.kid, signature: signer.sign(canonicalJson(checkpoint)) };
}

/** The hash by which the next checkpoint, and chains that begin after it, refer to this one. SHA-256 of its canonical JSON, hex. */
export function checkpointHash(checkpoint: Checkpoint): string {
  return hash('sha256', canonicalJson(checkpoint));
}
