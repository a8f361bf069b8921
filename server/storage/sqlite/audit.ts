import type { Audit } from '../../core/audit.ts';
import type { CommitMeasures } from '../../core/measures.ts';
import type { EpochSeconds } from '../../core/time.ts';
import { auditLines } from '../audit-lines.ts';
import { type AuditRow, type EndRow, type Prepared, prepared, toEnd, toRecord } from '../rows/audit.ts';
import { GroupCommit } from '../spend.ts';
import type { WriteQueue } from '../write-queue.ts';
import { type AuditChain, LAST_SEQUENCE } from './audit-chain.ts';
import { auditReading } from './audit-lines.ts';
import { auditPruning } from './audit-pruning.ts';
import { auditWindow } from './audit-window.ts';
import { checkpointKeys } from './checkpoint-keys.ts';
import type { Connection } from './database.ts';

/** What the audit is written with. */
type Writing = {
  readonly writer: Connection;
  readonly writes: WriteQueue;
  readonly chain: AuditChain;
  readonly commits: CommitMeasures;
};

/** Reading the audit, and appending what belongs to no other change: records of one turn share a commit. */
export function audit(reader: Connection, { writer, writes, chain, commits }: Writing): Audit {
  const newest = reader.statement<[limit: number], AuditRow>(`
    SELECT type, at, correlation_id AS correlationId, client_id AS clientId, orgno, details
    FROM audit ORDER BY sequence DESC LIMIT ?`);
  const end = reader.statement<[], EndRow>(END);
  const commit = writer.change((batch: readonly Prepared[]) => {
    for (const each of batch) chain.append(each);
    chain.finish();
    return batch.map(() => true);
  });
  const seal = writer.change((now: EpochSeconds, due: EpochSeconds | undefined) => chain.seal(now, due));
  const appends = new GroupCommit<Prepared>(
    (batch, since) => writes.run(() => chain.settling(() => commit(batch)), since),
    commits,
  );
  return {
    append: async (record) => void (await appends.add(prepared(record))),
    list: async (limit) => newest.all(limit).map(toRecord),
    sealWith: (signer) => chain.sealWith(signer),
    seal: (now, due) => writes.run(() => chain.settling(() => seal(now, due))),
    end: async () => toEnd(end.get()),
    lines: auditLines(auditReading(reader)),
    window: auditWindow(reader),
    keys: checkpointKeys(reader).list,
    prune: auditPruning(writer, { writes, chain }),
  };
}

/** In one statement, so that it is of one moment. */
const END = `
  SELECT (${LAST_SEQUENCE}) AS sequence,
    (SELECT json_group_array(json_object('chain', chain, 'number', number, 'hash', lower(hex(hash))) ORDER BY chain)
      FROM audit_chains) AS heads,
    (SELECT max(number) FROM audit_checkpoints) AS number,
    (SELECT max(sequence) FROM audit_checkpoints) AS sealed`;
