import type { SeenCertificate } from '../../core/endings.ts';
import type { SeenCertificates } from '../../core/ports.ts';
import type { EpochSeconds } from '../../core/time.ts';
import { SECONDS } from './clock.ts';
import type { ConnectionPool } from './pool.ts';

/** The certificates that clients have proved with who they are. Those that have ended go with the next that is seen. */
export function seenCertificates(pool: ConnectionPool): SeenCertificates {
  return {
    add: async (seen) => {
      if (seen.length === 0) return;
      await pool.transaction('BEGIN', async (connection) => {
        const see = connection.statement<[SeenCertificate]>(`
          INSERT INTO seen_certificates (client_id, fingerprint, subject, serial, orgno, not_after, last_seen)
          VALUES (@clientId, @fingerprint, @subject, @serial, @orgno, @notAfter, @lastSeen)
          ON CONFLICT (client_id, fingerprint) DO UPDATE SET
            last_seen = GREATEST(seen_certificates.last_seen, excluded.last_seen)`);
        // By the database's clock, too, as all that is removed for its age.
        const forget = connection.statement<[now: EpochSeconds]>(
          `DELETE FROM seen_certificates WHERE not_after < LEAST($1, ${SECONDS})`,
        );
        // In one order, so that nodes that have seen the same wait for each other one way round only.
        for (const each of seen.toSorted(byKey)) await see.run(each);
        await forget.run(Math.max(0, ...seen.map(({ lastSeen }) => lastSeen)));
      });
    },
  };
}

function byKey(one: SeenCertificate, other: SeenCertificate): number {
  const [a, b] = [one, other].map(({ clientId, fingerprint }) => `${clientId}\n${fingerprint}`) as [string, string];
  return a < b ? -1 : Number(a > b);
}
