import type { EpochSeconds } from '../../server/core/time.ts';
import type { KeyHolder } from '../key-policy.ts';
import { type Certificate, isKeyNamedBy, isSelfIssued } from './certificate.ts';
import { ED25519, readPublicKey } from './public-key.ts';
import { attempt, Refusal } from './refusal.ts';
import { assertSignatureAlgorithm, isSignedBy, type SignatureJudge } from './signature.ts';

/** A certification path that holds: the leaf first, the trust anchor last. */
export type Path = readonly [leaf: Certificate, ...issuers: Certificate[]];

/** What paths may end in, prepared by {@link createTrust}. */
export type Trust = {
  readonly anchors: readonly Certificate[];
  /** Every way up from one of our own CA certificates to an anchor, the CA first; signatures verified. */
  readonly ascents: readonly Ascent[];
};

type Ascent = readonly [Certificate, ...Certificate[]];

/** What a path is judged by besides trust. */
export type Judging = {
  readonly now: EpochSeconds;
  /** Whether Ed25519 counts among the algorithms. `PV-SEC-042` */
  readonly ed25519?: boolean;
  /** Holds a path that is right in every other way to what its issuers have revoked. Absent: that is not asked. @throws {Refusal} */
  readonly assertNotRevoked?: (path: Path) => void;
  /** Verifies the signatures on what was sent. Absent: {@link isSignedBy}. */
  readonly isSigned?: SignatureJudge;
};

/** Most certificates a client may send. `PV-SEC-040` */
const MAX_SENT = 5;

/** Longest way through our own CA certificates to an anchor, and most such ways to one anchor: further ones are not tried. */
const MAX_ASCENT = 6;
const MAX_ASCENTS = 64;

/**
 * Prepares anchors and intermediates of our own configuration. Dates are not looked at: an expired anchor is kept, and validates
 * nothing. `PV-SEC-048`
 * @throws {Refusal} for one that could never be an issuer.
 */
export function createTrust(
  anchors: readonly Certificate[],
  intermediates: readonly Certificate[],
  isSigned: SignatureJudge = isSignedBy,
): Trust {
  for (const certificate of [...anchors, ...intermediates]) assertAuthority(certificate);
  return { anchors, ascents: anchors.flatMap((anchor) => ascentsTo(anchor, { intermediates, isSigned })) };
}

/** Those of the CA certificates that may stand above a certificate, by their names alone. */
export function possibleIssuers(certificate: Certificate, authorities: readonly Certificate[]): readonly Certificate[] {
  const found = new Set<Certificate>();
  const add = ({ issuer }: Certificate): void => {
    for (const ca of authorities) if (ca.subject.der.equals(issuer.der)) found.add(ca);
  };
  add(certificate);
  for (const ca of found) add(ca);
  return [...found];
}

/** Holds what a CA certificate must be whenever it is used. @throws {Refusal} naming the rule. */
export function assertAuthority(certificate: Certificate): void {
  assertCa(certificate);
  assertUnderstood(certificate);
  assertStrong(certificate, 'ca');
}

/**
 * Validates certificates as they were sent, the leaf first, each next certifying the one before: the path rules of RFC 5280 §6.1
 * without names and policies, in the order of security reference §2, cheap before dear. What is missing between the
 * topmost and an anchor comes from our own configuration; a path is never sought among what was sent.
 * `PV-SEC-042` to `PV-SEC-048`, `PV-SEC-056`
 * @throws {Refusal} naming the rule.
 */
export function validatePath(sent: readonly Certificate[], trust: Trust, judging: Judging): Path {
  const { own, anchor } = divide(sent, trust.anchors);
  assertPath(own, 0, judging);
  let refusal = new Refusal('trust_anchor', 'an issuer that is not known here');
  for (const ascent of anchor ? [[anchor] as const] : ascentsFrom(own.at(-1), trust)) {
    const outcome = attempt(() => complete(own, ascent, judging));
    if (!(outcome instanceof Refusal)) return outcome;
    refusal = outcome;
  }
  throw refusal;
}

/** From the anchor downwards, so that a CA that leads nowhere costs nothing; what signs for each other cannot go round. */
function ascentsTo(
  anchor: Certificate,
  { intermediates, isSigned }: { readonly intermediates: readonly Certificate[]; readonly isSigned: SignatureJudge },
): readonly Ascent[] {
  const ascents: Ascent[] = [[anchor]];
  for (const ascent of ascents) {
    const room = ascent.length < MAX_ASCENT ? MAX_ASCENTS - ascents.length : 0;
    if (room === 0) break;
    const below = intermediates.filter((ca) => !ascent.includes(ca) && isNamedBy(ca, ascent[0]) && isSigned(ca, ascent[0]));
    ascents.push(...below.slice(0, room).map((ca): Ascent => [ca, ...ascent]));
  }
  return ascents;
}

/**
 * What was sent without the anchor that it may end in. An anchor that was sent is ours byte for byte, and above it nothing may stand
 * but other anchors. Security reference §2
 */
function divide(sent: readonly Certificate[], anchors: readonly Certificate[]): { own: Path; anchor?: Certificate } {
  if (sent.length === 0 || sent.length > MAX_SENT) throw new Refusal('path_size', `${sent.length} certificates`);
  const found = sent.map((certificate) => anchors.find(({ der }) => der.equals(certificate.der)));
  const end = found.findIndex((anchor) => anchor !== undefined);
  const [leaf, ...issuers] = end < 0 ? sent : sent.slice(0, end);
  const anchor = found[end];
  if (!leaf) throw new Refusal('trust_anchor', 'a trust anchor in place of a certificate below it');
  if (anchor && found.includes(undefined, end))
    throw new Refusal('trust_anchor', 'a certificate above the anchor that is no anchor');
  return { own: [leaf, ...issuers], ...(anchor && { anchor }) };
}

