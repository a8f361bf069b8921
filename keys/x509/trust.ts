import { createHash, hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { LRUCache } from 'lru-cache';
import { Fault, invalidField } from '../../server/core/fault.ts';
import type { Authority, Certificates, CertificateVerdict, RevocationPolicy, TrustEntry } from '../../server/core/ports.ts';
import { type EpochSeconds, HOUR, MINUTE } from '../../server/core/time.ts';
import { thumbprint } from '../thumbprint.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import {
  assertAlgorithmsAreOn,
  assertAuthority,
  createTrust,
  type Judging,
  type Path,
  type Trust,
  validatePath,
} from './chain.ts';
import { COMMON_NAME } from './name.ts';
import { type NameSpace, nameSpaces } from './name-spaces.ts';
import { readCertificateFile } from './pem.ts';
import { type Demands, judgeByProfile, PROFILES, type Profile } from './profile.ts';
import { readPublicKey } from './public-key.ts';
import { attempt, Refusal, RULES, type Rule } from './refusal.ts';
import type { Responder, Responders } from './responders.ts';
import { judgeRevocation, type RevocationSources } from './revocation-judge.ts';
import { type ListSource, RevocationLists } from './revocation-lists.ts';

/** How long a verdict is believed, in seconds: a good one never past the end of a certificate in its path. Security reference §3 */
const ACCEPTED_FOR = HOUR;
const REFUSED_FOR = MINUTE;

/** Most verdicts kept. Refusals stand apart, so that garbage cannot push good ones out. */
const ACCEPTED_KEPT = 10_000;
const REFUSED_KEPT = 1_000;

/** What is trusted here besides the entries. */
export type TrustSettings = {
  /** The one whose entries may be active. `PV-SEC-052` */
  readonly environment: TrustEntry['environment'];
  /** Whether certificates may be signed with Ed25519, and hold such keys. `PV-SEC-042` */
  readonly ed25519?: boolean;
  /** Name spaces besides those that are known. */
  readonly nameSpaces?: readonly NameSpace[];
  /** Whether a certificate's qualified statements decide on `client_amr` in every profile. Contract §9 no. 49 */
  readonly sealAmr?: boolean;
  /** What has been revoked, as far as it is known; told where lists are found. Absent: nothing is known. */
  readonly lists?: RevocationLists;
  /** Who is asked about one certificate where the lists do not answer. Absent: nobody. */
  readonly responders?: Responders;
  /** Whether an anchor of production may have the policy `soft`. Security reference §3 */
  readonly allowSoft?: boolean;
} & Pick<RevocationSources, 'ocspFirst' | 'grace' | 'onUnknown'>;

/**
 * The judge of enterprise certificates. Verdicts are kept by the digest of the exact chain; the organisation's client, the
 * assertion's signature and its claims are judged every time. Security reference §2 and §3
 * @throws {Refusal} for a trust entry that could never validate anything, naming it.
 */
export function createCertificates(entries: readonly TrustEntry[], settings: TrustSettings): Certificates {
  const accepted = new LRUCache<string, Kept<CertificateVerdict>>({ max: ACCEPTED_KEPT });
  const refused = new LRUCache<string, Kept<Refusal>>({ max: REFUSED_KEPT });
  const { lists = new RevocationLists(), responders, ocspFirst = false, onUnknown } = settings;
  const sources: RevocationSources = {
    ...{ lists, ocspFirst },
    ...(responders && { responders }),
    ...(settings.grace !== undefined && { grace: settings.grace }),
    ...(onUnknown && { onUnknown }),
  };
  let current = entries;
  let trust = load(entries, settings);
  let version = 0;
  follow();
  lists.onChange(forget);

  function follow(): void {
    lists.follow(trust.sources);
    responders?.follow(trust.responders);
  }

  function forget(): void {
    version++;
    accepted.clear();
    refused.clear();
  }

  /** A verdict that was reached while something changed is not kept. */
  async function judgeNow(chain: readonly Uint8Array[], key: string, now: EpochSeconds): Promise<CertificateVerdict> {
    const before = version;
    try {
      const { verdict, until } = await judge(chain, { trust, sources }, { now, ed25519: settings.ed25519 ?? false });
      if (version === before) accepted.set(key, { value: verdict, from: now, until });
      return verdict;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (version === before) refused.set(key, { value: error, from: now, until: now + REFUSED_FOR });
      throw toFault(error);
    }
  }

  return {
    async judge(chain, now, before) {
      const key = digest(chain);
      const verdict = stillGood(accepted.get(key), now);
      if (verdict) return verdict;
      const refusal = stillGood(refused.get(key), now);
      if (refusal) throw toFault(refusal);
      before?.();
      return judgeNow(chain, key, now);
    },
    environment: settings.environment,
    profiles: [...PROFILES.keys()],
    namespaces: [...nameSpaces(settings.nameSpaces).keys()],
    readAuthority,
    assertTrustable: (entry) => assertTrustable(entry, settings),
    policyOf,
    reload(changed) {
      if (isDeepStrictEqual(changed, current)) return;
      current = changed;
      trust = load(changed, settings);
      follow();
      forget();
    },
  };
}

