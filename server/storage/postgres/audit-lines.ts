import type { Audit, AuditLine, ChainedRecord, Checkpoint, SignedCheckpoint } from '../../core/audit.ts';
import type { AuditRow, CheckpointRow } from './audit-chain.ts';
import type { Connection } from './database.ts';

/** Records read at a time; between two such pages others have their turn. */
const PAGE = 1_000;

/** Reads the audit from its beginning, a page at a time, each checkpoint behind the last record that it covers. */
export function auditLines(reading: Connection): Audit['lines'] {
  const records = reading.statement<[after: number, until: number, limit: number], AuditRow>(`
    SELECT sequence, chain, number, previous, hash, type, at, correlation_id AS "correlationId", client_id AS "clientId", orgno,
      details
    FROM audit WHERE sequence > $1 AND sequence <= $2 ORDER BY sequence LIMIT $3`);
  const checkpoints = reading.statement<[after: number, until: number], SignedRow>(
    `${SIGNED} WHERE number > $1 AND sequence <= $2 ORDER BY number`,
  );
  const base = reading.statement<[], SignedRow>(`${SIGNED} WHERE number = (SELECT checkpoint FROM audit_pruned)`);
  return async function* lines(until): AsyncGenerator<AuditLine> {
    const begun = await base.get();
    if (begun) yield toSigned(begun);
    let [after, number] = [begun?.sequence ?? 0, begun?.number ?? 0];
    for (;;) {
      const page = await records.all(after, until, PAGE);
      const reached = page.length < PAGE ? until : (page.at(-1)?.sequence ?? until);
      const signed = await checkpoints.all(number, reached);
      yield* merged(page.map(toChained), signed.map(toSigned));
      number = signed.at(-1)?.number ?? number;
      if (reached === until) return;
      after = reached;
    }
  };
}

function* merged(records: readonly ChainedRecord[], checkpoints: SignedCheckpoint[]): Generator<AuditLine> {
  for (const record of records) {
    while (checkpoints[0] && checkpoints[0].checkpoint.sequence < record.sequence) yield checkpoints.shift() as SignedCheckpoint;
    yield record;
  }
  yield* checkpoints;
}

const SIGNED = 'SELECT number, sequence, text, kid, signature FROM audit_checkpoints';

type SignedRow = Pick<CheckpointRow, 'number' | 'sequence' | 'text' | 'kid' | 'signature'>;

function toSigned({ text, kid, signature }: SignedRow): SignedCheckpoint {
  return { checkpoint: JSON.parse(text) as Checkpoint, kid, signature };
}

/** A record as it is exported. */
export function toChained(row: AuditRow): ChainedRecord {
  const { sequence, chain, number, type, at, correlationId, clientId, orgno, details } = row;
  return {
    ...{ sequence, chain, number, previous: row.previous.toString('hex'), type, at, correlation_id: correlationId },
    ...(clientId !== null && { client_id: clientId }),
    ...(orgno !== null && { orgno }),
    details: JSON.parse(details) as object,
    hash: row.hash.toString('hex'),
  };
}
