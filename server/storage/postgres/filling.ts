import type { DatabaseFilling } from '../database-backup.ts';
import { auditOf } from './audit.ts';
import { appendAnew, prepared } from './audit-chain.ts';
import type { Connection } from './database.ts';
import { replayFloor } from './replay-floor.ts';
import { signingKeys } from './signing-keys.ts';

/** How what has been put into a database is verified and concluded, inside the transaction that fills it. */
export function fillingOf(connection: Connection): Omit<DatabaseFilling, 'put' | 'place'> {
  return {
    signingKeys: signingKeys(connection),
    audit: auditOf(connection),
    conclude: async (issuedFrom, record) => {
      await replayFloor(connection).raise(issuedFrom);
      await appendAnew(connection, prepared(record));
    },
  };
}
