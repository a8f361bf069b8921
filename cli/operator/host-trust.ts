import { join } from 'node:path';
import { readCertificate } from '../../keys/x509/certificate.ts';
import { loadList } from '../../keys/x509/load-list.ts';
import { Refusal } from '../../keys/x509/refusal.ts';
import { type ListSource, sourceKey } from '../../keys/x509/revocation-lists.ts';
import { policyOf, readAuthority } from '../../keys/x509/trust.ts';
import type { TrustEntry } from '../../server/core/ports.ts';
import { DAY } from '../../server/core/time.ts';
import { countEndings, describeEndings } from '../../server/registry/endings.ts';
import type { StoreReading } from '../../server/storage/upkeep.ts';
import { type Found, problem, type Trouble, warning } from '../health-check.ts';
import { rfc3339 } from '../moment.ts';
import type { Host } from './host.ts';

/** A trusted CA, and whether what it has revoked has to be known for anybody to be accepted. */
export type TrustedHere = { readonly entry: TrustEntry; readonly isDemanded: boolean; readonly name: string };

/** Those of the configuration's environment. */
export async function trustedHere({ config }: Host, { trust }: StoreReading): Promise<readonly TrustedHere[]> {
  const entries = (await trust.list()).filter(({ environment }) => environment === config.environment);
  const anchors = entries.filter(({ role }) => role === 'anchor');
  return entries.map((entry) => {
    const judging = entry.role === 'anchor' ? [entry] : anchors;
    const isDemanded = judging.length > 0 && judging.every((anchor) => ['require', 'grace'].includes(policyOf(anchor)));
    return { entry, isDemanded, name: `${entry.role} ${entry.id.slice(0, 16)}` };
  });
}

/** Days before its end from which a CA is told of. */
const WARNED_FROM = 90;

export async function lookAtTrust(host: Host): Promise<Found | readonly Found[]> {
  const { inStore, config, now } = host;
  return inStore(async (store) => {
    const trusted = await trustedHere(host, store);
    if (trusted.length === 0) return 'none: clients sign with registered keys alone';
    const troubles = trusted.flatMap((each) => [...ending(each, now), ...untold(each), ...weakened(each)]);
    return [`${trusted.length} for ${config.environment}`, ...troubles];
  });
}

function ending({ entry, name }: TrustedHere, now: number): readonly Trouble[] {
  const { notAfter } = readCertificate(Buffer.from(entry.certificate, 'base64'));
  const days = Math.floor((notAfter - now) / DAY);
  if (days < 0)
    return [problem(`${name} has ended, at ${rfc3339(notAfter)}`, 'portvakt trust list; trust the one that follows it')];
  return days > WARNED_FROM ? [] : [warning(`${name} ends in ${days} days`, 'trust the one that follows it before then')];
}

/** Neither list nor responder: nobody tells what it has revoked. */
function untold({ entry, isDemanded, name }: TrustedHere): readonly Trouble[] {
  if ((entry.crlUrls ?? []).length > 0 || entry.ocspUrl !== undefined) return [];
  const fix = `portvakt trust update ${entry.id.slice(0, 16)} --crl URL`;
  return isDemanded
    ? [problem(`${name} accepts nobody: revocation is demanded, and nobody tells`, fix)]
    : [warning(`${name} has neither list nor responder: what it has revoked is accepted`, fix)];
}

/** In production, as a start warns of it. */
function weakened({ entry, name }: TrustedHere): readonly Trouble[] {
  const policy = policyOf(entry);
  if (entry.role !== 'anchor' || entry.environment === 'test' || policy === 'require') return [];
  return [
    warning(
      `${name} is weakened: revocation is ${policy}`,
      `portvakt trust update ${entry.id.slice(0, 16)} --revocation require`,
    ),
  ];
}

/** The lists as they lie in the data directory, where the server keeps them. `PV-SEC-053` */
export async function lookAtLists(host: Host): Promise<Found | readonly Found[]> {
  return host.inStore(async (store) => {
    const sources = (await trustedHere(host, store)).flatMap(({ entry, isDemanded }) => {
      const issuer = readCertificate(Buffer.from(entry.certificate, 'base64'));
      return (entry.crlUrls ?? []).map((url) => ({ issuer, url, isDemanded: isDemanded && entry.ocspUrl === undefined }));
    });
    if (sources.length === 0) return 'none';
    return Promise.all(sources.map((source) => judgeList(source, host)));
  });
}

type Judged = ListSource & { readonly isDemanded: boolean };

async function judgeList(source: Judged, { config: { dataDir }, now }: Host): Promise<Found> {
  const judge = source.isDemanded ? problem : warning;
  const fix = `start the server, which fetches it, or read its log; is ${source.url} reachable?`;
  try {
    const { nextUpdate, revoked } = await loadList(join(dataDir, 'revocation', `${sourceKey(source)}.crl`), source.issuer.der);
    const told = `${source.url}: ${revoked.count} revoked`;
    if (nextUpdate > now) return `${told}, fresh until ${rfc3339(nextUpdate)}`;
    return judge(`${told}, and it has ended, at ${rfc3339(nextUpdate)}`, fix);
  } catch (error) {
    if (error instanceof Refusal) return judge(`${source.url}: what was fetched cannot be used: ${error.message}`, fix);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return judge(`${source.url}: missing, it has not been fetched`, fix);
  }
}

/** What ends is its holders' to see to, but for an authority: with it all that it vouches for is refused. */
export async function lookAtEndings({ inStore, now }: Host): Promise<Found> {
  return inStore(async ({ endings, trust }) => {
    const counts = await countEndings({ storage: { endings, trust }, certificates: { readAuthority } }, now);
    const found = describeEndings(counts).join(', ') || 'nothing within 90 days';
    const pressing = counts.some(
      ({ kind, withinDays, count }) => (kind === 'anchor' || kind === 'intermediate') && withinDays <= 7 && count > 0,
    );
    return pressing ? problem(`a trusted authority ends soon: ${found}`, 'portvakt expiring --within 7d') : found;
  });
}
