import { canonicalJson } from '../../audit/canonical-json.ts';
import type { Audit } from '../../core/audit.ts';
import { type AuditChain, prepared } from './audit-chain.ts';
import type { ConnectionPool } from './pool.ts';

/** How many records go at a time, so that no token waits for it. */
const SLICE = 1_000;

/** Takes out what a checkpoint stands for: as far as the database's own triggers let anybody, which is no further. `PV-SEC-106` */
export function auditPruning(pool: ConnectionPool, chain: AuditChain): Audit['prune'] {
  const remove = pool.statements.statement<[limit: number]>(`
    DELETE FROM audit WHERE sequence IN (
      SELECT sequence FROM audit WHERE sequence <= (SELECT sequence FROM audit_pruned) ORDER BY sequence LIMIT $1)`);
  return async ({ checkpoint, signature }, record) => {
    const kept = prepared(record);
    const begun = await pool.transaction('BEGIN', async (connection) => {
      const found = await connection
        .statement<[number: number, text: string, signature: string], { sequence: number }>(
          'SELECT sequence FROM audit_checkpoints WHERE number = $1 AND text = $2 AND signature = $3 AND whole',
        )
        .get(checkpoint.number, canonicalJson(checkpoint), signature);
      if (!found) return undefined;
      await connection
        .statement<[checkpoint: number, sequence: number]>('UPDATE audit_pruned SET checkpoint = $1, sequence = $2')
        .run(checkpoint.number, found.sequence);
      return chain.append(connection, [kept]);
    });
    if (!begun) return undefined;
    await chain.committed(begun, record.at);
    for (let removed = 0; ; ) {
      const gone = await remove.run(SLICE);
      removed += gone;
      if (gone < SLICE) return removed;
    }
  };
}
