import type { EpochSeconds } from '../../server/core/time.ts';
import { type Addresses, addressesOf } from './addresses.ts';
import type { Scheme } from './scheme.ts';
import { type SealService, sealServices } from './seal-services.ts';
import type { Service } from './services.ts';

/** The profile that CAs of a list are trusted with. */
export const SEAL_PROFILE = 'eidas-seal';

/** A CA that a list names, or that stands on the server. */
export type Subject = Addresses & {
  /** SHA-256 of its certificate. */
  readonly id: string;
  readonly subject: string;
  readonly provider: string;
  readonly service: string;
  readonly organization_namespaces: readonly string[];
};

/** What is to be done about a CA, and why where it is not plain. */
export type Step = Subject & { readonly message: string | null } & (
    | { readonly action: 'add'; readonly der: Buffer }
    | { readonly action: 'unchanged' | 'withdrawn' | 'not listed' | 'left out' }
  );

/** A CA that the server trusts already. */
export type Present = Pick<Subject, 'id' | 'subject' | 'organization_namespaces' | 'crl_urls' | 'ocsp_url'> & {
  readonly role: string;
  readonly profile: string;
};

/** What a list is held against. */
export type Standing = {
  readonly present: readonly Present[];
  /** Registers that the server knows. */
  readonly known: readonly string[];
  readonly now: EpochSeconds;
};

/** Registers of one country. */
export type Registers = { readonly known: readonly string[]; readonly unknown: readonly string[] };

/** Greece is EL in lists, and in identifiers of taxpayers; GR elsewhere. ETSI TS 119 612 §5.3.10, ETSI EN 319 412-1 §5.1.4 */
const ALSO: Readonly<Record<string, string>> = { EL: 'GR' };
const KINDS = ['NTR', 'VAT', 'PSD'];

/** Which registers of a list's country the server knows, and which it does not. `PV-SEC-050` */
export function registersOf({ territory }: Scheme, known: readonly string[]): Registers {
  const codes = [territory, ALSO[territory]].filter((code) => code !== undefined);
  const all = KINDS.flatMap((kind) => codes.map((code) => `${kind}${code}`));
  return {
    known: all.filter((register) => known.includes(register)),
    unknown: all.filter((register) => !known.includes(register)),
  };
}

/**
 * What to do so that the server trusts the CAs of seals that a list names today. What stands on the server stays as it is: an operator
 * may have said more of it.
 * @throws {ListRefusal} contradiction
 */
export function planImport(
  list: { readonly scheme: Scheme; readonly services: readonly Service[] },
  standing: Standing,
): readonly Step[] {
  const registers = registersOf(list.scheme, standing.known).known;
  const named = sealServices(list.services, standing.now);
  const steps = named.flatMap((service) => stepOf(service, { ...standing, registers, services: list.services }));
  return [...steps, ...notListed(named, standing, registers)];
}

type Ground = Standing & { readonly registers: readonly string[]; readonly services: readonly Service[] };

function stepOf(named: SealService, ground: Ground): readonly Step[] {
  const { id, subject, state, reason = null, service } = named;
  const there = ground.present.find((entry) => entry.id === id);
  const step = { id, subject, provider: service.provider, service: service.title, organization_namespaces: [], crl_urls: [] };
  if (there) {
    const isOurs = there.profile === SEAL_PROFILE;
    const action = state === 'withdrawn' && isOurs ? 'withdrawn' : 'unchanged';
    const message = isOurs ? reason : `it stands as ${there.role} with the profile ${there.profile}`;
    return [{ ...step, ...said(there), action, message }];
  }
  // Lists keep what was withdrawn, year after year.
  if (state === 'withdrawn') return [];
  const obstacle = reason ?? obstacleTo(named, ground);
  if (obstacle !== null) return [{ ...step, action: 'left out', message: obstacle }];
  return [{ ...step, ...addition(named, ground), action: 'add', der: named.der, message: null }];
}

/** Why a CA that is granted cannot be trusted here. The server judges the rest. */
function obstacleTo({ certificate, flaw = 'no certificate' }: SealService, { registers, now }: Ground): string | null {
  if (!certificate) return `its certificate cannot be read: ${flaw}`;
  if (certificate.notAfter <= now) return 'its certificate has ended';
  if (!certificate.extensions.isCa) return 'its certificate is none of a CA';
  if (registers.length === 0) return 'no register of its country is known here';
  return null;
}

function addition(
  { certificate }: SealService,
  { registers, services }: Ground,
): Addresses & Pick<Subject, 'organization_namespaces'> {
  const addresses = certificate ? addressesOf(certificate, services) : { crl_urls: [] };
  return { organization_namespaces: registers, ...addresses };
}

/** CAs that may have come from an earlier list of the country, or may have been added by hand: they are told of, and left alone. */
function notListed(named: readonly SealService[], { present }: Standing, registers: readonly string[]): readonly Step[] {
  const ids = new Set(named.map(({ id }) => id));
  return present
    .filter(({ id, role, profile }) => role === 'anchor' && profile === SEAL_PROFILE && !ids.has(id))
    .filter(({ organization_namespaces: own }) => own.length > 0 && own.every((register) => registers.includes(register)))
    .map((entry) => ({
      ...{ id: entry.id, action: 'not listed', subject: entry.subject, provider: '', service: '', ...said(entry) },
      message: 'it is trusted for organisations of this country, and the list does not name it',
    }));
}

/** What the server says of a CA besides whose it is. */
function said({ organization_namespaces, crl_urls, ocsp_url }: Present): Addresses & Pick<Subject, 'organization_namespaces'> {
  return { organization_namespaces, crl_urls, ...(ocsp_url !== undefined && { ocsp_url }) };
}
