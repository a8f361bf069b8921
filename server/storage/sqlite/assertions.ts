import type { Distribution } from '../../core/distribution.ts';
import type { SpentAssertions } from '../../core/ports.ts';
import type { EpochSeconds } from '../../core/time.ts';
import { GroupCommit, REMEMBERED_AFTER_EXPIRY, spendDigest } from '../spend.ts';
import type { WriteQueue } from '../write-queue.ts';
import { type AuditChain, type Prepared, prepared } from './audit-chain.ts';
import type { Connection } from './database.ts';

type Entry = { readonly digest: Buffer; readonly expires: EpochSeconds; readonly verdict: Prepared };

/** What the spending is written with. */
type Writing = {
  readonly writer: Connection;
  readonly writes: WriteQueue;
  readonly chain: AuditChain;
  readonly commits: Distribution;
};

/** Spent assertions: the row count of one insert decides, in one commit with the verdict. `PV-SEC-029`, `PV-SEC-030` */
export function assertions(reader: Connection, { writer, writes, chain, commits }: Writing): SpentAssertions {
  const find = reader.statement<[digest: Buffer], { digest: Buffer }>('SELECT digest FROM spent_assertions WHERE digest = ?');
  // What was removed cannot be told from what never was, so it cannot be put in again either.
  const insert = writer.statement<[digest: Buffer, expires: EpochSeconds, expires: EpochSeconds]>(`
    INSERT INTO spent_assertions (digest, expires)
    SELECT ?, ? WHERE ? > (SELECT forgotten FROM replay_floor) ON CONFLICT (digest) DO NOTHING`);
  const remove = writer.statement<[ended: EpochSeconds, limit: number], { expires: EpochSeconds }>(`
    DELETE FROM spent_assertions
    WHERE digest IN (SELECT digest FROM spent_assertions WHERE expires < ? ORDER BY expires LIMIT ?)
    RETURNING expires`);
  const forget = writer.statement<[expires: EpochSeconds]>('UPDATE replay_floor SET forgotten = max(forgotten, ?)');

  const spend = ({ digest, expires, verdict }: Entry): boolean => {
    const fresh = insert.run(digest, expires, expires) === 1;
    if (fresh) chain.append(verdict);
    return fresh;
  };
  const commit = writer.change((batch: readonly Entry[]) => {
    const fresh = batch.map(spend);
    chain.finish();
    return fresh;
  });
  const prune = writer.change((ended: EpochSeconds, limit: number) => {
    const removed = remove.all(ended, limit);
    if (removed.length > 0) forget.run(Math.max(...removed.map(({ expires }) => expires)));
    return removed.length;
  });
  const spends = new GroupCommit<Entry>((batch) => writes.run(() => chain.settling(() => commit(batch))), commits);

  return {
    // A verdict that cannot be written down fails here, alone, and not the batch it would have ridden in.
    spend: async (key, expires, verdict) => spends.add({ digest: spendDigest(key), expires, verdict: prepared(verdict) }),
    isSpent: async (key) => find.get(spendDigest(key)) !== undefined,
    prune: (now, limit) => writes.run(() => prune(now - REMEMBERED_AFTER_EXPIRY, limit)),
  };
}