/** The ways up from the topmost certificate, by its issuer's name: names may be shared, and all that bear it are tried. */
function ascentsFrom(top: Certificate | undefined, { ascents }: Trust): readonly Ascent[] {
  return ascents.filter(([issuer]) => top?.issuer.der.equals(issuer.subject.der));
}

/** Judges what our configuration adds to the path, then every signature on what was sent, from the anchor downwards. */
function complete(own: Path, ascent: Ascent, judging: Judging): Path {
  const path: Path = [...own, ...ascent];
  const { isSigned = isSignedBy } = judging;
  assertPath(path, own.length, judging);
  for (let place = own.length - 1; place >= 0; place--) {
    const [certificate, issuer] = path.slice(place);
    if (certificate && issuer && !isSigned(certificate, issuer)) throw new Refusal('signature', `certificate ${place + 1}`);
  }
  // A CA's certificate for a new key of its own is no root.
  if (own.some((certificate) => isSelfIssued(certificate) && isSigned(certificate, certificate)))
    throw new Refusal('trust_anchor', 'a root that is no anchor');
  judging.assertNotRevoked?.(path);
  return path;
}

/** A certificate at its place of the path; place 0 is the leaf. */
type Step = Pick<Judging, 'now' | 'ed25519'> & { readonly certificate: Certificate; readonly place: number; readonly path: Path };

const RULES_IN_ORDER: readonly ((step: Step) => void)[] = [
  assertLinked,
  assertValidNow,
  assertIssuer,
  assertPathLength,
  ({ certificate }) => assertUnderstood(certificate),
  ({ certificate, ed25519 = false }) => assertAlgorithmsAreOn(certificate, ed25519),
  ({ certificate, place }) => assertStrong(certificate, place === 0 ? 'end_entity' : 'ca'),
];

/** Holds every rule, one after the other, for the certificates from a place upwards. */
function assertPath(path: Path, from: number, judging: Judging): void {
  const steps = path.map((certificate, place) => ({ ...judging, certificate, place, path })).slice(from);
  for (const rule of RULES_IN_ORDER) steps.forEach(rule);
}

function assertLinked({ certificate, place, path }: Step): void {
  const below = path[place - 1];
  if (!below) return;
  if (!below.issuer.der.equals(certificate.subject.der))
    throw new Refusal('name_link', `certificate ${place} names another issuer`);
  if (!isKeyNamedBy(below.extensions.authorityKeyId, certificate))
    throw new Refusal('key_id_link', `certificate ${place} names another key of its issuer`);
}

/** Both ends of the validity belong to it. RFC 5280 §4.1.2.5 */
function assertValidNow({ certificate, place, now }: Step): void {
  const { notBefore, notAfter } = certificate;
  if (now < notBefore) throw new Refusal('not_yet_valid', `certificate ${place + 1} begins ${rfc3339(notBefore)}`);
  if (now > notAfter) throw new Refusal('expired', `certificate ${place + 1} ended ${rfc3339(notAfter)}`);
}

/** Issuers are CAs; so must be whatever says that it signs certificates, or how many CAs stand below it. RFC 5280 §4.2.1.9 */
function assertIssuer({ certificate, place }: Step): void {
  const { keyUsage, pathLength } = certificate.extensions;
  if (place > 0 || keyUsage?.includes('keyCertSign') || pathLength !== undefined) assertCa(certificate);
}

function assertCa({ extensions }: Certificate): void {
  if (!extensions.isCa) throw new Refusal('not_a_ca', 'an issuer without the CA flag');
  if (extensions.keyUsage?.includes('keyCertSign') === false)
    throw new Refusal('not_a_ca', 'an issuer whose key may not sign certificates');
}

/** CAs below an issuer, those not counted whose issuer has their own name. RFC 5280 §4.2.1.9 */
function assertPathLength({ certificate, place, path }: Step): void {
  const { pathLength } = certificate.extensions;
  const below = path.slice(1, Math.max(place, 1)).filter((ca) => !isSelfIssued(ca)).length;
  if (place > 0 && pathLength !== undefined && below > pathLength) {
    throw new Refusal('path_length', `${below} CAs below certificate ${place + 1}, which allows ${pathLength}`);
  }
}

function assertUnderstood({ extensions }: Certificate): void {
  const [unknown] = extensions.unknownCritical;
  if (unknown !== undefined) throw new Refusal('critical_extension', unknown);
  const [constraint] = extensions.constraints;
  if (constraint !== undefined) throw new Refusal('constraints', constraint);
}

/** Holds a certificate to the algorithms that are on. @throws {Refusal} signature_algorithm, key_policy */
export function assertAlgorithmsAreOn({ signatureAlgorithm, publicKey }: Certificate, ed25519: boolean): void {
  if (ed25519) return;
  if (signatureAlgorithm.oid === ED25519) throw new Refusal('signature_algorithm', 'Ed25519, which is off');
  if (publicKey.algorithm.oid === ED25519) throw new Refusal('key_policy', 'an Ed25519 key, which is off');
}

function assertStrong(certificate: Certificate, holder: KeyHolder): void {
  assertSignatureAlgorithm(certificate);
  readPublicKey(certificate.publicKey, holder);
}

/** By name and key identifier. */
function isNamedBy(certificate: Certificate, issuer: Certificate): boolean {
  return certificate.issuer.der.equals(issuer.subject.der) && isKeyNamedBy(certificate.extensions.authorityKeyId, issuer);
}

function rfc3339(time: EpochSeconds): string {
  return new Date(time * 1000).toISOString().replace('.000', '');
}
