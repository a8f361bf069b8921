import { COPIED_TABLES, type PlainRow, type TableDigest } from './copied-tables.ts';
import type { Positions } from './positions.ts';
import type { Concluding } from './postgres/concluding.ts';
import type { PostgresCopying } from './postgres/copying.ts';
import type { DatabaseDescription } from './postgres/description.ts';
import type { LocationOptions } from './postgres/location.ts';
import type { StoreReading } from './store-reading.ts';
import { rowLine, TableSum } from './table-sum.ts';

/** A PostgreSQL database as it stood at one moment, as a backup takes it. */
export type DatabaseMoment = {
  /** Number of its last migration. */
  readonly schema: number;
  /** Each after those it refers to. */
  readonly tables: readonly string[];
  /** The rows of a table in the order of their keys, a line each: the same each time. No more is held of them than a page. */
  lines(table: string): AsyncGenerator<Buffer>;
  readonly positions: Positions;
};

/**
 * Lets the work read a PostgreSQL database as it stands at one moment, while servers go on. It may take as long as it takes.
 * @throws {StoreUnusable} for another version's
 * @throws {StoreUnavailable} when it cannot be reached
 */
export async function readDatabase<T>(
  location: string,
  options: LocationOptions,
  work: (moment: DatabaseMoment) => Promise<T>,
): Promise<T> {
  const { PostgresRows } = await import('./postgres/reading.ts');
  const { MIGRATIONS } = await import('./postgres/migrate.ts');
  return PostgresRows.of(location, options, ({ positions, pages }) =>
    work({
      ...{ schema: MIGRATIONS.length, tables: Object.keys(COPIED_TABLES), positions },
      lines: async function* (table) {
        for await (const page of pages(table)) yield Buffer.from(page.map(rowLine).join(''));
      },
    }),
  );
}

/** Looks at a PostgreSQL database of this version without changing it. @throws {StoreUnusable | StoreUnavailable} */
export async function describeDatabase(location: string, options: LocationOptions): Promise<DatabaseDescription> {
  return (await import('./postgres/description.ts')).describePostgres(location, options);
}

/** Looks into a PostgreSQL database of this version without changing it. @throws {StoreUnusable | StoreUnavailable} */
export async function lookIntoDatabase<T>(
  location: string,
  options: LocationOptions,
  look: (store: StoreReading) => Promise<T>,
): Promise<T> {
  return (await import('./postgres/looking.ts')).lookIntoPostgres(location, options, look);
}

/** An empty PostgreSQL database that is being filled, in one transaction. */
export type DatabaseFilling = Concluding & {
  /**
   * Puts the rows of a table in, and reads them back.
   * @returns what has been read
   * @throws {SyntaxError} for a line that is no row
   */
  put(table: string, lines: AsyncIterable<string>): Promise<TableDigest>;
  place(positions: Positions): Promise<void>;
};

/** Whose database is filled, and as whom servers will use it. */
export type Filled = {
  /** URL of the owner, with its password. */
  readonly owner: string;
  readonly caFile?: string | undefined;
  /** Where the servers find it. */
  readonly location: string;
  readonly options: LocationOptions;
};

/**
 * Lets the work fill an empty PostgreSQL database as its owner, in one transaction, and commits unless it throws.
 * @throws {StoreUnusable} for a database of another version, with something in it, that servers are connected to, or that is another than
 * the one that they find
 * @throws {StoreUnavailable} when it cannot be reached
 */
export async function fillDatabase<T>(filled: Filled, work: (filling: DatabaseFilling) => Promise<T>): Promise<T> {
  const { PostgresCopying } = await import('./postgres/copying.ts');
  const { assertUnserved } = await import('./postgres/unserved.ts');
  const { concludingOn } = await import('./postgres/concluding.ts');
  const { owner, caFile, location, options } = filled;
  return PostgresCopying.into(owner, caFile === undefined ? {} : { caFile }, async (copying) => {
    await assertUnserved(copying.connection, location, options);
    return work({
      ...concludingOn(copying.connection),
      put: (table, lines) => put(copying, table, lines),
      place: (to) => copying.place(to),
    });
  });
}

/** Rows put in at a time. */
const PAGE = 1_000;

async function put(copying: PostgresCopying, table: string, lines: AsyncIterable<string>): Promise<TableDigest> {
  let page: PlainRow[] = [];
  for await (const line of lines) {
    page.push(JSON.parse(line) as PlainRow);
    if (page.length < PAGE) continue;
    await copying.put(table, page);
    page = [];
  }
  if (page.length > 0) await copying.put(table, page);
  const sum = new TableSum(table);
  for await (const found of copying.pages(table)) sum.add(found);
  return sum.end();
}
