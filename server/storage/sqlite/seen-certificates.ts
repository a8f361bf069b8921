import type { SeenCertificate } from '../../core/endings.ts';
import type { SeenCertificates } from '../../core/ports.ts';
import type { EpochSeconds } from '../../core/time.ts';
import type { WriteQueue } from '../write-queue.ts';
import type { Connection } from './database.ts';

/** The certificates that clients have proved with who they are. Those that have ended go with the next that is seen. */
export function seenCertificates(writer: Connection, writes: WriteQueue): SeenCertificates {
  const see = writer.statement<[SeenCertificate]>(`
    INSERT INTO seen_certificates (client_id, fingerprint, subject, serial, orgno, not_after, last_seen)
    VALUES (@clientId, @fingerprint, @subject, @serial, @orgno, @notAfter, @lastSeen)
    ON CONFLICT (client_id, fingerprint) DO UPDATE SET last_seen = max(last_seen, excluded.last_seen)`);
  const forget = writer.statement<[now: EpochSeconds]>('DELETE FROM seen_certificates WHERE not_after < ?');
  const add = writer.change((seen: readonly SeenCertificate[]) => {
    for (const each of seen) see.run(each);
    forget.run(Math.max(0, ...seen.map(({ lastSeen }) => lastSeen)));
  });
  return { add: async (seen) => (seen.length > 0 ? writes.run(() => add(seen)) : undefined) };
}
