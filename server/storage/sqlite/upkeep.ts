import { statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { ForgottenSpan } from '../../core/replay-floor.ts';
import { ForgottenSpans } from '../forgotten-spans.ts';
import { LAST_SEQUENCE } from './audit-chain.ts';
import { Connection } from './database.ts';
import { migrate, pendingOn, schemaOf } from './migrate.ts';

/** What can be told of a store without being its server. Members are spelled as they are printed; absent: its schema has none yet. */
export type StoreStatus = {
  /** Number of its last migration, and the oldest schema whose programs may use it. */
  readonly schema: number;
  readonly readable_by: number;
  /** Migrations of this version that it lacks. */
  readonly pending: readonly string[];
  readonly bytes: number;
  readonly pages: number;
  readonly free_pages: number;
  /** Of the log that has not been written into the database yet. */
  readonly log_bytes: number;
  /** What is wrong with it; empty: nothing. */
  readonly flaws: readonly string[];
  readonly spent_assertions: number;
  readonly audit: { readonly last_sequence: number; readonly chains: number; readonly last_checkpoint: number };
  readonly replay_floor?: { readonly issued_from: number; readonly forgotten: readonly ForgottenSpan[] };
  readonly last_backup?: { readonly at: number; readonly digest: string };
};

/** How long a command waits for a lock, in milliseconds. */
const WAIT = 5_000;

/**
 * Looks at a database without changing it, whatever its schema, while others use it.
 * @param check how thoroughly: `quick` passes over whether every index holds what its table does.
 * @throws {StoreUnusable | StoreUnavailable}
 */
export function describeSqlite(path: string, check: Check = 'integrity'): StoreStatus {
  return reading(path, (connection) => {
    const { schema, readableBy } = schemaOf(connection);
    const row = <Row>(sql: string): Row | undefined => connection.statement<[], Row>(sql).get();
    const has = (table: string): boolean => row(`SELECT 1 FROM sqlite_schema WHERE name = '${table}'`) !== undefined;
    const pages = Number(connection.pragma('page_count'));
    const floor = has('replay_floor')
      ? row<{ issued_from: number; forgotten: string }>('SELECT issued_from, forgotten FROM replay_floor')
      : undefined;
    const backup = has('last_backup') ? row<{ at: number; digest: string }>('SELECT at, digest FROM last_backup') : undefined;
    return {
      ...{ schema, readable_by: readableBy, pending: pendingOn(connection).map(({ name }) => name) },
      ...{
        bytes: pages * Number(connection.pragma('page_size')),
        pages,
        free_pages: Number(connection.pragma('freelist_count')),
      },
      ...{ log_bytes: statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0, flaws: flawsOf(connection, check) },
      spent_assertions: row<{ count: number }>('SELECT count(*) AS count FROM spent_assertions')?.count ?? 0,
      audit: row<StoreStatus['audit']>(AUDIT) ?? { last_sequence: 0, chains: 0, last_checkpoint: 0 },
      ...(floor && { replay_floor: { ...floor, forgotten: new ForgottenSpans().read(floor.forgotten) } }),
      ...(backup && { last_backup: backup }),
    };
  });
}

const AUDIT = `
  SELECT (${LAST_SEQUENCE}) AS last_sequence, (SELECT count(*) FROM audit_chains) AS chains,
    (SELECT COALESCE(max(number), 0) FROM audit_checkpoints) AS last_checkpoint`;

type Check = 'integrity' | 'quick';

function flawsOf(connection: Connection, check: Check): readonly string[] {
  const integrity = connection.statement<[], Record<string, string>>(`PRAGMA ${check}_check`).all();
  const orphans = connection.statement<[], { table: string; parent: string }>('PRAGMA foreign_key_check').all();
  return [
    ...integrity.flatMap((row) => Object.values(row)).filter((flaw) => flaw !== 'ok'),
    ...orphans.map(({ table, parent }) => `a row of ${table} refers to one of ${parent} that is not there`),
  ];
}

/** What a copy is of. */
export type CopiedStore = { readonly schema: number; readonly readableBy: number; readonly sequence: number };

/**
 * Copies the database as it stands at one moment into a new file of mode 0600, while others go on writing.
 * @throws {StoreUnusable | StoreUnavailable} or the system's error for the new file
 */
export async function copySqlite(path: string, to: string): Promise<CopiedStore> {
  await writeFile(to, '', { flag: 'wx', mode: 0o600 });
  const source = Connection.open(path, { readonly: true, busyTimeout: WAIT });
  try {
    schemaOf(source);
    await source.copyTo(to);
  } finally {
    source.close();
  }
  const copy = Connection.open(to, { readonly: false, busyTimeout: WAIT });
  try {
    const sequence = copy.statement<[], { sequence: number }>(LAST_SEQUENCE).get()?.sequence ?? 0;
    return { ...schemaOf(copy), sequence };
  } finally {
    copy.close();
  }
}

/**
 * Applies every migration that is pending, those included that programs of the version before cannot go on with.
 * @returns their names
 * @throws {StoreUnusable | StoreUnavailable}
 */
export function migrateSqlite(path: string): readonly string[] {
  const connection = Connection.open(path, { readonly: false, busyTimeout: WAIT });
  try {
    const pending = pendingOn(connection).map(({ name }) => name);
    migrate(connection, 'everything');
    return pending;
  } finally {
    connection.close();
  }
}

function reading<T>(path: string, work: (connection: Connection) => T): T {
  const connection = Connection.open(path, { readonly: true, busyTimeout: WAIT });
  try {
    return work(connection);
  } finally {
    connection.close();
  }
}
