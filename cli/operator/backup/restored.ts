import type { Config } from '../../../server/config.ts';
import { CLOCK_SKEW } from '../../../server/core/settings.ts';
import { Failure } from '../../failure.ts';
import { rfc3339 } from '../../moment.ts';
import type { Manifest } from './archive.ts';
import type { Undone } from './revived.ts';
import { BackupUnusable, type Secret } from './sealed-stream.ts';

/** What is restored, and where to. */
export type RestoreOrder = {
  readonly file: string;
  readonly secret: Secret;
  /** Of the file. */
  readonly sha256: string;
  /** The data directory to make. */
  readonly to: string;
  /** The audit of the store that was lost. */
  readonly compare?: string | undefined;
  /** Which master key the private keys are sealed with. */
  readonly keys: Config['keys'];
};

/** What has been restored and verified. */
export type Restored = {
  readonly data_dir: string;
  readonly created: string;
  readonly sha256: string;
  readonly schema: number;
  readonly records: number;
  readonly keys: number;
  /** Assertions that were issued earlier are refused. */
  readonly issued_from: string;
  /** What took rights away after the backup, and holds no longer; null: nothing to compare with. */
  readonly undone: readonly Undone[] | null;
};

/** The moment of a restore, or of what a database's failover comes to. */
export type RestoreMoment = {
  readonly at: number;
  /** An assertion may have been issued by a clock that is ahead by as much, and used where the store does not know of it. */
  readonly issuedFrom: number;
};

export function restoreMoment(): RestoreMoment {
  const at = Math.floor(Date.now() / 1000);
  return { at, issuedFrom: at + CLOCK_SKEW };
}

/** What the audit keeps of a restore. */
export function restoreDetails({ created, sequence }: Manifest, { sha256 }: RestoreOrder, { issuedFrom }: RestoreMoment) {
  return { backup_created: created, sha256, sequence, issued_from: issuedFrom, actor: 'host' };
}

/** What is told of a restore. */
export function told(
  { created, schema }: Manifest,
  { to, sha256 }: RestoreOrder,
  { issuedFrom, ...verified }: Pick<Restored, 'records' | 'keys' | 'undone'> & Pick<RestoreMoment, 'issuedFrom'>,
): Restored {
  return { data_dir: to, created: rfc3339(created), issued_from: rfc3339(issuedFrom), sha256, schema, ...verified };
}

/** Runs what reads a backup. @throws {Failure} `invalid` for one that cannot be used */
export async function usable<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BackupUnusable)) throw error;
    throw new Failure('invalid', `${file} cannot be restored: ${error.message}`, {
      fix: 'nothing was written; take another backup, or another passphrase',
      cause: error,
    });
  }
}
