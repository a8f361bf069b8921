import type { PublicJwk } from './client.ts';
import type { OrganizationNumber } from './organization.ts';
import type { EpochSeconds } from './time.ts';

/** An event that the audit keeps. Never an assertion, a token, a key or a person's number. `PV-SEC-104` */
export type AuditRecord = {
  /** `token.issuing`, `token.refused`, `world.installed`, … */
  readonly type: string;
  readonly at: EpochSeconds;
  readonly correlationId: string;
  readonly clientId?: string;
  readonly orgno?: OrganizationNumber;
  /** Everything else, in the wire's spelling. */
  readonly details: Readonly<Record<string, unknown>>;
};

/** A record's place: the `number`th of the chain of one writing process, the `sequence`th of the store. `PV-SEC-106` */
export type AuditLink = {
  readonly sequence: number;
  readonly chain: number;
  /** From 1 without gaps. */
  readonly number: number;
  /** Hash of the record before it in the chain, hex; of the first, that of the last checkpoint before it, or zeros. */
  readonly previous: string;
};

/** A record as it is exported: in canonical form and without its last member, it is what was hashed. RFC 8785 */
export type ChainedRecord = AuditLink & {
  readonly type: string;
  readonly at: EpochSeconds;
  readonly correlation_id: string;
  readonly client_id?: string;
  readonly orgno?: OrganizationNumber;
  readonly details: object;
  /** SHA-256, hex. */
  readonly hash: string;
};

/** Where a chain ends. */
export type ChainHead = { readonly chain: number; readonly number: number; readonly hash: string };

/** Where the chains stood at a moment: what is cut off, changed or put in before it is seen. `PV-SEC-107` */
export type Checkpoint = {
  /** From 1 without gaps. */
  readonly number: number;
  readonly at: EpochSeconds;
  /** Of the last record that it covers. */
  readonly sequence: number;
  /** Whether `chains` names every chain there is; else those that have grown since the checkpoint before. */
  readonly whole: boolean;
  readonly chains: readonly ChainHead[];
  /** Hash of the checkpoint before, hex; of the first, zeros. */
  readonly previous: string;
};

/** A checkpoint with its signature over the canonical form, as it is exported. */
export type SignedCheckpoint = { readonly checkpoint: Checkpoint; readonly kid: string; readonly signature: string };

/** A line of the audit as it is exported. */
export type AuditLine = ChainedRecord | SignedCheckpoint;

/** A stretch of the audit, and what is looked for in it. */
export type AuditWindow = {
  /** Sequences between which it lies, neither of them in it. */
  readonly above: number;
  readonly below: number;
  readonly limit: number;
  readonly from?: EpochSeconds;
  /** The moment after the last. */
  readonly to?: EpochSeconds;
  readonly type?: string;
  /** Everything but tokens and their refusals: found without looking at those. */
  readonly changes?: true;
  /** Who acted, or whose number stands somewhere in the details. */
  readonly orgno?: OrganizationNumber;
  /** The `subject` of the details; of a record that has none, `client/` and the client's id. */
  readonly subject?: string;
};

/** Signs checkpoints. */
export interface CheckpointSigner {
  readonly kid: string;
  /** Ed25519, base64url. */
  sign(text: string): string;
}

/** The public side of a key that signs checkpoints. */
export type CheckpointKey = { readonly kid: string; readonly jwk: PublicJwk; readonly created: EpochSeconds };

/** The end of the audit at one moment. */
export type AuditEnd = {
  /** Of the last record; 0 without one. */
  readonly sequence: number;
  readonly heads: readonly ChainHead[];
  /** The last checkpoint; 0 and 0 without one. */
  readonly checkpoint: { readonly number: number; readonly sequence: number };
};

/** The audit: append-only, every record bound to the one before it, and signed now and then. `PV-SEC-106`, `PV-SEC-107` */
export interface Audit {
  /** Keeps a record that belongs to no other change, durably when it resolves. */
  append(record: AuditRecord): Promise<void>;
  /** The newest records first, at most `limit`. */
  list(limit: number): Promise<AuditRecord[]>;
  /** Lets checkpoints be made from now on: after every thousand records in the commit that reaches it, and by {@link seal}. */
  sealWith(signer: CheckpointSigner): void;
  /**
   * Makes a checkpoint that names every chain, unless nothing has been kept since the last one that did.
   * @param due only when the last one is older than this moment; absent: in any case.
   */
  seal(now: EpochSeconds, due?: EpochSeconds): Promise<void>;
  end(): Promise<AuditEnd>;
  /** The records up to a sequence and the checkpoints among them, oldest first; behind what was pruned, its checkpoint first. */
  lines(until: number): AsyncIterable<AuditLine>;
  /** The records of a stretch that are looked for, newest first. Nothing outside of the stretch is read. */
  window(window: AuditWindow): Promise<ChainedRecord[]>;
  /** Every key that has signed checkpoints, oldest first. */
  keys(): Promise<CheckpointKey[]>;
  /**
   * Takes out the records up to a checkpoint, which stands for them from then on: a part at a time, so that nobody waits for it, and
   * with a record of its own. What a crash leaves is taken out the next time.
   * @param checkpoint one that names every chain, signed as it stands in the store.
   * @returns how many records went; undefined, and nothing is changed, when the store has no such checkpoint
   */
  prune(checkpoint: SignedCheckpoint, record: AuditRecord): Promise<number | undefined>;
}
