import type { Changes } from '../../core/ports.ts';
import type { EpochSeconds } from '../../core/time.ts';
import type { Connection } from './database.ts';

/** The last backup that somebody told of. */
export function backups(connection: Connection): Changes['backups'] {
  const put = connection.statement<[EpochSeconds, string]>(`
    INSERT INTO last_backup (id, at, digest) VALUES (1, $1, $2)
    ON CONFLICT (id) DO UPDATE SET at = excluded.at, digest = excluded.digest`);
  return { put: async ({ at, digest }) => void (await put.run(at, digest)) };
}
