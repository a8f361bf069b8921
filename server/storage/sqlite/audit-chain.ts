import { linkHash } from '../../audit/chain.ts';
import type { ChainHead, CheckpointSigner } from '../../core/audit.ts';
import type { EpochSeconds } from '../../core/time.ts';
import { type AuditRow, type HeadRow, type Prepared, toHead } from '../rows/audit.ts';
import {
  CHECKPOINT_EVERY,
  type CheckpointRow,
  checkpointRow,
  type Due,
  type LastCheckpoint,
  NO_CHECKPOINT,
} from '../rows/checkpoint.ts';
import type { Connection } from './database.ts';
import type { Numbered } from './truth.ts';

/** Where this process's chain, and the store's sequence, have come to. */
type Position = ChainHead & { readonly sequence: number };

/**
 * The chain of records that this connection writes. It grows inside the connection's transactions: what is appended is bound by
 * {@link settling} to their fate.
 */
export class AuditChain {
  readonly #statements: Statements;
  #signer: CheckpointSigner | undefined;
  /** What has been committed; undefined until the first record. */
  #head: ChainHead | undefined;
  /** What the open transaction has come to. */
  #open: (Position & { readonly at: EpochSeconds }) | undefined;
  /** Sequence of the last checkpoint that is known of. */
  #sealed = 0;

  constructor(writer: Connection) {
    this.#statements = prepare(writer);
  }

  /** Lets checkpoints be made. */
  sealWith(signer: CheckpointSigner): void {
    this.#signer = signer;
  }

  /** Runs one transaction. What it appends counts when it has been committed; else the chain stands where it stood. */
  settling<T>(transaction: () => T): T {
    let committed = false;
    try {
      const result = transaction();
      committed = true;
      return result;
    } finally {
      this.#settle(committed);
    }
  }

  /** As {@link settling}, of a transaction that takes its time. */
  async settlingLater<T>(transaction: () => Promise<T>): Promise<T> {
    let committed = false;
    try {
      const result = await transaction();
      committed = true;
      return result;
    } finally {
      this.#settle(committed);
    }
  }

  /** Appends a record, inside a transaction. `PV-SEC-106` */
  append({ record, details }: Prepared): void {
    const { chain, number, hash: previous, sequence } = this.#position();
    const link = { sequence: sequence + 1, chain, number: number + 1, previous };
    const hash = linkHash(link, record, details);
    this.#statements.insert.run({
      ...{ sequence: link.sequence, chain, number: link.number },
      ...{ previous: Buffer.from(previous, 'hex'), hash: Buffer.from(hash, 'hex') },
      ...{ type: record.type, at: record.at, correlationId: record.correlationId, details },
      ...{ clientId: record.clientId ?? null, orgno: record.orgno ?? null },
    });
    this.#open = { chain, number: link.number, hash, sequence: link.sequence, at: record.at };
  }

  /** Ends a transaction that may have appended, before it is committed: keeps where the chain ends, and seals what is due. */
  finish(): void {
    if (!this.#open) return;
    const { chain, number, hash, sequence, at } = this.#open;
    this.#statements.keepHead.run(number, Buffer.from(hash, 'hex'), chain);
    if (!this.#signer || sequence - this.#sealed < CHECKPOINT_EVERY) return;
    const last = this.#lastCheckpoint();
    if (sequence - last.sequence >= CHECKPOINT_EVERY) this.#checkpoint(this.#signer, { last, sequence, at, whole: false });
  }

  /** Makes a checkpoint of every chain, inside a transaction. As `Audit.seal` has it. */
  seal(at: EpochSeconds, due: EpochSeconds | undefined): void {
    const last = this.#lastCheckpoint();
    const sequence = this.#lastSequence();
    const isSealed = sequence === last.sequence && last.whole;
    if (!this.#signer || sequence === 0 || isSealed || (due !== undefined && last.at >= due)) return;
    this.#checkpoint(this.#signer, { last, sequence, at, whole: true });
  }

  #checkpoint(signer: CheckpointSigner, due: Omit<Due, 'chains'>): void {
    const chains = (due.whole ? this.#statements.allHeads : this.#statements.grownHeads).all().map(toHead);
    const row = checkpointRow({ ...due, chains }, signer);
    this.#statements.keepCheckpoint.run({ ...row, whole: Number(row.whole) });
    this.#statements.markSealed.run();
    this.#sealed = due.sequence;
  }

  #lastCheckpoint(): LastCheckpoint {
    const row = this.#statements.lastCheckpoint.get();
    const last = row ? { ...row, whole: row.whole === 1 } : NO_CHECKPOINT;
    this.#sealed = last.sequence;
    return last;
  }

  /** The chain is begun with its first record, and follows the last checkpoint there is. */
  #position(): Position {
    if (this.#open) return this.#open;
    const sequence = this.#lastSequence();
    if (this.#head) return { ...this.#head, sequence };
    const { hash: previous } = this.#lastCheckpoint();
    const chain = (this.#statements.lastChain.get()?.chain ?? 0) + 1;
    this.#statements.begin.run(chain, previous);
    return { chain, number: 0, hash: previous.toString('hex'), sequence };
  }

  #lastSequence(): number {
    return this.#statements.lastSequence.get()?.sequence ?? 0;
  }

  #settle(committed: boolean): void {
    if (committed && this.#open) {
      const { chain, number, hash } = this.#open;
      this.#head = { chain, number, hash };
    }
    this.#open = undefined;
  }
}

type Statements = ReturnType<typeof prepare>;

/** There is none that changes or removes a record. `PV-SEC-106` */
function prepare(writer: Connection) {
  return {
    insert: writer.statement<[AuditRow]>(`
      INSERT INTO audit (sequence, chain, number, previous, hash, type, at, correlation_id, client_id, orgno, details)
      VALUES (@sequence, @chain, @number, @previous, @hash, @type, @at, @correlationId, @clientId, @orgno, @details)`),
    lastSequence: writer.statement<[], { sequence: number }>(LAST_SEQUENCE),
    lastChain: writer.statement<[], { chain: number }>('SELECT chain FROM audit_chains ORDER BY chain DESC LIMIT 1'),
    begin: writer.statement<[chain: number, hash: Buffer]>('INSERT INTO audit_chains (chain, number, hash) VALUES (?, 0, ?)'),
    keepHead: writer.statement<[number: number, hash: Buffer, chain: number]>(
      'UPDATE audit_chains SET number = ?, hash = ? WHERE chain = ?',
    ),
    allHeads: writer.statement<[], HeadRow>('SELECT chain, number, hash FROM audit_chains ORDER BY chain'),
    grownHeads: writer.statement<[], HeadRow>(
      'SELECT chain, number, hash FROM audit_chains WHERE number > sealed ORDER BY chain',
    ),
    markSealed: writer.statement<[]>('UPDATE audit_chains SET sealed = number WHERE sealed < number'),
    lastCheckpoint: writer.statement<[], Numbered<LastCheckpoint, 'whole'>>(
      'SELECT number, at, sequence, whole, hash FROM audit_checkpoints ORDER BY number DESC LIMIT 1',
    ),
    keepCheckpoint: writer.statement<[Numbered<CheckpointRow, 'whole'>]>(`
      INSERT INTO audit_checkpoints (number, at, sequence, whole, text, kid, signature, hash)
      VALUES (@number, @at, @sequence, @whole, @text, @kid, @signature, @hash)`),
  };
}

/** Where everything has been pruned, the sequence goes on behind it. */
export const LAST_SEQUENCE = `
  SELECT COALESCE((SELECT max(sequence) FROM audit), (SELECT sequence FROM audit_pruned)) AS sequence`;
