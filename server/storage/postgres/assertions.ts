import type { CommitMeasures } from '../../core/measures.ts';
import type { SpentAssertions } from '../../core/ports.ts';
import { forgetting } from '../../core/replay-floor.ts';
import type { EpochSeconds } from '../../core/time.ts';
import { ForgottenSpans, writeSpans } from '../forgotten-spans.ts';
import type { Prepared } from '../rows/audit.ts';
import { GroupCommit, REMEMBERED_AFTER_EXPIRY, spendDigest } from '../spend.ts';
import { type Appended, type AppendedColumns, type AuditChain, prepared } from './audit-chain.ts';
import { SECONDS } from './clock.ts';
import type { Connection } from './database.ts';
import type { ConnectionPool } from './pool.ts';
import type { StandingWatch } from './standing.ts';

type Entry = { readonly digest: Buffer; readonly expires: EpochSeconds; readonly verdict: Prepared };

/** What the spending is done with. */
type Spending = {
  /** Where the group commits run. */
  readonly writing: Connection;
  readonly reading: ConnectionPool;
  readonly chain: AuditChain;
  /** Is told when something has been forgotten. */
  readonly standing: StandingWatch;
  readonly commits: CommitMeasures;
};

/**
 * Spent assertions: what one insert takes decides, in one commit with the verdicts. A commit is one statement, and so one round trip; what
 * arrives while it runs goes with the next. `PV-SEC-029`, `PV-SEC-030`
 */
export function assertions({ writing, reading, chain, standing, commits }: Spending): SpentAssertions {
  const find = reading.statements.statement<[digest: Buffer], { found: number }>(
    'SELECT 1 AS found FROM spent_assertions WHERE digest = $1',
  );
  const spend = writing.statement<[digests: Buffer[], expires: EpochSeconds[], ...AppendedColumns], Spent>(SPEND);

  const commit = async (batch: readonly Entry[]): Promise<readonly boolean[]> => {
    const first = new Map<string, Entry>();
    for (const entry of batch) if (!first.has(nameOf(entry))) first.set(nameOf(entry), entry);
    const given = [...first.values()];
    const spent = await spend.get(
      given.map(({ digest }) => digest),
      given.map(({ expires }) => expires),
      ...chain.columns(given.map(({ verdict }) => verdict)),
    );
    const fresh = new Set(spent?.fresh.map((place) => given[place - 1]));
    if (spent) await chain.committed(spent, batch.at(-1)?.verdict.record.at ?? 0);
    return batch.map((entry) => fresh.has(entry));
  };
  const spends = new GroupCommit<Entry>(commit, commits);

  return {
    // A verdict that cannot be written down fails here, alone, and not the batch it would have ridden in.
    spend: async (key, expires, verdict) => spends.add({ digest: spendDigest(key), expires, verdict: prepared(verdict) }),
    isSpent: async (key) => (await find.get(spendDigest(key))) !== undefined,
    prune: async (now, limit) => {
      const ended = Math.ceil(now - REMEMBERED_AFTER_EXPIRY);
      const removed = await reading.transaction(UNSPENDING, (connection) => forget(connection, ended, limit));
      if (removed === 0) return 0;
      await standing.tell(reading.statements);
      return removed;
    },
  };
}

/** Whoever spends holds this row, too: what is removed cannot be told from what never was, so neither may see half of the other. */
const UNSPENDING = 'BEGIN; SELECT 1 FROM audit_end FOR UPDATE';

/** @returns how many were removed. */
async function forget(connection: Connection, ended: EpochSeconds, limit: number): Promise<number> {
  const removed = await connection.statement<[EpochSeconds, number], { expires: EpochSeconds }>(REMOVE).all(ended, limit);
  if (removed.length === 0) return 0;
  const floor = await connection.statement<[], { forgotten: string }>('SELECT forgotten FROM replay_floor').get();
  const known = new ForgottenSpans().read(floor?.forgotten ?? '[]');
  const spans = forgetting(
    known,
    removed.map(({ expires }) => expires),
  );
  await connection.statement<[spans: string]>('UPDATE replay_floor SET forgotten = $1').run(writeSpans(spans));
  return removed.length;
}

/**
 * What is over by the clock of the database, too: a node whose own is ahead would take away what the others need, and what it had forgotten
 * would shut their clients out. `PV-SEC-031`
 */
const REMOVE = `
  DELETE FROM spent_assertions
  WHERE digest IN (
    SELECT digest FROM spent_assertions
    WHERE expires < LEAST($1, ${SECONDS} - ${REMEMBERED_AFTER_EXPIRY})
    ORDER BY expires LIMIT $2)
  RETURNING expires`;

/** The places, from 1, of those that were fresh. */
type Spent = Appended & { readonly fresh: readonly number[] };

const SPEND = `
  SELECT fresh, appended_chain AS chain, appended_sequence AS sequence FROM spend_assertions(
    $1::bytea[], $2::bigint[], $3::bigint, $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[])`;

function nameOf({ digest }: Entry): string {
  return digest.toString('latin1');
}
