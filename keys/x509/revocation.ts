import type { EpochSeconds } from '../../server/core/time.ts';
import type { Certificate } from './certificate.ts';
import type { Path } from './chain.ts';
import type { Crl } from './crl.ts';
import { attempt, Refusal } from './refusal.ts';
import { assertCovers, assertFresh, isListed, openList, type RevocationList } from './revocation-list.ts';

/**
 * Demands for every certificate below the anchor a fresh list of its issuer that covers it and does not name it. A list that may not
 * be used is no answer; but one fresh list that names the certificate is enough to refuse it, whatever others say.
 * `PV-SEC-053`, `PV-SEC-056`
 * @throws {Refusal} revoked, revocation
 */
export function assertNotRevoked(path: Path, crls: readonly Crl[], now: EpochSeconds): void {
  for (const revocable of revocables(path).toReversed()) assertGood(revocable, crls, now);
}

/** A certificate below the anchor, and who may say that it is revoked. */
export type Revocable = {
  readonly certificate: Certificate;
  /** Its place in the path; 0 is the leaf. */
  readonly place: number;
  /** Its issuer, and whoever above it bears the same name: the same authority with another of its keys. */
  readonly issuers: readonly Certificate[];
};

/** The certificates of a path below its anchor, the leaf first. */
export function revocables(path: Path): readonly Revocable[] {
  return path.slice(0, -1).map((certificate, place) => ({
    certificate,
    place,
    issuers: path.slice(place + 1).filter(({ subject }) => subject.der.equals(certificate.issuer.der)),
  }));
}

function assertGood({ certificate, place, issuers }: Revocable, crls: readonly Crl[], now: EpochSeconds): void {
  const answers = crls
    .filter(({ issuer }) => issuer.equals(certificate.issuer.der))
    .map((crl) => attempt(() => assertSaysNo(openWithOne(crl, issuers), certificate, now)));
  const refusals = answers.filter((answer) => answer instanceof Refusal);
  if (refusals.some(({ rule }) => rule === 'revoked')) throw new Refusal('revoked', `certificate ${place + 1}`);
  if (refusals.length === answers.length)
    throw new Refusal('revocation', `certificate ${place + 1}: ${refusals[0]?.message ?? 'no list of its issuer'}`);
}

function openWithOne(crl: Crl, issuers: readonly Certificate[]): RevocationList {
  let refusal = new Refusal('crl_issuer', 'a list of another issuer');
  for (const issuer of issuers) {
    const list = attempt(() => openList(crl, issuer));
    if (!(list instanceof Refusal)) return list;
    refusal = list;
  }
  throw refusal;
}

/** A list that does not cover the certificate may still name it. */
function assertSaysNo(list: RevocationList, certificate: Certificate, now: EpochSeconds): void {
  assertFresh(list, now);
  if (isListed(list, certificate)) throw new Refusal('revoked', 'listed');
  assertCovers(list, certificate);
}
