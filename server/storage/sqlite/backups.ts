import type { Changes } from '../../core/ports.ts';
import type { EpochSeconds } from '../../core/time.ts';
import type { Connection } from './database.ts';

/** The last backup, as `portvakt db status` tells it. */
export function backups(writer: Connection): Changes['backups'] {
  const put = writer.statement<[EpochSeconds, string]>('REPLACE INTO last_backup (id, at, digest) VALUES (1, ?, ?)');
  return { put: async ({ at, digest }) => void put.run(at, digest) };
}
