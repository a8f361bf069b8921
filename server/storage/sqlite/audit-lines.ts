import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AuditReading } from '../audit-lines.ts';
import type { AuditRow } from '../rows/audit.ts';
import type { SignedRow } from '../rows/checkpoint.ts';
import type { Connection } from './database.ts';

/** What the audit's lines are read with. */
export function auditReading(reader: Connection): AuditReading {
  const records = reader.statement<[after: number, until: number, limit: number], AuditRow>(`
    SELECT sequence, chain, number, previous, hash, type, at, correlation_id AS correlationId, client_id AS clientId, orgno, details
    FROM audit WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?`);
  const checkpoints = reader.statement<[after: number, until: number], SignedRow>(
    `${SIGNED} WHERE number > ? AND sequence <= ? ORDER BY number`,
  );
  const base = reader.statement<[], SignedRow>(`${SIGNED} WHERE number = (SELECT checkpoint FROM audit_pruned)`);
  return {
    base: async () => base.get(),
    records: async (...stretch) => {
      await nextTurn();
      return records.all(...stretch);
    },
    checkpoints: async (...stretch) => checkpoints.all(...stretch),
  };
}

const SIGNED = 'SELECT number, sequence, text, kid, signature FROM audit_checkpoints';
