import { COPIED_TABLES, type TableDigest } from './copied-tables.ts';
import type { LocationOptions } from './postgres/location.ts';
import { SqliteRows } from './sqlite/rows.ts';
import { TableSum } from './table-sum.ts';
import { StoreUnusable } from './unusable.ts';

/** What a file holds, table by table. @throws {StoreUnusable | StoreUnavailable} */
export function digestFile(path: string): readonly TableDigest[] {
  const source = new SqliteRows(path);
  try {
    return Object.keys(COPIED_TABLES).map((table) => {
      const sum = new TableSum(table);
      for (const page of source.pages(table)) sum.add(page);
      return sum.end();
    });
  } finally {
    source.close();
  }
}

/**
 * Copies a store in a file into an empty PostgreSQL database, as its owner, in one transaction; then reads every row back, and commits when
 * each table has the rows and the digest that it has in the file. The file is only read. What is written to it meanwhile is not copied:
 * no server may run on it.
 * @throws {StoreUnusable} when the file or the database is not fit, or a row came back otherwise; then the database is as it was
 */
export async function copyFile(path: string, location: string, options: LocationOptions): Promise<readonly TableDigest[]> {
  const { PostgresCopying } = await import('./postgres/copying.ts');
  const source = new SqliteRows(path);
  try {
    return await PostgresCopying.into(location, options, async (target) => {
      const copied: TableDigest[] = [];
      for (const table of Object.keys(COPIED_TABLES)) {
        const [given, found] = [new TableSum(table), new TableSum(table)];
        for (const page of source.pages(table)) {
          given.add(page);
          await target.put(table, page);
        }
        for await (const page of target.pages(table)) found.add(page);
        copied.push(same(given.end(), found.end()));
      }
      await target.place(positionsOf(source));
      return copied;
    });
  } finally {
    source.close();
  }
}

function positionsOf(source: SqliteRows) {
  return {
    issuedFrom: source.number('SELECT issued_from AS value FROM replay_floor'),
    forgotten: source.one<string>('SELECT forgotten AS value FROM replay_floor') ?? '[]',
    counted: {
      sequence: source.number('SELECT sequence AS value FROM statistics_position'),
      at: source.number('SELECT at AS value FROM statistics_position'),
    },
    version: source.number('SELECT version + 1 AS value FROM register_version'),
    trustVersion: source.number('SELECT version + 1 AS value FROM trust_version'),
    prunedCheckpoint: source.number('SELECT checkpoint AS value FROM audit_pruned'),
    prunedSequence: source.number('SELECT sequence AS value FROM audit_pruned'),
    sequence: source.number('SELECT COALESCE((SELECT max(sequence) FROM audit), (SELECT sequence FROM audit_pruned)) AS value'),
  };
}

function same(given: TableDigest, found: TableDigest): TableDigest {
  if (given.rows !== found.rows || given.digest !== found.digest)
    throw new StoreUnusable(`the table ${given.table} came back otherwise than it was given: nothing was copied`);
  return found;
}
