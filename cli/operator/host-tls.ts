import { DAY } from '../../server/core/time.ts';
import { openTls } from '../../server/tls.ts';
import { type Found, problem, warning } from '../health-check.ts';
import { rfc3339 } from '../moment.ts';
import type { Host } from './host.ts';

/** Days before its end from which a certificate is warned of. */
const WARNED_FROM = 30;

/** Whether chain, key and host belong together, and until when. `PV-SEC-064` */
export async function lookAtTls({ config: { tls }, now }: Host): Promise<Found> {
  if (!tls) return 'none in this process: a proxy has it, or it is loopback';
  const { ends, certificates } = openTls(tls);
  const days = Math.floor((ends - now) / DAY);
  const told = `${tls.certificate}: ${certificates.length} in the chain, for ${tls.host ?? 'a proxy'}`;
  const fix = 'renew it, and reload: kill -HUP PID';
  if (ends <= now) return problem(`${told}; it has ended, at ${rfc3339(ends)}`, fix);
  if (days < WARNED_FROM) return warning(`${told}; it ends in ${days} days, at ${rfc3339(ends)}`, fix);
  return `${told}; until ${rfc3339(ends)}`;
}
