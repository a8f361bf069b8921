import type { AuditReading } from '../audit-lines.ts';
import type { AuditRow } from '../rows/audit.ts';
import type { SignedRow } from '../rows/checkpoint.ts';
import type { Connection } from './database.ts';

/** What the audit's lines are read with. */
export function auditReading(reading: Connection): AuditReading {
  const records = reading.statement<[after: number, until: number, limit: number], AuditRow>(`
    SELECT sequence, chain, number, previous, hash, type, at, correlation_id AS "correlationId", client_id AS "clientId", orgno,
      details
    FROM audit WHERE sequence > $1 AND sequence <= $2 ORDER BY sequence LIMIT $3`);
  const checkpoints = reading.statement<[after: number, until: number], SignedRow>(
    `${SIGNED} WHERE number > $1 AND sequence <= $2 ORDER BY number`,
  );
  const base = reading.statement<[], SignedRow>(`${SIGNED} WHERE number = (SELECT checkpoint FROM audit_pruned)`);
  return { base: base.get, records: records.all, checkpoints: checkpoints.all };
}

const SIGNED = 'SELECT number, sequence, text, kid, signature FROM audit_checkpoints';
