import type { AuditRecord, Storage } from '../../core/ports.ts';
import { GroupCommit } from '../spend.ts';
import type { WriteQueue } from '../write-queue.ts';
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

/** Reading the audit, and appending what belongs to no other change: records of one turn share a commit. */
export function audit(reader: Connection, writer: Connection, writes: WriteQueue): Storage['audit'] {
  const newest = reader.statement<[limit: number], AuditRow>(`
    SELECT type, at, correlation_id AS correlationId, client_id AS clientId, orgno, details
    FROM audit ORDER BY sequence DESC LIMIT ?`);
  const append = appendToAudit(writer);
  const commit = writer.change((batch: readonly AuditRow[]) => batch.map((row) => append.run(row) === 1));
  const appends = new GroupCommit<AuditRow>((batch) => writes.run(() => commit(batch)));
  return {
    list: async (limit) => newest.all(limit).map(fromRow),
    append: async (record) => void (await appends.add(toAuditRow(record))),
  };
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
