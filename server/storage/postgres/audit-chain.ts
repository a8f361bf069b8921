import { canonicalJson } from '../../audit/canonical-json.ts';
import { ORIGIN } from '../../audit/chain.ts';
import { checkpointHash, signCheckpoint } from '../../audit/checkpoint.ts';
import type { AuditRecord, ChainHead, CheckpointSigner } from '../../core/audit.ts';
import { StoreUnavailable } from '../../core/ports.ts';
import type { EpochSeconds } from '../../core/time.ts';
import type { Connection } from './database.ts';
import type { ConnectionPool } from './pool.ts';

/** Most records between two checkpoints, as near as commits are large. `PV-SEC-107` */
const CHECKPOINT_EVERY = 1_000;

/** A record that can be kept: its details have been written out. */
export type Prepared = { readonly record: AuditRecord; readonly details: string };

/**
 * Writes out a record's details, so that one that cannot be written fails alone, and not the commit it would have ridden in. No text of
 * PostgreSQL's can hold the character NUL; in the details it is written as an escape.
 */
export function prepared(record: AuditRecord): Prepared {
  const { type, correlationId, clientId = '', orgno = '' } = record;
  if (`${type}${correlationId}${clientId}${orgno}`.includes('\0')) throw new TypeError('an audit record holds the character NUL');
  return { record, details: canonicalJson(record.details) };
}

/** What the database's own functions take of records that are to be appended to a chain: a list for each column. */
export type AppendedColumns = [
  chain: number | null,
  types: string[],
  ats: EpochSeconds[],
  correlationIds: string[],
  clientIds: (string | null)[],
  orgnos: (string | null)[],
  details: string[],
];

/** Where the chain and the store's sequence have come to with what was appended; no sequence: nothing was. */
export type Appended = { readonly chain: number | null; readonly sequence: number | null };

type LastCheckpoint = Pick<CheckpointRow, 'number' | 'at' | 'sequence' | 'whole' | 'hash'>;

const NO_CHECKPOINT: LastCheckpoint = { number: 0, at: 0, sequence: 0, whole: true, hash: Buffer.from(ORIGIN, 'hex') };

/**
 * The chain of records that this process writes. Where it ends stands in the database alone, and its hashes are made there, by the
 * function `audit_append`: a process whose commit got no answer goes on behind whatever was committed. `PV-SEC-106`
 */
export class AuditChain {
  readonly #pool: ConnectionPool;
  #signer: CheckpointSigner | undefined;
  /** Begun with the first record that was committed. */
  #chain: number | null = null;
  /** Sequence of the last checkpoint that is known of. */
  #sealed = 0;

  /** @param pool where checkpoints are made. */
  constructor(pool: ConnectionPool) {
    this.#pool = pool;
  }

  /** Lets checkpoints be made. */
  sealWith(signer: CheckpointSigner): void {
    this.#signer = signer;
  }

  /** The records as the database takes them, to follow what this process has committed. */
  columns(records: readonly Prepared[]): AppendedColumns {
    return [
      this.#chain,
      records.map(({ record }) => record.type),
      records.map(({ record }) => record.at),
      records.map(({ record }) => record.correlationId),
      records.map(({ record }) => record.clientId ?? null),
      records.map(({ record }) => record.orgno ?? null),
      records.map(({ details }) => details),
    ];
  }

  /** Appends records on a connection: a transaction of its own, or the one that the connection is in. */
  async append(connection: Connection, records: readonly Prepared[]): Promise<Appended> {
    const append = connection.statement<AppendedColumns, Appended>(APPEND);
    return (await append.get(...this.columns(records))) ?? { chain: null, sequence: null };
  }

  /**
   * Is told what has been committed, and seals what is due. Where no checkpoint can be made the records stand all the same: it is due
   * again with the next ones. `PV-SEC-107`
   */
  async committed({ chain, sequence }: Appended, at: EpochSeconds): Promise<void> {
    if (sequence === null) return;
    this.#chain = chain;
    if (!this.#signer || sequence - this.#sealed < CHECKPOINT_EVERY) return;
    await this.#seal(at, (last, end) => (end - last.sequence >= CHECKPOINT_EVERY ? 'grown' : undefined)).catch(unlessUnavailable);
  }

  /** Makes a checkpoint of every chain. As `Audit.seal` has it. */
  async seal(at: EpochSeconds, due: EpochSeconds | undefined): Promise<void> {
    await this.#seal(at, (last, end) => {
      const isSealed = end === 0 || (end === last.sequence && last.whole);
      return isSealed || (due !== undefined && last.at >= due) ? undefined : 'whole';
    });
  }

  /** @param which chains it names, told once nobody else can append; undefined: no checkpoint. */
  async #seal(at: EpochSeconds, which: (last: LastCheckpoint, end: number) => 'whole' | 'grown' | undefined): Promise<void> {
    const signer = this.#signer;
    if (!signer) return;
    this.#sealed = await this.#pool.transaction('BEGIN', async (connection) => {
      const end = (await connection.statement<[], { sequence: number }>(`${END} FOR UPDATE`).get())?.sequence ?? 0;
      const last = (await connection.statement<[], LastCheckpoint>(LAST_CHECKPOINT).get()) ?? NO_CHECKPOINT;
      const kind = which(last, end);
      if (!kind) return last.sequence;
      const heads = await connection.statement<[], HeadRow>(kind === 'whole' ? ALL_HEADS : GROWN_HEADS).all();
      const signed = signCheckpoint(
        {
          ...{ number: last.number + 1, at, sequence: end, whole: kind === 'whole', chains: heads.map(toHead) },
          previous: last.hash.toString('hex'),
        },
        signer,
      );
      const { checkpoint, kid, signature } = signed;
      await connection.statement<[CheckpointRow]>(KEEP_CHECKPOINT).run({
        ...{
          number: checkpoint.number,
          at,
          sequence: end,
          whole: checkpoint.whole,
          text: canonicalJson(checkpoint),
          kid,
          signature,
        },
        hash: Buffer.from(checkpointHash(checkpoint), 'hex'),
      });
      await connection.statement<[]>(MARK_SEALED).run();
      return end;
    });
  }
}

/** That the store failed has been counted; any other error is a mistake of ours. */
function unlessUnavailable(error: unknown): void {
  if (!(error instanceof StoreUnavailable)) throw error;
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
  readonly whole: boolean;
  readonly text: string;
  readonly kid: string;
  readonly signature: string;
  readonly hash: Buffer;
};

type HeadRow = { readonly chain: number; readonly number: number; readonly hash: Buffer };

function toHead({ chain, number, hash }: HeadRow): ChainHead {
  return { chain, number, hash: hash.toString('hex') };
}

/** Where the sequence ends. */
export const END = 'SELECT sequence FROM audit_end';

const APPEND = `
  SELECT appended_chain AS chain, appended_sequence AS sequence FROM audit_append(
    $1::bigint, $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[])`;
const LAST_CHECKPOINT = 'SELECT number, at, sequence, whole, hash FROM audit_checkpoints ORDER BY number DESC LIMIT 1';
const ALL_HEADS = 'SELECT chain, number, hash FROM audit_chains ORDER BY chain';
const GROWN_HEADS = 'SELECT chain, number, hash FROM audit_chains WHERE number > sealed ORDER BY chain';
const MARK_SEALED = 'UPDATE audit_chains SET sealed = number WHERE sealed < number';
const KEEP_CHECKPOINT = `
  INSERT INTO audit_checkpoints (number, at, sequence, whole, text, kid, signature, hash)
  VALUES (@number, @at, @sequence, @whole, @text, @kid, @signature, @hash)`;
