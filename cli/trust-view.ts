import { readCertificate } from '../keys/x509/certificate.ts';
import { nameText } from '../keys/x509/name.ts';
import { readBlocks } from '../keys/x509/pem.ts';
import { DAY, type EpochSeconds } from '../server/core/time.ts';
import { day, seconds } from './moment.ts';
import type { View } from './output.ts';
import type { RevocationList, TrustEntry } from './trust-shapes.ts';

/** What is known of what a CA has revoked: `none` when nowhere is said where to look. */
type RevocationData = 'fresh' | 'ended' | 'missing' | 'responder' | 'none';

/** A trusted CA as it is shown: what the server says, whose it is, and how it stands with its lists. */
export type TrustRow = TrustEntry & {
  readonly subject: string;
  readonly days_left: number;
  readonly revocation_data: RevocationData;
  readonly lists: readonly RevocationList[];
};

/** Makes the row of a CA. @param lists of any CAs, its own among them */
export function toTrustRow(entry: TrustEntry, lists: readonly RevocationList[], now: EpochSeconds): TrustRow {
  const own = lists.filter(({ trust_id }) => trust_id === entry.id);
  return {
    ...entry,
    subject: subjectOf(entry),
    days_left: Math.floor((seconds(entry.not_after) - now) / DAY),
    revocation_data: dataOf(entry, own, now),
    lists: own,
  };
}

/** The worst of its lists. */
function dataOf({ crl_urls, ocsp_url }: TrustEntry, lists: readonly RevocationList[], now: EpochSeconds): RevocationData {
  if (crl_urls.length === 0) return ocsp_url === undefined ? 'none' : 'responder';
  const ends = lists.map(({ next_update }) => next_update);
  if (ends.length === 0 || ends.includes(undefined)) return 'missing';
  return ends.some((end) => seconds(end ?? '') <= now) ? 'ended' : 'fresh';
}

function subjectOf({ certificate }: TrustEntry): string {
  const [der = Buffer.alloc(0)] = readBlocks(Buffer.from(certificate), 'CERTIFICATE');
  return nameText(readCertificate(der).subject);
}

/** How trusted CAs are shown. */
export const trustView: View<TrustRow> = {
  fields: [
    { name: 'id', text: ({ id }) => id.slice(0, 16) },
    { name: 'subject' },
    { name: 'role' },
    { name: 'revocation', text: ({ revocation, role }) => (role === 'anchor' ? (revocation ?? '') : '') },
    { name: 'revocation_data', heading: 'lists' },
    { name: 'not_after', heading: 'until', text: ({ not_after }) => day(not_after) },
    { name: 'days_left', heading: 'days' },
    { name: 'environment', wide: true },
    { name: 'profile', wide: true },
    { name: 'organization_namespaces', heading: 'registers', wide: true },
    { name: 'crl_urls', wide: true },
    { name: 'ocsp_url', wide: true },
  ],
  name: ({ id }) => `trust/${id}`,
};

/** How revocation lists are shown. */
export const listView: View<RevocationList> = {
  fields: [
    { name: 'url' },
    { name: 'number' },
    { name: 'this_update', heading: 'from' },
    { name: 'next_update', heading: 'until' },
    { name: 'entries' },
    { name: 'failure' },
    { name: 'fetched', wide: true },
    { name: 'trust_id', heading: 'trust', wide: true },
  ],
  name: ({ trust_id, url }) => `list/${trust_id}/${url}`,
};
