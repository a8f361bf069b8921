import { canonicalJson } from '../../audit/canonical-json.ts';
import { ORIGIN } from '../../audit/chain.ts';
import { checkpointHash, signCheckpoint } from '../../audit/checkpoint.ts';
import type { ChainHead, Checkpoint, CheckpointSigner, SignedCheckpoint } from '../../core/audit.ts';
import type { EpochSeconds } from '../../core/time.ts';

/** Most records between two checkpoints, as near as commits are large. `PV-SEC-107` */
export const CHECKPOINT_EVERY = 1_000;

/** A checkpoint as the table holds it. */
export type CheckpointRow = {
  readonly number: number;
  readonly at: EpochSeconds;
  readonly sequence: number;
  readonly whole: boolean;
  readonly text: string;
  readonly kid: string;
  readonly signature: string;
  readonly hash: Buffer;
};

/** What the next checkpoint has to know of the last. */
export type LastCheckpoint = Pick<CheckpointRow, 'number' | 'at' | 'sequence' | 'whole' | 'hash'>;

/** Before the first one. */
export const NO_CHECKPOINT: LastCheckpoint = { number: 0, at: 0, sequence: 0, whole: true, hash: Buffer.from(ORIGIN, 'hex') };

/** A checkpoint that is to be made behind another, up to a record. */
export type Due = {
  readonly last: LastCheckpoint;
  readonly sequence: number;
  readonly at: EpochSeconds;
  readonly whole: boolean;
  readonly chains: ChainHead[];
};

/** Signs a checkpoint. @returns it as the table holds it */
export function checkpointRow({ last, chains, ...due }: Due, signer: CheckpointSigner): CheckpointRow {
  const previous = last.hash.toString('hex');
  const { checkpoint, kid, signature } = signCheckpoint({ ...due, number: last.number + 1, chains, previous }, signer);
  const hash = Buffer.from(checkpointHash(checkpoint), 'hex');
  return { ...due, number: checkpoint.number, text: canonicalJson(checkpoint), kid, signature, hash };
}

/** What is exported of a checkpoint, and where it stands. */
export type SignedRow = Pick<CheckpointRow, 'number' | 'sequence' | 'text' | 'kid' | 'signature'>;

/** A checkpoint as it is exported. */
export function toSigned({ text, kid, signature }: SignedRow): SignedCheckpoint {
  return { checkpoint: JSON.parse(text) as Checkpoint, kid, signature };
}
