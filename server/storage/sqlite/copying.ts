import type { PlainRow, PlainValue } from '../copied-tables.ts';
import type { Positions } from '../positions.ts';
import { Connection } from './database.ts';
import { preparePrivateFile } from './file.ts';
import { migrate } from './migrate.ts';
import { tablePages } from './rows.ts';

/** A new database file that is being filled, in one transaction: whole or not at all. */
export class SqliteCopying {
  readonly #connection: Connection;
  readonly #octets = new Map<string, ReadonlySet<string>>();

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Makes the file, mode 0600, and runs the work, which commits what it has put in unless it throws.
   * @throws {StoreUnusable | StoreUnavailable} and leaves the file for the caller to remove
   */
  static async into<T>(path: string, work: (copying: SqliteCopying) => Promise<T>): Promise<T> {
    preparePrivateFile(path);
    const connection = Connection.open(path, { readonly: false, busyTimeout: 0 });
    try {
      migrate(connection, 'everything');
      return await connection.transaction(() => work(new SqliteCopying(connection)));
    } finally {
      connection.close();
    }
  }

  put(table: string, rows: readonly PlainRow[]): void {
    const names = Object.keys(rows[0] ?? {});
    const octets = this.#octetsOf(table);
    const places = names.map(() => '?').join(', ');
    const insert = this.#connection.statement<unknown[]>(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${places})`);
    for (const row of rows) insert.run(...names.map((name) => toColumn(row[name], octets.has(name))));
  }

  /** The rows that are there now, in the order of their keys. */
  pages(table: string): Generator<readonly PlainRow[]> {
    return tablePages(this.#connection, table);
  }

  /** Brings the tables of one row to where they have to be. */
  place({ version, trustVersion, prunedCheckpoint, prunedSequence, issuedFrom, forgotten, counted }: Positions): void {
    const set = (sql: string, ...values: readonly (number | string)[]) =>
      this.#connection.statement<unknown[]>(sql).run(...values);
    set('UPDATE register_version SET version = ?', version);
    set('UPDATE trust_version SET version = ?', trustVersion);
    set('UPDATE replay_floor SET issued_from = ?, forgotten = ?', issuedFrom, forgotten);
    set('UPDATE statistics_position SET sequence = ?, at = ?', counted.sequence, counted.at);
    if (prunedCheckpoint > 0) set('UPDATE audit_pruned SET checkpoint = ?, sequence = ?', prunedCheckpoint, prunedSequence);
  }

  /** The columns of a table that hold octets. */
  #octetsOf(table: string): ReadonlySet<string> {
    const known = this.#octets.get(table);
    if (known) return known;
    const columns = this.#connection.statement<[], { name: string }>(
      `SELECT name FROM pragma_table_info('${table}') WHERE type = 'BLOB'`,
    );
    const octets = new Set(columns.all().map(({ name }) => name));
    this.#octets.set(table, octets);
    return octets;
  }
}

function toColumn(value: PlainValue | undefined, isOctets: boolean): PlainValue | Buffer | undefined {
  return isOctets && typeof value === 'string' ? Buffer.from(value.slice(2), 'hex') : value;
}
