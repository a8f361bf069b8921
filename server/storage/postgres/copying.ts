import { type Client, escapeIdentifier } from 'pg';
import { COPIED_TABLES, type PlainRow } from '../copied-tables.ts';
import type { Positions } from '../positions.ts';
import { StoreUnusable } from '../unusable.ts';
import { Connection } from './database.ts';
import { asked, permitted } from './failures.ts';
import type { LocationOptions } from './location.ts';
import { inLongTransaction } from './long-transaction.ts';
import { appliedTo, assertKnown, MIGRATIONS } from './migrate.ts';
import { tablePages } from './table-pages.ts';

/** An empty database that is being filled, as its owner, in one transaction: whole or not at all. */
export class PostgresCopying {
  readonly #client: Client;
  readonly #columns = new Map<string, ReadonlyMap<string, string>>();

  private constructor(client: Client) {
    this.#client = client;
  }

  /**
   * Runs the work and commits what it has put in, unless it throws.
   * @throws {StoreUnusable} for a database of another version, with something in it, or of another owner
   */
  static async into<T>(location: string, options: LocationOptions, work: (copying: PostgresCopying) => Promise<T>): Promise<T> {
    return inLongTransaction(location, options, 'BEGIN', async (client) => {
      const copying = new PostgresCopying(client);
      await permitted(() => copying.#assertEmpty());
      return work(copying);
    });
  }

  /** Puts rows in. @throws {StoreUnusable} for a column that the table has not */
  async put(table: string, rows: readonly PlainRow[]): Promise<void> {
    const known = await this.#columnsOf(table);
    const names = Object.keys(rows[0] ?? {});
    const strange = names.find((name) => !known.has(name));
    if (strange !== undefined) throw new StoreUnusable(`the table ${table} has no column ${strange}`);
    const columns = names.map(escapeIdentifier).join(', ');
    const booleans = names.filter((name) => known.get(name) === 'boolean');
    const truths = rows.map((row) => ({ ...row, ...Object.fromEntries(booleans.map((name) => [name, row[name] === 1])) }));
    await asked(() =>
      this.#client.query(
        `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM json_populate_recordset(NULL::${table}, $1::json)`,
        [JSON.stringify(truths)],
      ),
    );
  }

  /** The rows that are there now, in the order of their keys. */
  pages(table: string): AsyncGenerator<readonly PlainRow[]> {
    return tablePages(this.#client, table);
  }

  /** Where statements are run before the commit. */
  get connection(): Connection {
    return new Connection((query) => asked(() => this.#client.query(query)));
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

  /** The columns of a table with their types. */
  async #columnsOf(table: string): Promise<ReadonlyMap<string, string>> {
    const known = this.#columns.get(table);
    if (known) return known;
    const { rows } = await asked(() =>
      this.#client.query<{ name: string; type: string }>(
        `SELECT column_name AS name, data_type AS type FROM information_schema.columns
         WHERE table_schema = current_schema() AND table_name = $1`,
        [table],
      ),
    );
    const columns = new Map(rows.map(({ name, type }) => [name, type]));
    this.#columns.set(table, columns);
    return columns;
  }
}
