import { COPIED_TABLES, type PlainRow, type TableDigest } from './copied-tables.ts';
import type { Positions } from './positions.ts';
import type { LocationOptions } from './postgres/location.ts';
import { SqliteCopying } from './sqlite/copying.ts';
import { SqliteRows } from './sqlite/rows.ts';
import { TableSum } from './table-sum.ts';
import { StoreUnusable } from './unusable.ts';

type Pages = Iterable<readonly PlainRow[]> | AsyncIterable<readonly PlainRow[]>;

/** A store as it stood at one moment, whose rows come in the order of their keys. */
type Source = { pages(table: string): Pages; readonly positions: Positions };

/** An empty store that is being filled, in one transaction. */
type Target = {
  put(table: string, rows: readonly PlainRow[]): Promise<void> | void;
  pages(table: string): Pages;
  place(positions: Positions): Promise<void> | void;
};

/** What a file holds, table by table. @throws {StoreUnusable | StoreUnavailable} */
export async function digestFile(path: string): Promise<readonly TableDigest[]> {
  return inFile(path, digest);
}

/** What a PostgreSQL database holds, table by table. @throws {StoreUnusable | StoreUnavailable} */
export async function digestDatabase(location: string, options: LocationOptions): Promise<readonly TableDigest[]> {
  const { PostgresRows } = await import('./postgres/reading.ts');
  return PostgresRows.of(location, options, digest);
}

/**
 * Copies a store in a file into an empty PostgreSQL database, as its owner, in one transaction; then reads every row back, and commits when
 * each table has the rows and the digest that it has in the file. The file is only read. What is written to it meanwhile is not copied:
 * no server may run on it.
 * @throws {StoreUnusable} when the file or the database is not fit, or a row came back otherwise; then the database is as it was
 */
export async function copyFile(path: string, location: string, options: LocationOptions): Promise<readonly TableDigest[]> {
  const { PostgresCopying } = await import('./postgres/copying.ts');
  return inFile(path, (source) => PostgresCopying.into(location, options, (target) => copyTables(source, target)));
}

/**
 * The way back: copies a PostgreSQL database, as the servers' role, into a new file. The database is only read.
 * @throws {StoreUnusable} when the database is not fit, a server is connected to it, or a row came back otherwise; then the file is not
 * fit for use, and the caller removes it
 */
export async function copyDatabase(location: string, options: LocationOptions, path: string): Promise<readonly TableDigest[]> {
  const { PostgresRows } = await import('./postgres/reading.ts');
  return PostgresRows.of(location, options, async (source) => {
    await source.assertAlone();
    return SqliteCopying.into(path, (target) => copyTables(source, target));
  });
}

async function inFile<T>(path: string, work: (source: SqliteRows) => Promise<T>): Promise<T> {
  const source = new SqliteRows(path);
  return work(source).finally(() => source.close());
}

async function digest(source: Source): Promise<readonly TableDigest[]> {
  const digests: TableDigest[] = [];
  for (const table of Object.keys(COPIED_TABLES)) digests.push(await sum(table, source));
  return digests;
}

async function copyTables(source: Source, target: Target): Promise<readonly TableDigest[]> {
  const copied: TableDigest[] = [];
  for (const table of Object.keys(COPIED_TABLES)) {
    const given = await sum(table, source, (page) => target.put(table, page));
    copied.push(same(given, await sum(table, target)));
  }
  await target.place(source.positions);
  return copied;
}

/** Sums a table up, and gives each of its pages to who wants it. */
async function sum(
  table: string,
  of: Pick<Source, 'pages'>,
  take?: (page: readonly PlainRow[]) => Promise<void> | void,
): Promise<TableDigest> {
  const summed = new TableSum(table);
  for await (const page of of.pages(table)) {
    summed.add(page);
    await take?.(page);
  }
  return summed.end();
}

function same(given: TableDigest, found: TableDigest): TableDigest {
  if (given.rows !== found.rows || given.digest !== found.digest)
    throw new StoreUnusable(`the table ${given.table} came back otherwise than it was given: nothing was copied`);
  return found;
}
