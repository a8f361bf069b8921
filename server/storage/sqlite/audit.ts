import type { Audit, AuditRecord, ChainHead } from '../../core/audit.ts';
import type { Distribution } from '../../core/distribution.ts';
import type { EpochSeconds } from '../../core/time.ts';
import { GroupCommit } from '../spend.ts';
import type { WriteQueue } from '../write-queue.ts';
import { type AuditChain, type AuditRow, LAST_SEQUENCE, type Prepared, prepared } from './audit-chain.ts';
import { auditLines } from './audit-lines.ts';
import { auditPruning } from './audit-pruning.ts';
import { auditWindow } from './audit-window.ts';
import { checkpointKeys } from './checkpoint-keys.ts';
import type { Connection } from './database.ts';

/** What the audit is written with. */
type Writing = {
  readonly writer: Connection;
  readonly writes: WriteQueue;
  readonly chain: AuditChain;
  readonly commits: Distribution;
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
  const appends = new GroupCommit<Prepared>((batch) => writes.run(() => chain.settling(() => commit(batch))), commits);
  return {
    append: async (record) => void (await appends.add(prepared(record))),
    list: async (limit) => newest.all(limit).map(toRecord),
    sealWith: (signer) => chain.sealWith(signer),
    seal: (now, due) => writes.run(() => chain.settling(() => seal(now, due))),
    end: async () => {
      const { sequence, heads, number, sealed } = end.get() ?? NOTHING;
      return { sequence, heads: JSON.parse(heads) as ChainHead[], checkpoint: { number: number ?? 0, sequence: sealed ?? 0 } };
    },
    lines: auditLines(reader),
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

type EndRow = {
  readonly sequence: number;
  readonly heads: string;
  readonly number: number | null;
  readonly sealed: number | null;
};

const NOTHING: EndRow = { sequence: 0, heads: '[]', number: null, sealed: null };

function toRecord({ type, at, correlationId, clientId, orgno, details }: AuditRow): AuditRecord {
  return {
    ...{ type, at, correlationId },
    ...(clientId !== null && { clientId }),
    ...(orgno !== null && { orgno }),
    details: JSON.parse(details) as AuditRecord['details'],
  };
}
