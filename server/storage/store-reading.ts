import type { CheckpointKey } from '../core/audit.ts';
import type { Storage } from '../core/ports.ts';
import type { EpochSeconds } from '../core/time.ts';

/** What is told of a store to who only looks. */
export type StoreReading = {
  readonly organizations: Pick<Storage['organizations'], 'list'>;
  readonly sources: Pick<Storage['sources'], 'list'>;
  readonly trust: Pick<Storage['trust'], 'list'>;
  readonly signingKeys: Pick<Storage['signingKeys'], 'list'>;
  readonly keyHolders: Pick<Storage['keyHolders'], 'list'>;
  readonly endings: Storage['endings'];
  readonly checkpointKeys: { list(): Promise<readonly CheckpointKey[]> };
  /** When the last record of the audit was written; undefined: it has none. */
  readonly lastAudited: EpochSeconds | undefined;
  /** The time by the store's own clock, in seconds, where that is not this machine's. */
  clock(): Promise<number | undefined>;
};

/** How what the last record of the audit tells the time by is found. */
export const LAST_AUDITED = 'SELECT at FROM audit ORDER BY sequence DESC LIMIT 1';
