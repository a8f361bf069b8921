import { ForgottenSpans } from '../forgotten-spans.ts';
import type { StoreStatus } from '../sqlite/upkeep.ts';
import { permitted } from './failures.ts';
import type { LocationOptions } from './location.ts';
import { inLongTransaction } from './long-transaction.ts';

/** What can be told of a database without being its server. */
export type DatabaseDescription = Pick<StoreStatus, 'bytes' | 'spent_assertions' | 'audit' | 'replay_floor' | 'last_backup'>;

/** Looks at a database whose schema is this version's, as whoever may read it, and changes nothing. @throws {StoreUnusable | StoreUnavailable} */
export function describePostgres(location: string, options: LocationOptions): Promise<DatabaseDescription> {
  return inLongTransaction(location, options, 'BEGIN READ ONLY', async (client) => {
    const { rows } = await permitted(() => client.query<Row>(DESCRIPTION));
    const [row] = rows;
    if (!row) throw new Error('the store has no replay floor');
    const { bytes, spent, sequence, chains, checkpoint, issuedFrom, forgotten, at, digest } = row;
    return {
      ...{ bytes, spent_assertions: spent },
      audit: { last_sequence: sequence, chains, last_checkpoint: checkpoint },
      replay_floor: { issued_from: issuedFrom, forgotten: new ForgottenSpans().read(forgotten) },
      ...(at !== null && digest !== null && { last_backup: { at, digest } }),
    };
  });
}

type Row = Readonly<Record<'bytes' | 'spent' | 'sequence' | 'chains' | 'checkpoint' | 'issuedFrom', number>> & {
  readonly forgotten: string;
  readonly at: number | null;
  readonly digest: string | null;
};

const DESCRIPTION = `
  SELECT pg_database_size(current_database()) AS bytes, (SELECT count(*) FROM spent_assertions) AS spent,
    audit_end.sequence AS sequence, (SELECT count(*) FROM audit_chains) AS chains,
    (SELECT COALESCE(max(number), 0) FROM audit_checkpoints) AS checkpoint, issued_from AS "issuedFrom", forgotten,
    (SELECT at FROM last_backup) AS at, (SELECT digest FROM last_backup) AS digest
  FROM audit_end, replay_floor`;
