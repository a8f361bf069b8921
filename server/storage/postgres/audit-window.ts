import type { Audit, AuditWindow } from '../../core/audit.ts';
import { type AuditRow, toChained } from '../rows/audit.ts';
import type { Connection } from './database.ts';

/**
 * The subject that a record's details name. What no text of the database can hold stands escaped in them, and would fail whoever reads
 * them as JSON: it is read as the character for what cannot be shown.
 */
const SUBJECT = String.raw`regexp_replace(details, '\\u(0000|d[89a-f][0-9a-f]{2})', '\\ufffd', 'g')::json ->> 'subject'`;

/** Reads a stretch of the audit backwards, in one statement that touches no record outside of it. */
export function auditWindow(reading: Connection): Audit['window'] {
  const [all, changes] = [looking(reading, ''), looking(reading, CHANGES)];
  return async (window) => (await (window.changes ? changes : all).all(bound(window))).map(toChained);
}

/** As the index has it that is used for it. */
const CHANGES = "AND substr(type, 1, 6) <> 'token.'";

function looking(reading: Connection, more: string) {
  return reading.statement<[Bound], AuditRow>(`
    SELECT sequence, chain, number, previous, hash, type, at, correlation_id AS "correlationId", client_id AS "clientId", orgno,
      details
    FROM audit
    WHERE sequence > @above AND sequence < @below AND at >= @from AND at < @to
      ${more}
      AND (@type::text IS NULL OR type = @type::text)
      AND (@orgno::text IS NULL OR orgno = @orgno::text OR strpos(details, @orgno::text) > 0)
      AND (@subject::text IS NULL OR COALESCE(${SUBJECT}, 'client/' || client_id) = @subject::text)
    ORDER BY sequence DESC LIMIT @limit`);
}

function bound({ above, below, limit, from = 0, to = Number.MAX_SAFE_INTEGER, type, orgno, subject }: AuditWindow): Bound {
  const stretch = { above, below, limit, from: Math.ceil(from), to: Math.ceil(to) };
  return { ...stretch, type: type ?? null, orgno: orgno ?? null, subject: subject ?? null };
}

type Bound = Readonly<Record<'above' | 'below' | 'limit' | 'from' | 'to', number>> &
  Readonly<Record<'type' | 'orgno' | 'subject', string | null>>;
