import { Client } from 'pg';
import { COPIED_TABLES, type PlainRow, type PlainValue } from '../copied-tables.ts';
import type { ForgottenSpans } from '../forgotten-spans.ts';
import { StoreUnusable } from '../unusable.ts';
import { asked, permitted } from './failures.ts';
import { type LocationOptions, readLocation } from './location.ts';
import { appliedTo, assertKnown, MIGRATIONS } from './migrate.ts';

/** Rows read at a time. */
const PAGE = 1_000;

/** Where the tables of one row have to be after a copy. */
export type Positions = {
  readonly version: number;
  readonly issuedFrom: number;
  /** As {@link ForgottenSpans} reads it. */
  readonly forgotten: string;
  readonly trustVersion: number;
  readonly prunedCheckpoint: number;
  readonly prunedSequence: number;
  readonly sequence: number;
  /** How far the audit has been counted, and when its last counted record was made. */
  readonly counted: { readonly sequence: number; readonly at: number };
};

/** An empty database that is being filled, as its owner, in one transaction: whole or not at all. */
export class PostgresCopying {
  readonly #client: Client;
  readonly #booleans = new Map<string, readonly string[]>();

  private constructor(client: Client) {
    this.#client = client;
  }

  /**
   * Runs the work and commits what it has put in, unless it throws.
   * @throws {StoreUnusable} for a database of another version, with something in it, or of another owner
   */
  static async into<T>(location: string, options: LocationOptions, work: (copying: PostgresCopying) => Promise<T>): Promise<T> {
    // A large table takes its time.
    const {
      statement_timeout: _,
      query_timeout: __,
      idle_in_transaction_session_timeout: ___,
      ...patient
    } = readLocation(location, options).config;
    const client = new Client(patient);
    // What breaks the connection fails what is asked of it.
    client.on('error', () => {});
    try {
      await asked(() => client.connect());
      await asked(() => client.query('BEGIN'));
      const copying = new PostgresCopying(client);
      await permitted(() => copying.#assertEmpty());
      const result = await work(copying);
      await asked(() => client.query('COMMIT'));
      return result;
    } finally {
      await client.end().catch(() => {});
    }
  }

  /** Puts rows in. */
  async put(table: string, rows: readonly PlainRow[]): Promise<void> {
    const booleans = await this.#booleansOf(table);
    const columns = Object.keys(rows[0] ?? {}).join(', ');
    const truths = rows.map((row) => ({ ...row, ...Object.fromEntries(booleans.map((name) => [name, row[name] === 1])) }));
    await asked(() =>
      this.#client.query(
        `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM json_populate_recordset(NULL::${table}, $1::json)`,
        [JSON.stringify(truths)],
      ),
    );
  }

  /** The rows that are there now, in the order of their keys. */
  async *pages(table: string): AsyncGenerator<readonly PlainRow[]> {
    const key = COPIED_TABLES[table] ?? [];
    await asked(() => this.#client.query(`DECLARE reading CURSOR FOR SELECT * FROM ${table} ORDER BY ${key.join(', ')}`));
    for (;;) {
      const { rows } = await asked(() => this.#client.query<Row>(`FETCH ${PAGE} FROM reading`));
      if (rows.length > 0) yield rows.map(toPlain);
      if (rows.length < PAGE) break;
    }
    await asked(() => this.#client.query('CLOSE reading'));
  }

  /** Brings the tables of one row to where they have to be. */
  async place(positions: Positions): Promise<void> {
    const { version, trustVersion, prunedCheckpoint, prunedSequence, sequence, issuedFrom, forgotten, counted } = positions;
    const set = (sql: string, values: readonly (number | string)[]) => asked(() => this.#client.query(sql, [...values]));
    await set('UPDATE register_version SET version = $1', [version]);
    await set('UPDATE trust_version SET version = $1', [trustVersion]);
    await set('UPDATE replay_floor SET issued_from = $1, forgotten = $2', [issuedFrom, forgotten]);
    await set('UPDATE audit_end SET sequence = $1', [sequence]);
    await set('UPDATE statistics_position SET sequence = $1, at = $2', [counted.sequence, counted.at]);
    if (prunedCheckpoint > 0)
      await set('UPDATE audit_pruned SET checkpoint = $1, sequence = $2', [prunedCheckpoint, prunedSequence]);
  }

  async #assertEmpty(): Promise<void> {
    if (assertKnown(await appliedTo(this.#client)) < MIGRATIONS.length)
      throw new StoreUnusable('the database has not the tables of this version: portvakt db migrate');
    for (const table of Object.keys(COPIED_TABLES)) {
      // Nobody puts anything in meanwhile.
      await this.#client.query(`LOCK TABLE ${table} IN EXCLUSIVE MODE`);
      const { rowCount } = await this.#client.query(`SELECT 1 FROM ${table} LIMIT 1`);
      if (rowCount !== 0) throw new StoreUnusable(`the database is not empty (${table}): a copy goes into an empty one alone`);
    }
  }

  async #booleansOf(table: string): Promise<readonly string[]> {
    const known = this.#booleans.get(table);
    if (known) return known;
    const { rows } = await asked(() =>
      this.#client.query<{ name: string }>(
        `SELECT column_name AS name FROM information_schema.columns
         WHERE table_schema = current_schema() AND table_name = $1 AND data_type = 'boolean'`,
        [table],
      ),
    );
    const names = rows.map(({ name }) => name);
    this.#booleans.set(table, names);
    return names;
  }
}

type Row = Readonly<Record<string, string | number | boolean | null | Buffer>>;

function toPlain(row: Row): PlainRow {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)]));
}

function plain(value: Row[string] | undefined): PlainValue {
  if (typeof value === 'boolean') return Number(value);
  return Buffer.isBuffer(value) ? `\\x${value.toString('hex')}` : (value ?? null);
}
