import { type KeyObject, verify } from 'node:crypto';
import type { AuditLine, ChainedRecord, ChainHead, Checkpoint, SignedCheckpoint } from '../core/audit.ts';
import { canonicalJson } from './canonical-json.ts';
import { ORIGIN, recordHash } from './chain.ts';
import { checkpointHash } from './checkpoint.ts';
import { AuditBroken } from './line.ts';

/** What an audit that holds has shown. */
export type AuditSummary = {
  readonly records: number;
  readonly checkpoints: number;
  readonly chains: number;
  /** Number of the checkpoint that it begins with; 0: it is whole. What stood before has been taken out. */
  readonly begins_after_checkpoint: number;
  readonly last_sequence: number;
  readonly last_checkpoint: number;
  /** Epoch seconds of the last checkpoint. */
  readonly last_checkpoint_at: number;
  /** Records behind the last checkpoint: nothing signed vouches for their number yet. */
  readonly unsealed: number;
};

/**
 * Reads an audit line by line, in the order of the sequence, and holds every record to the one before it in its chain, and every
 * checkpoint to the chains. Its memory does not grow with the number of records. `PV-SEC-108`
 */
export class AuditVerifier {
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #heads = new Map<number, ChainHead>();
  #grown = new Set<number>();
  #last: SignedCheckpoint | undefined;
  #lastHash = ORIGIN;
  #base = 0;
  #sequence = 0;
  #records = 0;
  #checkpoints = 0;

  /** @param keys public keys of checkpoints, by their `kid`. */
  constructor(keys: ReadonlyMap<string, KeyObject>) {
    this.#keys = keys;
  }

  /** @throws {AuditBroken} */
  take(line: AuditLine): void {
    if ('checkpoint' in line) this.#takeCheckpoint(line);
    else this.#takeRecord(line);
  }

  /** The last checkpoint that was read, signed. */
  get last(): SignedCheckpoint | undefined {
    return this.#last;
  }

  /**
   * Ends the reading.
   * @param heads where the store says that its chains end; absent for an export, which must end in a checkpoint.
   * @throws {AuditBroken} when the tail is missing
   */
  end(heads?: readonly ChainHead[]): AuditSummary {
    if (heads) this.#assertEnds(heads);
    else if (!this.#last || this.#grown.size > 0)
      throw new AuditBroken(`after record ${this.#sequence}: no checkpoint at the end: the tail is missing`);
    return {
      records: this.#records,
      checkpoints: this.#checkpoints,
      chains: this.#heads.size,
      begins_after_checkpoint: this.#base,
      last_sequence: this.#sequence,
      last_checkpoint: this.#last?.checkpoint.number ?? 0,
      last_checkpoint_at: this.#last?.checkpoint.at ?? 0,
      unsealed: this.#sequence - (this.#last?.checkpoint.sequence ?? 0),
    };
  }

  #takeRecord(record: ChainedRecord): void {
    const { sequence, chain, number, previous, hash } = record;
    const where = `record ${sequence}`;
    if (sequence !== this.#sequence + 1)
      throw new AuditBroken(`${where}: it stands after record ${this.#sequence}: one was removed, put in or moved`);
    const head = this.#heads.get(chain);
    if (number !== (head?.number ?? 0) + 1)
      throw new AuditBroken(`${where}: number ${number} of chain ${chain}, where ${(head?.number ?? 0) + 1} was due`);
    if (previous !== (head?.hash ?? this.#lastHash))
      throw new AuditBroken(`${where}: it does not follow the record before it in chain ${chain}`);
    if (recordHash(record) !== hash) throw new AuditBroken(`${where}: its hash is not that of what it says: it was changed`);
    this.#heads.set(chain, { chain, number, hash });
    this.#grown.add(chain);
    this.#sequence = sequence;
    this.#records++;
  }

  #takeCheckpoint(signed: SignedCheckpoint): void {
    const { checkpoint, kid, signature } = signed;
    const where = `checkpoint ${checkpoint.number}`;
    const key = this.#keys.get(kid);
    if (!key) throw new AuditBroken(`${where}: signed with ${kid}, which is not among the keys given`);
    if (!verify(null, Buffer.from(canonicalJson(checkpoint)), key, Buffer.from(signature, 'base64url')))
      throw new AuditBroken(`${where}: its signature is wrong`);
    if (this.#records === 0 && !this.#last && checkpoint.number > 1) this.#begin(checkpoint, where);
    else this.#assertFollows(checkpoint, where);
    this.#last = signed;
    this.#lastHash = checkpointHash(checkpoint);
    this.#grown = new Set();
    this.#checkpoints++;
  }

  /** What stood before was taken out: a checkpoint that names every chain stands for it. */
  #begin(checkpoint: Checkpoint, where: string): void {
    if (!checkpoint.whole) throw new AuditBroken(`${where}: the audit begins with it, and it does not name every chain`);
    for (const head of checkpoint.chains) this.#heads.set(head.chain, head);
    this.#base = checkpoint.number;
    this.#sequence = checkpoint.sequence;
  }

  #assertFollows(checkpoint: Checkpoint, where: string): void {
    if (checkpoint.number !== (this.#last?.checkpoint.number ?? 0) + 1 || checkpoint.previous !== this.#lastHash)
      throw new AuditBroken(`${where}: it does not follow the checkpoint before it`);
    if (checkpoint.sequence !== this.#sequence)
      throw new AuditBroken(`${where}: it covers ${checkpoint.sequence} records, and ${this.#sequence} stand before it`);
    const due = checkpoint.whole ? new Set(this.#heads.keys()) : this.#grown;
    if (checkpoint.chains.length !== due.size) throw new AuditBroken(`${where}: it does not name the chains that it should`);
    this.#assertHeads(checkpoint.chains, where);
  }

  #assertEnds(heads: readonly ChainHead[]): void {
    if (heads.length !== this.#heads.size)
      throw new AuditBroken(`the end: ${heads.length} chains, where ${this.#heads.size} were read`);
    this.#assertHeads(heads, 'the end');
  }

  #assertHeads(heads: readonly ChainHead[], where: string): void {
    for (const { chain, number, hash } of heads) {
      const head = this.#heads.get(chain);
      if (head?.number !== number || head.hash !== hash)
        throw new AuditBroken(`${where}: chain ${chain} ends with record ${number} there, and with ${head?.number ?? 0} here`);
    }
  }
}
