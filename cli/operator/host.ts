import type { Config } from '../../server/config.ts';
import type { EpochSeconds } from '../../server/core/time.ts';
import type { StoreReading, StoreStatus } from '../../server/storage/upkeep.ts';
import type { Found, Skipped } from '../health-check.ts';

/** What is looked at: what the server of a configuration stands on. */
export type Host = {
  readonly config: Config;
  readonly database: string;
  /** Whether the store is one that this version can serve on. @throws {StoreUnusable | StoreUnavailable} */
  readonly store: () => Promise<Found>;
  /** What the store tells of itself, looked at once. @throws {StoreUnusable | StoreUnavailable} */
  readonly status: () => Promise<Pick<StoreStatus, 'replay_floor' | 'last_backup'>>;
  readonly now: EpochSeconds;
  /** Whether nobody is asked over the network. */
  readonly offline: boolean;
  /** How long somebody else may take to answer, in milliseconds. */
  readonly patience: number;
  /** Looks at what the store holds; skipped where its schema is older than this version's. */
  readonly inStore: <T>(look: (store: StoreReading) => Promise<T>) => Promise<T | Skipped>;
};