/**
 * Reads the file of a trust entry: one CA certificate, PEM or DER, that can be used as an issuer.
 * @returns its DER. Whether it is valid today is not looked at.
 * @throws {Refusal} naming the rule.
 */
export function readTrustFile(bytes: Uint8Array): Buffer {
  const certificate = readCertificate(readCertificateFile(bytes));
  assertAuthority(certificate);
  return certificate.der;
}

/** What a trust entry says of its certificate. @throws {Fault} PV-601 naming the rule. */
export function readAuthority(bytes: Uint8Array): Authority {
  try {
    const der = readTrustFile(bytes);
    const certificate = readCertificate(der);
    return { der, fingerprint: fingerprint(der), subject: commonName(certificate), notAfter: certificate.notAfter };
  } catch (error) {
    if (error instanceof Refusal) throw invalidField('trust', 'certificate', `cannot be used; expected ${RULES[error.rule]}`);
    throw error;
  }
}

/** SHA-256, in hex. */
function fingerprint(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}

/** Which member of a trust entry breaks a rule; where nothing else is said, its certificate does. */
const CULPRITS: Partial<Record<Rule, string>> = {
  environment: 'environment',
  profile: 'profile',
  revocation_policy: 'revocation',
};

/** @throws {Fault} PV-601 naming the member, for an entry by which this server could not judge */
function assertTrustable(entry: TrustEntry, settings: TrustSettings): void {
  const loaded = attempt(() => loadEntry(entry, settings));
  if (loaded instanceof Refusal)
    throw invalidField('trust', CULPRITS[loaded.rule] ?? 'certificate', `cannot be used; expected ${RULES[loaded.rule]}`);
  if (entry.role === 'anchor' && !entry.organizationNamespaces && !loaded.profile.prefixes)
    throw invalidField('trust', 'organization_namespaces', `must name what this anchor may assert with ${entry.profile}`);
}

/** Something known, and when it is: outside these moments, both included, it has to be found out again. */
type Kept<T> = { readonly value: T; readonly from: EpochSeconds; readonly until: EpochSeconds };

function stillGood<T>(kept: Kept<T> | undefined, now: EpochSeconds): T | undefined {
  return kept && kept.from <= now && now <= kept.until ? kept.value : undefined;
}

/** Over the exact octets, each certificate with its length, so that no two chains share one; kept as long as the chain is. */
function digest(chain: readonly Uint8Array[]): string {
  const known = digests.get(chain);
  if (known !== undefined) return known;
  const made = hash('sha256', Buffer.concat(chain.flatMap((der) => [Buffer.from(`${der.length}:`), der])), 'base64');
  digests.set(chain, made);
  return made;
}

const digests = new WeakMap<readonly Uint8Array[], string>();

type LoadedTrust = Trust & {
  readonly entryOf: ReadonlyMap<Certificate, { entry: TrustEntry; profile: Profile }>;
  readonly demands: Demands;
  readonly sources: readonly ListSource[];
  readonly responders: readonly Responder[];
};

