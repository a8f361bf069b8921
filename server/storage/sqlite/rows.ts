import { resolve } from 'node:path';
import { COPIED_TABLES, OWN_TABLES, type PlainRow } from '../copied-tables.ts';
import type { Positions } from '../positions.ts';
import { StoreUnusable } from '../unusable.ts';
import { Connection } from './database.ts';
import { pendingOn } from './migrate.ts';

/** Rows read at a time. */
const PAGE = 1_000;

/** The rows of a database file as they stood at one moment; nothing is changed. */
export class SqliteRows {
  readonly #connection: Connection;

  /** @throws {StoreUnusable} for another version's, and for one with tables that a copy would leave behind */
  constructor(path: string) {
    this.#connection = Connection.open(resolve(path), { readonly: true, busyTimeout: 2_000 });
    try {
      if (pendingOn(this.#connection).length > 0) throw new StoreUnusable(`${path} is an older version's: portvakt db migrate`);
      this.#connection.script('BEGIN');
      this.#assertKnown(path);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** In the order of their keys. */
  pages(table: string): Generator<readonly PlainRow[]> {
    return tablePages(this.#connection, table);
  }

  get positions(): Positions {
    return {
      issuedFrom: this.#number('SELECT issued_from AS value FROM replay_floor'),
      forgotten: this.#one<string>('SELECT forgotten AS value FROM replay_floor') ?? '[]',
      counted: {
        sequence: this.#number('SELECT sequence AS value FROM statistics_position'),
        at: this.#number('SELECT at AS value FROM statistics_position'),
      },
      version: this.#number('SELECT version + 1 AS value FROM register_version'),
      trustVersion: this.#number('SELECT version + 1 AS value FROM trust_version'),
      prunedCheckpoint: this.#number('SELECT checkpoint AS value FROM audit_pruned'),
      prunedSequence: this.#number('SELECT sequence AS value FROM audit_pruned'),
      sequence: this.#number('SELECT COALESCE((SELECT max(sequence) FROM audit), (SELECT sequence FROM audit_pruned)) AS value'),
    };
  }

  /** The one number, as `value`, of a table that has one row. */
  #number(sql: string): number {
    return this.#one<number>(sql) ?? 0;
  }

  #one<Value extends string | number>(sql: string): Value | undefined {
    return this.#connection.statement<[], { value: Value }>(sql).get()?.value;
  }

  close(): void {
    this.#connection.close();
  }

  #assertKnown(path: string): void {
    const tables = this.#connection.statement<[], { name: string }>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    );
    const strange = tables.all().find(({ name }) => !(name in COPIED_TABLES) && !OWN_TABLES.includes(name));
    if (strange) throw new StoreUnusable(`${path} has a table that this version cannot copy: ${strange.name}`);
    if (this.#number('SELECT count(*) AS value FROM audit_unchained') > 0)
      throw new StoreUnusable(`${path} has audit records of before they were chained, which cannot be copied`);
  }
}

/** Reads a table in the order of its keys: no more of it is held than a page. */
export function* tablePages(connection: Connection, table: string): Generator<readonly PlainRow[]> {
  const key = COPIED_TABLES[table] ?? [];
  const places = key.map(() => '?').join(', ');
  const first = connection.statement<[], Row>(`SELECT * FROM ${table} ORDER BY ${key} LIMIT ${PAGE}`);
  const next = connection.statement<unknown[], Row>(
    `SELECT * FROM ${table} WHERE (${key}) > (${places}) ORDER BY ${key} LIMIT ${PAGE}`,
  );
  for (let rows = first.all(); rows.length > 0; ) {
    yield rows.map(toPlain);
    const last = rows.at(-1);
    rows = rows.length < PAGE || !last ? [] : next.all(...key.map((column) => last[column]));
  }
}

type Row = Readonly<Record<string, string | number | null | Buffer>>;

function toPlain(row: Row): PlainRow {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, Buffer.isBuffer(value) ? `\\x${value.toString('hex')}` : value]),
  );
}
