import type { Audit } from '../../core/audit.ts';
import type { Distribution } from '../../core/distribution.ts';
import { auditLines } from '../audit-lines.ts';
import { type AuditRow, type EndRow, type Prepared, toEnd, toRecord } from '../rows/audit.ts';
import { GroupCommit } from '../spend.ts';
import { type AuditChain, END, prepared } from './audit-chain.ts';
import { auditReading } from './audit-lines.ts';
import { auditPruning } from './audit-pruning.ts';
import { auditWindow } from './audit-window.ts';
import { checkpointKeys } from './checkpoint-keys.ts';
import type { ConnectionPool } from './pool.ts';

/** What the audit is written with. */
type Writing = {
  /** Where the group commits run. */
  readonly writing: ConnectionPool;
  readonly reading: ConnectionPool;
  readonly chain: AuditChain;
  readonly commits: Distribution;
};

/** Reading the audit, and appending what belongs to no other change: records that meet share a commit. */
export function audit({ writing, reading, chain, commits }: Writing): Audit {
  const newest = reading.statements.statement<[limit: number], AuditRow>(`
    SELECT type, at, correlation_id AS "correlationId", client_id AS "clientId", orgno, details
    FROM audit ORDER BY sequence DESC LIMIT $1`);
  const end = reading.statements.statement<[], EndRow>(WHOLE_END);
  const commit = async (batch: readonly Prepared[]): Promise<readonly boolean[]> => {
    const appended = await chain.append(writing.statements, batch);
    await chain.committed(appended, batch.at(-1)?.record.at ?? 0);
    return batch.map(() => true);
  };
  const appends = new GroupCommit<Prepared>(commit, commits);
  return {
    append: async (record) => void (await appends.add(prepared(record))),
    list: async (limit) => (await newest.all(limit)).map(toRecord),
    sealWith: (signer) => chain.sealWith(signer),
    seal: (now, due) => chain.seal(now, due),
    end: async () => toEnd(await end.get()),
    window: auditWindow(reading.statements),
    lines: auditLines(auditReading(reading.statements)),
    keys: checkpointKeys(reading.statements).list,
    prune: auditPruning(reading, chain),
  };
}

/** In one statement, so that it is of one moment. */
const WHOLE_END = `
  SELECT (${END}) AS sequence,
    (SELECT COALESCE(json_agg(json_build_object('chain', chain, 'number', number, 'hash', encode(hash, 'hex')) ORDER BY chain), '[]')
      FROM audit_chains)::text AS heads,
    (SELECT max(number) FROM audit_checkpoints) AS number,
    (SELECT max(sequence) FROM audit_checkpoints) AS sealed`;