function load(entries: readonly TrustEntry[], settings: TrustSettings): LoadedTrust {
  const loaded = entries.map((entry) => ({ entry, ...loadEntry(entry, settings) }));
  const certificates = (role: TrustEntry['role']): Certificate[] =>
    loaded.filter(({ entry }) => entry.role === role).map(({ certificate }) => certificate);
  const trust = createTrust(certificates('anchor'), certificates('intermediate'));
  const demands = { spaces: nameSpaces(settings.nameSpaces), sealAmr: settings.sealAmr ?? false };
  return {
    ...trust,
    demands,
    sources: loaded.flatMap(({ certificate, entry }) => (entry.crlUrls ?? []).map((url) => ({ issuer: certificate, url }))),
    responders: loaded.flatMap(({ certificate, entry: { ocspUrl } }) =>
      ocspUrl === undefined ? [] : { issuer: certificate, url: ocspUrl },
    ),
    entryOf: new Map(loaded.map(({ certificate, entry, profile }) => [certificate, { entry, profile }])),
  };
}

function loadEntry(
  entry: TrustEntry,
  { environment, ed25519 = false, allowSoft = false }: TrustSettings,
): { certificate: Certificate; profile: Profile } {
  try {
    if (entry.environment !== environment)
      throw new Refusal('environment', `one of ${entry.environment} where ${environment} is served`);
    assertPolicyIsAllowed(entry, allowSoft);
    const profile = PROFILES.get(entry.profile);
    if (!profile) throw new Refusal('profile', 'another one');
    const certificate = readCertificate(Buffer.from(entry.certificate, 'base64'));
    assertAuthority(certificate);
    assertAlgorithmsAreOn(certificate, ed25519);
    return { certificate, profile };
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal(error.rule, `trust entry ${entry.id}: ${error.met}`, { cause: error });
    throw error;
  }
}

async function judge(
  chain: readonly Uint8Array[],
  { trust, sources }: { readonly trust: LoadedTrust; readonly sources: RevocationSources },
  judging: Judging,
): Promise<{ verdict: CertificateVerdict; until: EpochSeconds }> {
  const path = validatePath(chain.map(readCertificate), trust, judging);
  const [leaf] = path;
  const trusted = trust.entryOf.get(path.at(-1) ?? leaf);
  if (!trusted) throw new Refusal('trust_anchor', 'an anchor that is not known here');
  const { organization, amr } = judgeByProfile(path, trusted.profile, {
    ...trust.demands,
    environment: trusted.entry.environment,
    ...(trusted.entry.organizationNamespaces && { prefixes: trusted.entry.organizationNamespaces }),
  });
  const policy = policyOf(trusted.entry);
  const notRevokedUntil = await judgeRevocation(path, policy, { ...sources, now: judging.now });
  const jwk = readPublicKey(leaf.publicKey, 'end_entity');
  return {
    verdict: {
      organization,
      key: { jwk, thumbprint: thumbprint(jwk) },
      amr,
      fingerprint: fingerprint(leaf.der),
      serial: leaf.serialNumber.toString('hex'),
      subject: commonName(leaf),
      notAfter: leaf.notAfter,
      anchor: trusted.entry.id,
      revocation: policy,
    },
    until: Math.min(judging.now + ACCEPTED_FOR, earliestEnd(path), notRevokedUntil),
  };
}

/** Without a word of the entry nobody is asked in a test environment, and an answer is demanded in production. Security reference §3 */
export function policyOf({ revocation, environment }: TrustEntry): RevocationPolicy {
  return revocation ?? (environment === 'test' ? 'off' : 'require');
}

function assertPolicyIsAllowed({ revocation, environment }: TrustEntry, allowSoft: boolean): void {
  const isWeak = revocation === 'off' || (revocation === 'soft' && !allowSoft);
  if (environment === 'production' && isWeak) throw new Refusal('revocation_policy', `${revocation} in production`);
}

function commonName({ subject }: Certificate): string {
  return subject.attributes.find(({ oid }) => oid === COMMON_NAME)?.text ?? '';
}

function earliestEnd(path: Path): EpochSeconds {
  return Math.min(...path.map(({ notAfter }) => notAfter));
}

function toFault(refusal: Refusal): Fault {
  return new Fault('MP-120', { detail: refusal.message, expected: RULES[refusal.rule], got: refusal.met, cause: refusal });
}
