import { setImmediate as nextTurn } from 'node:timers/promises';
import { canonicalJson } from '../../audit/canonical-json.ts';
import type { Audit, SignedCheckpoint } from '../../core/audit.ts';
import { type Prepared, prepared } from '../rows/audit.ts';
import type { WriteQueue } from '../write-queue.ts';
import type { AuditChain } from './audit-chain.ts';
import type { Connection } from './database.ts';

/** How many records go at a time, so that no token waits for it. */
const SLICE = 1_000;

/** Takes out what a checkpoint stands for: as far as the database's own triggers let anybody, which is no further. `PV-SEC-106` */
export function auditPruning(writer: Connection, { writes, chain }: { writes: WriteQueue; chain: AuditChain }): Audit['prune'] {
  const find = writer.statement<[number: number, text: string, signature: string], { sequence: number }>(
    'SELECT sequence FROM audit_checkpoints WHERE number = ? AND text = ? AND signature = ? AND whole = 1',
  );
  const mark = writer.statement<[checkpoint: number, sequence: number]>('UPDATE audit_pruned SET checkpoint = ?, sequence = ?');
  const remove = writer.statement<[limit: number]>(`
    DELETE FROM audit WHERE sequence IN (
      SELECT sequence FROM audit WHERE sequence <= (SELECT sequence FROM audit_pruned) ORDER BY sequence LIMIT ?)`);
  const begin = writer.change(({ checkpoint, signature }: SignedCheckpoint, record: Prepared): boolean => {
    const found = find.get(checkpoint.number, canonicalJson(checkpoint), signature);
    if (!found) return false;
    mark.run(checkpoint.number, found.sequence);
    chain.append(record);
    chain.finish();
    return true;
  });
  const slice = writer.change(() => remove.run(SLICE));
  return async (checkpoint, record) => {
    if (!(await writes.run(() => chain.settling(() => begin(checkpoint, prepared(record)))))) return undefined;
    let removed = 0;
    for (;;) {
      const gone = await writes.run(slice);
      removed += gone;
      if (gone < SLICE) return removed;
      await nextTurn();
    }
  };
}
