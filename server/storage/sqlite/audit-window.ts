import type { AuditWindow, ChainedRecord } from '../../core/audit.ts';
import { type AuditRow, toChained } from '../rows/audit.ts';
import type { Connection } from './database.ts';

/** Reads a stretch of the audit backwards, in one statement that touches no record outside of it. */
export function auditWindow(reader: Connection): (window: AuditWindow) => Promise<ChainedRecord[]> {
  const find = reader.statement<[Bound], AuditRow>(`
    SELECT sequence, chain, number, previous, hash, type, at, correlation_id AS correlationId, client_id AS clientId, orgno, details
    FROM audit
    WHERE sequence > @above AND sequence < @below AND at >= @from AND at < @to
      AND (@type IS NULL OR type = @type)
      AND (@orgno IS NULL OR orgno = @orgno OR instr(details, @orgno) > 0)
      AND (@subject IS NULL OR json_extract(details, '$.subject') = @subject
        OR (json_extract(details, '$.subject') IS NULL AND 'client/' || client_id = @subject))
    ORDER BY sequence DESC LIMIT @limit`);
  return async ({ above, below, limit, from = 0, to = Number.MAX_SAFE_INTEGER, type, orgno, subject }) =>
    find
      .all({ above, below, limit, from, to, type: type ?? null, orgno: orgno ?? null, subject: subject ?? null })
      .map(toChained);
}

type Bound = Readonly<Record<'above' | 'below' | 'limit' | 'from' | 'to', number>> &
  Readonly<Record<'type' | 'orgno' | 'subject', string | null>>;
