import type { Audit } from '../../core/audit.ts';
import type { CommitMeasures } from '../../core/measures.ts';
import { auditLines } from '../audit-lines.ts';
import { type AuditRow, type EndRow, type Prepared, toEnd, toRecord } from '../rows/audit.ts';
import { GroupCommit } from '../spend.ts';
import { type AuditChain, END, prepared } from './audit-chain.ts';
import { auditReading } from './audit-lines.ts';
import { auditPruning } from './audit-pruning.ts';
import { auditWindow } from './audit-window.ts';
import { checkpointKeys } from './checkpoint-keys.ts';
import type { Connection } from './database.ts';
import type { ConnectionPool } from './pool.ts';

/** What the audit is written with. */
type Writing = {
  /** Where the group commits run. */
  readonly writing: ConnectionPool;
  readonly reading: ConnectionPool;
  readonly chain: AuditChain;
  readonly commits: CommitMeasures;
};

/** Reading the audit, and appending what belongs to no other change: records that meet share a commit. */
export function audit({ writing, reading, chain, commits }: Writing): Audit {
  const newest = reading.statements.statement<[limit: number], AuditRow>(`
    SELECT type, at, correlation_id AS "correlationId", client_id AS "clientId", orgno, details
    FROM audit ORDER BY sequence DESC LIMIT $1`);
  const commit = async (batch: readonly Prepared[]): Promise<readonly boolean[]> => {
    const appended = await chain.append(writing.statements, batch);
    await chain.committed(appended, batch.at(-1)?.record.at ?? 0);
    return batch.map(() => true);
  };
  const appends = new GroupCommit<Prepared>(commit, commits);
  return {
    ...auditOf(reading.statements),
    append: async (record) => void (await appends.add(prepared(record))),
    list: async (limit) => (await newest.all(limit)).map(toRecord),
    sealWith: (signer) => chain.sealWith(signer),
    seal: (now, due) => chain.seal(now, due),
    window: auditWindow(reading.statements),
    prune: auditPruning(reading, chain),
  };
}

/** Reading the audit from its beginning to its end, as it is seen on a connection. */
export function auditOf(connection: Connection): Pick<Audit, 'end' | 'lines' | 'keys'> {
  const end = connection.statement<[], EndRow>(WHOLE_END);
  return {
    end: async () => toEnd(await end.get()),
    lines: auditLines(auditReading(connection)),
    keys: checkpointKeys(connection).list,
  };
}

/** In one statement, so that it is of one moment. */
const WHOLE_END = `
  SELECT (${END}) AS sequence,
    (SELECT COALESCE(json_agg(json_build_object('chain', chain, 'number', number, 'hash', encode(hash, 'hex')) ORDER BY chain), '[]')
      FROM audit_chains)::text AS heads,
    (SELECT max(number) FROM audit_checkpoints) AS number,
    (SELECT max(sequence) FROM audit_checkpoints) AS sealed`;
