import type { Delegation } from '../core/delegation.ts';
import { daysAhead, ENDING_KINDS, type Ending, type EndingKind, type Span, WARNINGS, type Warning } from '../core/endings.ts';
import type { OrganizationNumber } from '../core/organization.ts';
import type { Ports, TrustEntry } from '../core/ports.ts';
import { DAY, type EpochSeconds } from '../core/time.ts';

/** Where it is looked up what ends. */
export type EndingSources = {
  readonly certificates: Pick<Ports['certificates'], 'readAuthority'>;
  readonly storage: Pick<Ports['storage'], 'endings'> & { readonly trust: Pick<Ports['storage']['trust'], 'list'> };
};

/** Whose endings are asked for, and of which kinds. */
export type EndingsWish = {
  readonly kinds: ReadonlySet<EndingKind>;
  /** Absent: everybody's. */
  readonly organization?: OrganizationNumber;
};

/**
 * What ends in the span, the first to end first. An organisation sees what is its own: keys of its clients and of those that it made
 * as a supplier, the certificates that these have signed with, delegations that it has given or received. Own API, expiring
 */
export async function listEndings(
  { storage: { endings, trust }, certificates }: EndingSources,
  { kinds, organization }: EndingsWish,
  span: Span,
): Promise<readonly Ending[]> {
  const found = await Promise.all([
    kinds.has('key') ? endings.keys(span, organization) : [],
    kinds.has('certificate') ? endings.certificates(span, organization) : [],
    kinds.has('delegation') ? endings.delegations(span, organization) : [],
    kinds.has('anchor') || kinds.has('intermediate') ? trust.list() : [],
  ]);
  const [keys, seen, delegations, entries] = found;
  return [
    ...keys.map(({ kid, clientName, ...key }): Ending => ({ kind: 'key', id: kid, name: clientName, ...key })),
    ...seen.map(
      ({ fingerprint, subject, notAfter, ...certificate }): Ending => ({
        ...{ kind: 'certificate', id: fingerprint, name: subject, ends: notAfter },
        ...certificate,
      }),
    ),
    ...delegations.map(ofDelegation),
    ...entries
      .filter(({ role }) => kinds.has(role))
      .map((entry) => ofAuthority(entry, certificates))
      .filter(({ ends }) => ends > span.from && ends <= span.until),
  ].sort((a, b) => a.ends - b.ends);
}

function ofDelegation({ id, scopes, consumerOrgno, supplierOrgno, validTo = 0 }: Delegation): Ending {
  return { kind: 'delegation', id, name: scopes.join(' '), ends: validTo, orgno: consumerOrgno, supplierOrgno };
}

function ofAuthority({ id, role, certificate }: TrustEntry, certificates: EndingSources['certificates']): Ending {
  const { subject, notAfter } = certificates.readAuthority(Buffer.from(certificate, 'base64'));
  return { kind: role, id, name: subject, ends: notAfter };
}

/** How much of a kind ends within so many days; what ends within seven ends within thirty, too. */
export type EndingCount = { readonly kind: EndingKind; readonly withinDays: Warning; readonly count: number };

/**
 * What ends on the whole server, counted by kind and warning, noughts too: always the same few rows, whose kind and days can label a
 * gauge. `PV-SEC-105`
 */
export async function countEndings(sources: EndingSources, now: EpochSeconds): Promise<readonly EndingCount[]> {
  const all = await listEndings(sources, { kinds: new Set(ENDING_KINDS) }, daysAhead(Math.max(...WARNINGS), now));
  return ENDING_KINDS.flatMap((kind) =>
    WARNINGS.map((withinDays) => ({
      ...{ kind, withinDays },
      count: all.filter((ending) => ending.kind === kind && ending.ends <= now + withinDays * DAY).length,
    })),
  );
}

/** The counts in words: of each kind the most pressing warning, as in `2 keys within 7 days`. Nothing to warn of: none. */
export function describeEndings(counts: readonly EndingCount[]): readonly string[] {
  return ENDING_KINDS.flatMap((kind) => {
    const pressing = counts.find((each) => each.kind === kind && each.count > 0);
    if (!pressing) return [];
    const { count, withinDays } = pressing;
    return [`${count} ${kind}${count === 1 ? '' : 's'} within ${withinDays} day${withinDays === 1 ? '' : 's'}`];
  });
}
