import { Fault, invalidField } from '../core/fault.ts';
import type { Certificates, Changes, TrustEntry } from '../core/ports.ts';
import { type Act, changeRecord } from './act.ts';

/** What the operator says of a CA certificate. Absent: this server's environment, and the profile of an own CA. */
export type TrustWish = Pick<TrustEntry, 'role' | 'organizationNamespaces' | 'crlUrls' | 'ocspUrl' | 'revocation'> & {
  /** PEM or DER. */
  readonly certificate: Uint8Array;
  readonly environment?: TrustEntry['environment'];
  readonly profile?: string;
};

/** A change of the trust, and the judge of certificates who knows what can be trusted. */
export type TrustAct = Act & { readonly certificates: Certificates };

/**
 * Trusts a CA. An entry is known by its certificate's SHA-256, so that no certificate stands twice. Own API, operator; `PV-SEC-048`
 * @throws {Fault} PV-609 when it is registered, PV-601 for what could not be trusted here (`PV-SEC-052`)
 */
export async function addTrust(changes: Changes, wish: TrustWish, act: TrustAct): Promise<TrustEntry> {
  const entry = entryOf(wish, act.certificates, act.now);
  if (await changes.trust.find(entry.id))
    throw new Fault('PV-609', { fields: [{ object: 'trust', field: 'certificate', message: `is registered as ${entry.id}` }] });
  await changes.trust.put(entry);
  await changes.audit.append(changeRecord('trust.added', { subject: subject(entry), after: trustMembers(entry) }, act));
  return entry;
}

/**
 * Replaces what is said of a CA; its certificate stays. What is demanded of revocation stands in the record before and after.
 * `PV-SEC-109`
 * @throws {Fault} PV-601, also for another certificate
 */
export async function changeTrust(
  changes: Changes,
  { before, wish }: { readonly before: TrustEntry; readonly wish: TrustWish },
  act: TrustAct,
): Promise<TrustEntry> {
  const entry = { ...entryOf(wish, act.certificates, before.created), id: before.id };
  if (entry.certificate !== before.certificate)
    throw invalidField('trust', 'certificate', 'is another one: register it as an entry of its own');
  await changes.trust.put(entry);
  const states = { before: trustMembers(before), after: trustMembers(entry) };
  await changes.audit.append(changeRecord('trust.changed', { subject: subject(entry), ...states }, act));
  return entry;
}

/** Trusts a CA no longer. */
export async function removeTrust(changes: Changes, before: TrustEntry, act: Act): Promise<void> {
  await changes.trust.remove(before.id);
  await changes.audit.append(changeRecord('trust.removed', { subject: subject(before), before: trustMembers(before) }, act));
}

/** An entry's members on the wire, besides its certificate and times. */
export function trustMembers(entry: TrustEntry) {
  const { id, role, environment, profile, organizationNamespaces = [], crlUrls = [], ocspUrl, revocation } = entry;
  return {
    ...{ id, role, environment, profile, organization_namespaces: organizationNamespaces, crl_urls: crlUrls },
    ...(ocspUrl !== undefined && { ocsp_url: ocspUrl }),
    ...(revocation !== undefined && { revocation }),
  };
}

const OWN_CA = 'own-ca';

function entryOf(wish: TrustWish, certificates: Certificates, created: TrustEntry['created']): TrustEntry {
  const { der, fingerprint } = certificates.readAuthority(wish.certificate);
  const { role, environment = certificates.environment, profile = OWN_CA } = wish;
  const { organizationNamespaces = [], crlUrls = [], ocspUrl, revocation } = wish;
  if (environment !== certificates.environment)
    throw invalidField('trust', 'environment', `must be ${certificates.environment}, as this server's`);
  if (!certificates.profiles.includes(profile))
    throw invalidField('trust', 'profile', `must be one of ${certificates.profiles.join(', ')}`);
  if (!organizationNamespaces.every((space) => certificates.namespaces.includes(space)))
    throw invalidField('trust', 'organization_namespaces', `must be among ${certificates.namespaces.join(', ')}`);
  const entry: TrustEntry = {
    ...{ id: fingerprint, certificate: Buffer.from(der).toString('base64'), role, environment, profile, created },
    ...(organizationNamespaces.length > 0 && { organizationNamespaces }),
    ...(crlUrls.length > 0 && { crlUrls }),
    ...(ocspUrl !== undefined && { ocspUrl }),
    ...(revocation !== undefined && { revocation }),
  };
  certificates.assertTrustable(entry);
  return entry;
}

function subject({ id }: TrustEntry): string {
  return `trust/${id}`;
}
