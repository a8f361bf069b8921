import type { AuditRecord } from '../../core/ports.ts';
import type { Connection, Statement } from './database.ts';

/** An audit record as the table holds it. */
export type AuditRow = Pick<AuditRecord, 'type' | 'at' | 'correlationId'> & {
  readonly clientId: string | null;
  readonly orgno: string | null;
  readonly details: string;
};

/** The statement that appends to the audit. There is none that changes or removes. `PV-SEC-106` */
export function appendToAudit(connection: Connection): Statement<[AuditRow], never> {
  return connection.statement(`
    INSERT INTO audit (type, at, correlation_id, client_id, orgno, details)
    VALUES (@type, @at, @correlationId, @clientId, @orgno, @details)`);
}

/** Reads the newest audit records first. */
export function readAudit(connection: Connection): (limit: number) => AuditRecord[] {
  const newest = connection.statement<[limit: number], AuditRow>(`
    SELECT type, at, correlation_id AS correlationId, client_id AS clientId, orgno, details
    FROM audit ORDER BY sequence DESC LIMIT ?`);
  return (limit) => newest.all(limit).map(fromRow);
}

export function toAuditRow(record: AuditRecord): AuditRow {
  return {
    ...record,
    clientId: record.clientId ?? null,
    orgno: record.orgno ?? null,
    details: JSON.stringify(record.details),
  };
}

function fromRow({ clientId, orgno, ...row }: AuditRow): AuditRecord {
  return {
    ...row,
    ...(clientId !== null && { clientId }),
    ...(orgno !== null && { orgno }),
    details: JSON.parse(row.details) as AuditRecord['details'],
  };
}
