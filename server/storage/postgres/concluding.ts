import type { Audit, AuditRecord } from '../../core/audit.ts';
import type { Storage } from '../../core/ports.ts';
import type { EpochSeconds } from '../../core/time.ts';
import { auditOf } from './audit.ts';
import { appendAnew, prepared } from './audit-chain.ts';
import type { Connection } from './database.ts';
import { replayFloor } from './replay-floor.ts';
import { signingKeys } from './signing-keys.ts';

/** How what has been put into a database is verified before the commit, and concluded. */
export type Concluding = {
  readonly signingKeys: Pick<Storage['signingKeys'], 'list'>;
  readonly audit: Pick<Audit, 'end' | 'lines' | 'keys'>;
  /** Has assertions refused that were issued before, and keeps a record of what was done. */
  conclude(issuedFrom: EpochSeconds, record: AuditRecord): Promise<void>;
};

/** The same, inside the transaction that fills it. */
export function concludingOn(connection: Connection): Concluding {
  return {
    signingKeys: signingKeys(connection),
    audit: auditOf(connection),
    conclude: async (issuedFrom, record) => {
      await replayFloor(connection).raise(issuedFrom);
      await appendAnew(connection, prepared(record));
    },
  };
}
