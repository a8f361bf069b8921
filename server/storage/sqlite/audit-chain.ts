import { canonicalJson } from '../../audit/canonical-json.ts';
import { linkHash, ORIGIN } from '../../audit/chain.ts';
import { checkpointHash, signCheckpoint } from '../../audit/checkpoint.ts';
import type { AuditRecord, ChainHead, CheckpointSigner } from '../../core/audit.ts';
import type { EpochSeconds } from '../../core/time.ts';
import type { Connection } from './database.ts';

/** Most records between two checkpoints, as near as commits are large. `PV-SEC-107` */
const CHECKPOINT_EVERY = 1_000;

/** A record that can be kept: its details have been written out. */
export type Prepared = { readonly record: AuditRecord; readonly details: string };

/** Writes out a record's details, so that one that cannot be written fails alone, and not the commit it would have ridden in. */
export function prepared(record: AuditRecord): Prepared {
  return { record, details: canonicalJson(record.details) };
}

/** Where this process's chain, and the store's sequence, have come to. */
type Position = ChainHead & { readonly sequence: number };

type LastCheckpoint = Pick<CheckpointRow, 'number' | 'at' | 'sequence' | 'whole' | 'hash'>;

const NO_CHECKPOINT: LastCheckpoint = { number: 0, at: 0, sequence: 0, whole: 1, hash: Buffer.from(ORIGIN, 'hex') };

/** A checkpoint that is to be made. */
type Due = { readonly last: LastCheckpoint; readonly sequence: number; readonly at: EpochSeconds; readonly whole: boolean };

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
    const isSealed = sequence === last.sequence && last.whole === 1;
    if (!this.#signer || sequence === 0 || isSealed || (due !== undefined && last.at >= due)) return;
    this.#checkpoint(this.#signer, { last, sequence, at, whole: true });
  }

  #checkpoint(signer: CheckpointSigner, { last, sequence, at, whole }: Due): void {
    const chains = (whole ? this.#statements.allHeads : this.#statements.grownHeads).all().map(toHead);
    const previous = last.hash.toString('hex');
    const signed = signCheckpoint({ number: last.number + 1, at, sequence, whole, chains, previous }, signer);
    const { checkpoint, kid, signature } = signed;
    this.#statements.keepCheckpoint.run({
      ...{ number: checkpoint.number, at, sequence, whole: Number(whole), text: canonicalJson(checkpoint), kid, signature },
      hash: Buffer.from(checkpointHash(checkpoint), 'hex'),
    });
    this.#statements.markSealed.run();
    this.#sealed = sequence;
  }

  #lastCheckpoint(): LastCheckpoint {
    const last = this.#statements.lastCheckpoint.get() ?? NO_CHECKPOINT;
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

/** A record as the table holds it. */
export type AuditRow = {
  readonly sequence: number;
  readonly chain: number;
  readonly number: number;
  readonly previous: Buffer;
  readonly hash: Buffer;
  readonly type: string;
  readonly at: EpochSeconds;
  readonly correlationId: string;
  readonly clientId: string | null;
  readonly orgno: string | null;
  readonly details: string;
};

/** A checkpoint as the table holds it. */
export type CheckpointRow = {
  readonly number: number;
  readonly at: EpochSeconds;
  readonly sequence: number;
  readonly whole: number;
  readonly text: string;
  readonly kid: string;
  readonly signature: string;
  readonly hash: Buffer;
};

type HeadRow = { readonly chain: number; readonly number: number; readonly hash: Buffer };

function toHead({ chain, number, hash }: HeadRow): ChainHead {
  return { chain, number, hash: hash.toString('hex') };
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
    lastCheckpoint: writer.statement<[], LastCheckpoint>(
      'SELECT number, at, sequence, whole, hash FROM audit_checkpoints ORDER BY number DESC LIMIT 1',
    ),
    keepCheckpoint: writer.statement<[CheckpointRow]>(`
      INSERT INTO audit_checkpoints (number, at, sequence, whole, text, kid, signature, hash)
      VALUES (@number, @at, @sequence, @whole, @text, @kid, @signature, @hash)`),
  };
}

/** Where everything has been pruned, the sequence goes on behind it. */
export const LAST_SEQUENCE = `
  SELECT COALESCE((SELECT max(sequence) FROM audit), (SELECT sequence FROM audit_pruned)) AS sequence`;
