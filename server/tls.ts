import { KeyUnusable } from '../keys/key-file.ts';
import { isForHost, readTlsFiles, type TlsIdentity } from '../keys/tls-files.ts';
import type { TlsSettings } from './config.ts';
import type { Measures } from './core/measures.ts';
import type { Clock, Every, Log } from './core/ports.ts';
import { DAY, type EpochSeconds } from './core/time.ts';

/**
 * Reads what the settings name, as it lies there now: what a renewal has put there counts from the next reload on.
 * @throws {KeyUnusable} where it cannot be used, or is not for the issuer's host, so that no client would connect. `PV-SEC-064`
 */
export function openTls({ host, ...files }: TlsSettings): TlsIdentity {
  const identity = readTlsFiles(files);
  if (host !== undefined && !isForHost(identity, host))
    throw new KeyUnusable(
      `${files.certificate} is not for ${host}, the issuer's host: have one made for it, or set behind_proxy: true`,
    );
  return identity;
}

/** How many days before its end a certificate is warned of: half of what is left when automatic renewals begin. */
const WARNED_FROM = 14;

/** By what clock it looks, how often, and where it tells. */
type Watching = { readonly clock: Clock; readonly every: Every; readonly log: Log; readonly measures: Measures };

/** Warns once a day of a certificate that ends soon or has ended, and measures how long it has left. @returns what ends it */
export function watchTls(ends: EpochSeconds | undefined, { clock, every, log, measures }: Watching): () => void {
  if (ends === undefined) return () => {};
  measures.tlsEnds = ends;
  const look = (): void => {
    const days = Math.floor((ends - clock.now()) / DAY);
    if (days >= WARNED_FROM) return;
    const detail = `${new Date(ends * 1000).toISOString()}; renew it, and reload with SIGHUP`;
    log.warn(days < 0 ? 'the TLS certificate has ended' : 'the TLS certificate ends soon', { detail });
  };
  look();
  return every(DAY, async () => look());
}
