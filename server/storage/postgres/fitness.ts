import { DatabaseError } from 'pg';
import { StoreUnusable } from '../unusable.ts';
import { APPLIED, type Applied, assertKnown, MIGRATIONS } from './migrate.ts';
import type { ConnectionPool } from './pool.ts';

/** What the promise that a commit lasts rests on, and what a server is started with where nobody cares for it. `PV-SEC-115` */
const SETTINGS = `
  SELECT current_setting('server_encoding') AS encoding, current_setting('fsync') AS fsync,
    current_setting('full_page_writes') AS "fullPageWrites", current_setting('synchronous_commit') AS "synchronousCommit",
    current_setting('transaction_isolation') AS isolation`;

const NEEDED = {
  ...{ encoding: 'UTF8', fsync: 'on', fullPageWrites: 'on', synchronousCommit: 'on' },
  isolation: 'read committed',
} as const;

/**
 * Reads back what the store rests on: the schema of this very version, and settings by which a commit lasts.
 * @throws {StoreUnusable} for what an operator has to mend first
 */
export async function assertFit(pool: ConnectionPool): Promise<void> {
  const migrate = 'run portvakt db migrate as the owner of the database, and name this role';
  try {
    const held = await pool.statements.statement<[], Record<string, string>>(SETTINGS).get();
    for (const [name, needed] of Object.entries(NEEDED))
      if (held?.[name] !== needed)
        throw new StoreUnusable(`the database holds ${name} = ${held?.[name]} where ${needed} is needed`);
    const applied = await pool.statements.statement<[], Applied>(APPLIED).all();
    const { length } = MIGRATIONS;
    if (assertKnown(applied) < length)
      throw new StoreUnusable(`the database stands at migration ${applied.length}, and this version needs ${length}: ${migrate}`);
  } catch (error) {
    if (error instanceof DatabaseError && error.code === '42P01')
      throw new StoreUnusable(`the database has no tables that this role may use: ${migrate}`, { cause: error });
    if (error instanceof DatabaseError && error.code === '42501')
      throw new StoreUnusable(`the database's role may not do its work (${error.message}): ${migrate}`, {
        cause: error,
      });
    throw error;
  }
}
