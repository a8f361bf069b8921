import type { OrganizationNumber } from '../../server/core/organization.ts';
import type { ClientAmr, TrustEntry } from '../../server/core/ports.ts';
import type { Certificate } from './certificate.ts';
import type { Path } from './chain.ts';
import type { KeyUsage } from './extensions.ts';
import { COMMON_NAME, COUNTRY, type Name, ORGANIZATION, ORGANIZATION_IDENTIFIER } from './name.ts';
import { type NameSpaces, nameSpaces } from './name-spaces.ts';
import { organizationOf, type Place } from './organization-of.ts';
import { hasPolicy, NORWEGIAN_POLICIES, type Policies } from './policies.ts';
import type { QualifiedStatements } from './qualified-statements.ts';
import { Refusal } from './refusal.ts';

/** What certificates below an anchor must be, and what they say. Security reference §2 */
export type Profile = {
  readonly place: Place;
  /** Name spaces that an anchor may assert organisations in unless its entry says otherwise; absent: its entry has to. */
  readonly prefixes?: readonly string[];
  /** At least one of these must be among the leaf's key usages. */
  readonly keyUsages: readonly KeyUsage[];
  /** At least one of these must be allowed by the extended key usages of every certificate of the path that has any. */
  readonly purposes: readonly string[];
  /** At least one of these must be among the leaf's policies. */
  readonly policies?: Policies;
  /** Attributes that the leaf's subject must have. */
  readonly attributes?: readonly string[];
  /** Whether the leaf must be for electronic seals, by its statements, which then also say how the client proved who it is. */
  readonly isSeal?: true;
};

const CLIENT_AUTHENTICATION = '1.3.6.1.5.5.7.3.2';
const EMAIL_PROTECTION = '1.3.6.1.5.5.7.3.4';
/** RFC 9336, and what Microsoft and Adobe had before it. */
const DOCUMENT_SIGNING = ['1.3.6.1.5.5.7.3.36', '1.3.6.1.4.1.311.10.3.12', '1.2.840.113583.1.1.5'];
const ANY_PURPOSE = '2.5.29.37.0';

/** Clients sign with either of their certificates: the one for authentication, or the one for seals. Security reference §2 */
const SIGNING: readonly KeyUsage[] = ['digitalSignature', 'contentCommitment'];
const SIGNING_PURPOSES = [CLIENT_AUTHENTICATION, EMAIL_PROTECTION, ...DOCUMENT_SIGNING, ANY_PURPOSE];

/** What both Norwegian profiles demand; their policies keep persons and web servers of the same authorities out. Contract §8.4 */
const NORWEGIAN = {
  prefixes: ['NTRNO'],
  keyUsages: SIGNING,
  purposes: SIGNING_PURPOSES,
  policies: NORWEGIAN_POLICIES,
} as const;

/**
 * The profiles by the name that a trust entry gives. Below an own CA the purpose is client authentication: e-mail protection alone
 * would let personal certificates of the same authority in. `PV-SEC-051`
 */
export const PROFILES: ReadonlyMap<string, Profile> = new Map<string, Profile>([
  [
    'own-ca',
    {
      place: 'either',
      prefixes: ['NTRNO'],
      keyUsages: ['digitalSignature'],
      purposes: [CLIENT_AUTHENTICATION, ANY_PURPOSE],
    },
  ],
  ['seid-2.0', { ...NORWEGIAN, place: 'organizationIdentifier' }],
  ['seid-1.0', { ...NORWEGIAN, place: 'serialNumber' }],
  [
    'eidas-seal',
    {
      place: 'organizationIdentifier',
      keyUsages: SIGNING,
      purposes: SIGNING_PURPOSES,
      attributes: [COUNTRY, ORGANIZATION, ORGANIZATION_IDENTIFIER, COMMON_NAME],
      isSeal: true,
    },
  ],
]);

/** What a path is held to besides its profile. */
export type Demands = {
  /** Whose policies count; absent: those of both. */
  readonly environment?: TrustEntry['environment'];
  readonly spaces?: NameSpaces;
  /** Name spaces that the anchor may assert, by its entry. `PV-SEC-050` */
  readonly prefixes?: readonly string[];
  /** Whether the statements decide on `client_amr` in every profile. Contract §9 no. 49 */
  readonly sealAmr?: boolean;
};

/** Whom a leaf was issued to. */
export type Holder = { readonly organization: OrganizationNumber; readonly amr: ClientAmr };

/**
 * Holds a path to a profile. `PV-SEC-045`, `PV-SEC-049` to `PV-SEC-051`
 * @throws {Refusal} naming the rule.
 */
export function judgeByProfile(path: Path, profile: Profile, demands: Demands = {}): Holder {
  const [leaf] = path;
  assertEndEntity(leaf, profile);
  assertPurpose(path, profile);
  assertPolicy(leaf, profile, demands.environment);
  assertAttributes(leaf.subject, profile);
  if (profile.isSeal && !leaf.extensions.statements?.isSeal) throw new Refusal('seal', 'no certificate for seals');
  const { spaces = nameSpaces(), prefixes = profile.prefixes ?? [] } = demands;
  return {
    organization: organizationOf(leaf.subject, profile.place, { spaces, prefixes }),
    amr: profile.isSeal || demands.sealAmr ? amrOf(leaf.extensions.statements) : 'virksomhetssertifikat',
  };
}

/** Contract §2.4 and §8.4 */
function amrOf(statements: QualifiedStatements | undefined): ClientAmr {
  if (!statements?.isSeal) return 'virksomhetssertifikat';
  return statements.isQualified ? 'QCForESeal' : 'CForESeal';
}

function assertEndEntity({ extensions }: Certificate, { keyUsages }: Profile): void {
  const { isCa, keyUsage } = extensions;
  if (isCa) throw new Refusal('end_entity', 'a CA');
  if (!keyUsage) throw new Refusal('key_usage', 'no key usage');
  if (!keyUsages.some((usage) => keyUsage.includes(usage))) throw new Refusal('key_usage', keyUsage.join(', '));
}

/**
 * One purpose has to be allowed all the way up: a CA with extended key usages certifies for these alone. RFC 5280 leaves it open, OpenSSL
 * and the browsers hold it.
 */
function assertPurpose(path: Path, { purposes }: Profile): void {
  const restricted = path.flatMap(({ extensions: { extendedKeyUsage } }) => (extendedKeyUsage ? [extendedKeyUsage] : []));
  const isAllowed = (purpose: string): boolean =>
    restricted.every((usages) => usages.includes(purpose) || usages.includes(ANY_PURPOSE));
  if (purposes.some(isAllowed)) return;
  throw new Refusal('extended_key_usage', restricted.map((usages) => usages.join(', ')).join(' below '));
}

function assertPolicy({ extensions }: Certificate, { policies }: Profile, environment: Demands['environment']): void {
  if (!policies) return;
  const accepted = environment ? policies[environment] : [...policies.production, ...policies.test];
  const { policies: own = [] } = extensions;
  if (!hasPolicy(own, accepted)) throw new Refusal('policy', own.join(', ') || 'none');
}

/** ETSI EN 319 412-3 §4.2.1 */
function assertAttributes({ attributes }: Name, { attributes: demanded = [] }: Profile): void {
  const missing = demanded.find((oid) => !attributes.some((attribute) => attribute.oid === oid));
  if (missing !== undefined) throw new Refusal('subject', `no ${missing}`);
}
