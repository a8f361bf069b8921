import { isNorwegianNumber, type OrganizationNumber } from '../../server/core/organization.ts';
import type { ClientAmr } from '../../server/core/ports.ts';
import type { Certificate } from './certificate.ts';
import type { Path } from './chain.ts';
import { TAG } from './der.ts';
import type { KeyUsage } from './extensions.ts';
import { type Attribute, type Name, ORGANIZATION_IDENTIFIER, SERIAL_NUMBER } from './name.ts';
import { Refusal } from './refusal.ts';

/** What certificates below an anchor must be, and what they say. Security reference §2 */
export type Profile = {
  /** The organisation in the leaf's subject. @throws {Refusal} organization */
  readonly organization: (subject: Name) => OrganizationNumber;
  /** At least one of these must be among the leaf's key usages. */
  readonly keyUsages: readonly KeyUsage[];
  /** At least one of these must be among the extended key usages of every certificate of the path that has any. */
  readonly purposes: readonly string[];
  readonly amr: ClientAmr;
};

const CLIENT_AUTHENTICATION = '1.3.6.1.5.5.7.3.2';
const ANY_PURPOSE = '2.5.29.37.0';

/**
 * The profiles by the name that a trust entry gives. The purpose is client authentication: SEID 2.0 authentication certificates
 * have it beside e-mail protection, which alone would let personal certificates of the same authority in (`PV-SEC-051`).
 */
export const PROFILES: ReadonlyMap<string, Profile> = new Map([
  [
    'own-ca',
    {
      organization: norwegianOrganization,
      keyUsages: ['digitalSignature'],
      purposes: [CLIENT_AUTHENTICATION, ANY_PURPOSE],
      amr: 'virksomhetssertifikat',
    },
  ],
]);

/**
 * Holds a path to a profile. `PV-SEC-045`, `PV-SEC-049`, `PV-SEC-050`
 * @returns the organisation that the leaf was issued to.
 * @throws {Refusal} naming the rule.
 */
export function judgeByProfile(path: Path, profile: Profile): OrganizationNumber {
  const [leaf] = path;
  assertEndEntity(leaf, profile);
  for (const certificate of path) assertPurpose(certificate, profile);
  return profile.organization(leaf.subject);
}

function assertEndEntity({ extensions }: Certificate, { keyUsages }: Profile): void {
  const { isCa, keyUsage } = extensions;
  if (isCa) throw new Refusal('end_entity', 'a CA');
  if (!keyUsage) throw new Refusal('key_usage', 'no key usage');
  if (!keyUsages.some((usage) => keyUsage.includes(usage))) throw new Refusal('key_usage', keyUsage.join(', '));
}

/** A CA with extended key usages certifies for these alone; RFC 5280 leaves it open, OpenSSL and the browsers hold it. */
function assertPurpose({ extensions }: Certificate, { purposes }: Profile): void {
  const { extendedKeyUsage } = extensions;
  if (!extendedKeyUsage || purposes.some((purpose) => extendedKeyUsage.includes(purpose))) return;
  throw new Refusal('extended_key_usage', extendedKeyUsage.join(', '));
}

/**
 * The organisation number of a Norwegian enterprise certificate: `NTRNO-` and nine digits in organizationIdentifier (SEID 2.0), or
 * nine digits in serialNumber (SEID 1.0). Both may be there and must then agree; a serialNumber of another form beside an
 * organizationIdentifier is the holder's own affair. Contract §8.3
 */
function norwegianOrganization(subject: Name): OrganizationNumber {
  const identifier = only(subject, ORGANIZATION_IDENTIFIER);
  const serialNumber = only(subject, SERIAL_NUMBER);
  const numbers: OrganizationNumber[] = [];
  if (identifier !== undefined) numbers.push(withoutPrefix(identifier, 'NTRNO-'));
  if (serialNumber !== undefined && /^[0-9]{9}$/.test(serialNumber)) numbers.push(serialNumber);
  const [number] = numbers;
  if (number === undefined) throw new Refusal('organization', 'no organisation number');
  if (numbers.some((other) => other !== number)) throw new Refusal('organization', 'two organisation numbers');
  if (!isNorwegianNumber(number)) throw new Refusal('organization', 'a number with a wrong check digit');
  return number;
}

/** The one value of an attribute, in plain ASCII and alone in its relative name; undefined when it is not there. `PV-SEC-049` */
function only(subject: Name, oid: string): string | undefined {
  const [attribute, ...more] = subject.attributes.filter((candidate) => candidate.oid === oid);
  if (!attribute) return undefined;
  if (more.length > 0) throw new Refusal('organization', 'an attribute twice');
  if (!attribute.alone) throw new Refusal('organization', 'a relative name with several attributes');
  if (!isPlain(attribute)) throw new Refusal('organization', 'an attribute that is not plain ASCII text');
  return attribute.text;
}

function isPlain({ tag, text }: Attribute): boolean {
  return (tag === TAG.utf8String || tag === TAG.printableString) && text !== undefined && /^[\x20-\x7e]+$/.test(text);
}

function withoutPrefix(identifier: string, prefix: string): string {
  const number = identifier.slice(prefix.length);
  if (!identifier.startsWith(prefix) || !/^[0-9]{9}$/.test(number))
    throw new Refusal('organization', `no identifier of the form ${prefix}#########`);
  return number;
}
