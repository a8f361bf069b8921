import type { AuditWindow, ChainedRecord } from '../../core/audit.ts';
import { type AuditRow, toChained } from '../rows/audit.ts';
import type { Connection } from './database.ts';

/** Reads a stretch of the audit backwards, in one statement that touches no record outside of it. */
export function auditWindow(reader: Connection): (window: AuditWindow) => Promise<ChainedRecord[]> {
  const [all, changes] = [looking(reader, ''), looking(reader, CHANGES)];
  return async (window) => (window.changes ? changes : all).all(bound(window)).map(toChained);
}

/** As the index has it that is used for it. */
const CHANGES = "AND substr(type, 1, 6) <> 'token.'";

function looking(reader: Connection, more: string) {
  return reader.statement<[Bound], AuditRow>(`
    SELECT sequence, chain, number, previous, hash, type, at, correlation_id AS correlationId, client_id AS clientId, orgno, details
    FROM audit
    WHERE sequence > @above AND sequence < @below AND at >= @from AND at < @to
      ${more}
      AND (@type IS NULL OR type = @type)
      AND (@orgno IS NULL OR orgno = @orgno OR instr(details, @orgno) > 0)
      AND (@subject IS NULL OR json_extract(details, '$.subject') = @subject
        OR (json_extract(details, '$.subject') IS NULL AND 'client/' || client_id = @subject))
    ORDER BY sequence DESC LIMIT @limit`);
}

function bound({ above, below, limit, from = 0, to = Number.MAX_SAFE_INTEGER, type, orgno, subject }: AuditWindow): Bound {
  return { above, below, limit, from, to, type: type ?? null, orgno: orgno ?? null, subject: subject ?? null };
}

type Bound = Readonly<Record<'above' | 'below' | 'limit' | 'from' | 'to', number>> &
  Readonly<Record<'type' | 'orgno' | 'subject', string | null>>;
