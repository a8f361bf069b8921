import { createPublicKey } from 'node:crypto';
import Database from 'better-sqlite3';
import type { PostgresCluster } from '../../proving/postgres-cluster.ts';
import { AuditVerifier } from '../../server/audit/verify.ts';
import { openStorage } from '../../server/storage/open.ts';

/** What an audit holds that holds. */
export type Kept = { readonly records: number; readonly types: ReadonlyMap<string, number> };

/**
 * Holds every record of the store's audit to the one before it, and the ends of the chains to what the store says of them. A server may run
 * on it meanwhile.
 * @throws {AuditBroken} naming the place
 */
export async function verifyAudit(database: string): Promise<Kept> {
  const storage = await openStorage(database);
  try {
    const keys = (await storage.audit.keys()).map(
      ({ kid, jwk }) => [kid, createPublicKey({ key: { ...jwk }, format: 'jwk' })] as const,
    );
    const verifier = new AuditVerifier(new Map(keys));
    const { sequence, heads } = await storage.audit.end();
    const types = new Map<string, number>();
    for await (const line of storage.audit.lines(sequence)) {
      verifier.take(line);
      if ('type' in line) types.set(line.type, (types.get(line.type) ?? 0) + 1);
    }
    return { records: verifier.end(heads).records, types };
  } finally {
    await storage.close();
  }
}

/** What is wrong with the store's audit where so many tokens are known to have been issued, a sentence each, and how much it holds. */
export async function judgeAudit(
  database: string,
  tokens: number,
): Promise<{ readonly records: number; readonly flaws: string[] }> {
  try {
    const { records, types } = await verifyAudit(database);
    const isWhole = (types.get('token.issuing') ?? 0) >= tokens;
    return { records, flaws: isWhole ? [] : ['the audit does not speak of every token'] };
  } catch (error) {
    return { records: 0, flaws: [`the audit is broken: ${error}`] };
  }
}

/** What PostgreSQL finds wrong with the rows and indexes of a database, read one against the other. */
export async function clusterFlaws(cluster: PostgresCluster, database: string): Promise<string[]> {
  await cluster.sql('CREATE EXTENSION IF NOT EXISTS amcheck', database);
  const flaws = await cluster.sql<{ flaw: string }>(
    `SELECT format('%s: %s', c.relname, h.msg) AS flaw
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, LATERAL verify_heapam(c.oid) h
     WHERE n.nspname = 'portvakt' AND c.relkind = 'r'`,
    database,
  );
  const broken = await cluster
    .sql(
      `SELECT bt_index_check(c.oid, true)
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am a ON a.oid = c.relam
       WHERE n.nspname = 'portvakt' AND c.relkind = 'i' AND a.amname = 'btree'`,
      database,
    )
    .then(
      () => [],
      (error: unknown) => [`an index is broken: ${error}`],
    );
  return [...flaws.map(({ flaw }) => flaw), ...broken];
}

/** What SQLite finds wrong with the file and with its references; nothing: it is whole. */
export function integrityFlaws(database: string): string[] {
  const connection = new Database(database, { readonly: true, fileMustExist: true });
  try {
    const checked = connection.pragma('integrity_check') as { integrity_check: string }[];
    const references = connection.pragma('foreign_key_check') as object[];
    const flaws = checked.map(({ integrity_check }) => integrity_check).filter((text) => text !== 'ok');
    return [...flaws, ...references.map((reference) => `a reference to nothing: ${JSON.stringify(reference)}`)];
  } finally {
    connection.close();
  }
}
