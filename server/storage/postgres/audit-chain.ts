import type { AuditRecord, CheckpointSigner } from '../../core/audit.ts';
import { StoreUnavailable } from '../../core/ports.ts';
import type { EpochSeconds } from '../../core/time.ts';
import { type HeadRow, type Prepared, prepared as prepare, toHead } from '../rows/audit.ts';
import { CHECKPOINT_EVERY, type CheckpointRow, checkpointRow, type LastCheckpoint, NO_CHECKPOINT } from '../rows/checkpoint.ts';
import type { Connection } from './database.ts';
import type { ConnectionPool } from './pool.ts';

/** As every store prepares it. No text of PostgreSQL's can hold the character NUL; in the details it is written as an escape. */
export function prepared(record: AuditRecord): Prepared {
  const { type, correlationId, clientId = '', orgno = '' } = record;
  if (`${type}${correlationId}${clientId}${orgno}`.includes('\0')) throw new TypeError('an audit record holds the character NUL');
  return prepare(record);
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
    return columnsOf(this.#chain, records);
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
      const whole = kind === 'whole';
      const heads = await connection.statement<[], HeadRow>(whole ? ALL_HEADS : GROWN_HEADS).all();
      const row = checkpointRow({ last, sequence: end, at, whole, chains: heads.map(toHead) }, signer);
      await connection.statement<[CheckpointRow]>(KEEP_CHECKPOINT).run(row);
      await connection.statement<[]>(MARK_SEALED).run();
      return end;
    });
  }
}

/** Appends a record on a chain that begins with it, inside the transaction at hand. */
export async function appendAnew(connection: Connection, record: Prepared): Promise<void> {
  await connection.statement<AppendedColumns, Appended>(APPEND).get(...columnsOf(null, [record]));
}

function columnsOf(chain: number | null, records: readonly Prepared[]): AppendedColumns {
  return [
    chain,
    records.map(({ record }) => record.type),
    records.map(({ record }) => record.at),
    records.map(({ record }) => record.correlationId),
    records.map(({ record }) => record.clientId ?? null),
    records.map(({ record }) => record.orgno ?? null),
    records.map(({ details }) => details),
  ];
}

/** That the store failed has been counted; any other error is a mistake of ours. */
function unlessUnavailable(error: unknown): void {
  if (!(error instanceof StoreUnavailable)) throw error;
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
