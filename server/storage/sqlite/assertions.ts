import type { CommitMeasures } from '../../core/measures.ts';
import type { SpentAssertions } from '../../core/ports.ts';
import { type ForgottenSpan, forgetting, isForgotten } from '../../core/replay-floor.ts';
import type { EpochSeconds } from '../../core/time.ts';
import { writeSpans } from '../forgotten-spans.ts';
import { type Prepared, prepared } from '../rows/audit.ts';
import { GroupCommit, REMEMBERED_AFTER_EXPIRY, spendDigest } from '../spend.ts';
import type { WriteQueue } from '../write-queue.ts';
import type { AuditChain } from './audit-chain.ts';
import type { Connection } from './database.ts';
import { spansWithin } from './forgotten-spans.ts';

type Entry = { readonly digest: Buffer; readonly expires: EpochSeconds; readonly verdict: Prepared };

/** What the spending is written with. */
type Writing = {
  readonly writer: Connection;
  readonly writes: WriteQueue;
  readonly chain: AuditChain;
  readonly commits: CommitMeasures;
};

/** Spent assertions: the row count of one insert decides, in one commit with the verdict. `PV-SEC-029`, `PV-SEC-030` */
export function assertions(reader: Connection, { writer, writes, chain, commits }: Writing): SpentAssertions {
  const find = reader.statement<[digest: Buffer], { digest: Buffer }>('SELECT digest FROM spent_assertions WHERE digest = ?');
  const insert = writer.statement<[digest: Buffer, expires: EpochSeconds]>(
    'INSERT INTO spent_assertions (digest, expires) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING',
  );
  const remove = writer.statement<[ended: EpochSeconds, limit: number], { expires: EpochSeconds }>(`
    DELETE FROM spent_assertions
    WHERE digest IN (SELECT digest FROM spent_assertions WHERE expires < ? ORDER BY expires LIMIT ?)
    RETURNING expires`);
  const forgotten = spansWithin(writer);
  const forget = writer.statement<[spans: string]>('UPDATE replay_floor SET forgotten = ?');

  // What was removed cannot be told from what never was, so it cannot be put in again either.
  const spend = ({ digest, expires, verdict }: Entry, spans: readonly ForgottenSpan[]): boolean => {
    const fresh = !isForgotten(spans, expires) && insert.run(digest, expires) === 1;
    if (fresh) chain.append(verdict);
    return fresh;
  };
  const commit = writer.change((batch: readonly Entry[]) => {
    const spans = forgotten();
    const fresh = batch.map((entry) => spend(entry, spans));
    chain.finish();
    return fresh;
  });
  const prune = writer.change((ended: EpochSeconds, limit: number) => {
    const ends = remove.all(ended, limit).map(({ expires }) => expires);
    if (ends.length > 0) forget.run(writeSpans(forgetting(forgotten(), ends)));
    return ends.length;
  });
  const spends = new GroupCommit<Entry>((batch, since) => writes.run(() => chain.settling(() => commit(batch)), since), commits);

  return {
    // A verdict that cannot be written down fails here, alone, and not the batch it would have ridden in.
    spend: async (key, expires, verdict) => spends.add({ digest: spendDigest(key), expires, verdict: prepared(verdict) }),
    isSpent: async (key) => find.get(spendDigest(key)) !== undefined,
    prune: (now, limit) => writes.run(() => prune(now - REMEMBERED_AFTER_EXPIRY, limit)),
  };
}
